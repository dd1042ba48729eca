internal import Foundation

/// An event of a transfer, as it happens.
///
/// Its encoding is a line of `fovea send --json` and `fovea receive --json`: the fields, and the kind under `event`.
///
///     for try await event in Sender(["brain.nii.gz"], to: "192.0.2.7:9710").events() {
///         if event.kind == .roiAcknowledged { print("the region is there after", event["t"]?.number ?? 0, "s") }
///     }
public struct Event: Encodable, Sendable, Equatable {
    /// The kinds of event. Raw values are names on a line of JSON.
    public enum Kind: String, Sendable, CaseIterable {
        /// Sender: every input can be sent; the receiver is called now.
        case session
        /// Sender: the choice of coding for the link that is expected.
        case coding
        /// Sender: the receiver has had all of the session since an earlier transfer.
        case alreadyComplete = "already_complete"
        /// Sender: the first datagram with voxels has gone to the transport.
        case firstDatagram = "first_datagram"
        /// Sender: the receiver has every region of interest.
        case roiAcknowledged = "roi_acknowledged"
        /// Sender: a coder erred; all is sent again without it, under another name.
        case startedOver = "started_over"
        /// Sender: the connection is lost, and another one is tried for.
        case reconnecting
        /// Sender: the receiver had some of the session already.
        case resumedAt = "resumed_at"
        /// Sender: chunks of a region request are coded and go next.
        case focusQueued = "focus_queued"
        /// Sender: a region request cannot be answered.
        case focusRefused = "focus_refused"
        /// Sender: the receiver shows all of a region request.
        case focusAcknowledged = "focus_acknowledged"
        /// Receiver: it listens, on `port`.
        case listening
        /// Receiver: a volume is announced.
        case manifest
        /// Receiver: the first byte of a volume's regions of interest has come.
        case firstROIByte = "first_roi_byte"
        /// Receiver: every voxel of the regions of interest is at base quality or better.
        case roiComplete = "roi_complete"
        /// Receiver: so is every other voxel.
        case backgroundComplete = "background_complete"
        /// Receiver: no voxel of the regions is off by more than the bound that was asked for.
        case roiBounded = "roi_bounded"
        /// Receiver: the regions of interest are exact.
        case roiLossless = "roi_lossless"
        /// Receiver: every bit is the source's.
        case volumeLossless = "volume_lossless"
        /// Receiver: a volume is on disk, read back and checked.
        case receipt
        /// Receiver: a box that was requested is shown.
        case focusShown = "focus_shown"
        /// Receiver: callers got no further.
        case refused
        /// Receiver: a session ended early, or its connection did.
        case sessionFailed = "session_failed"
        /// Either end: a region is requested.
        case focusAsked = "focus_asked"
        /// Either end: how far the transfer has come.
        case progress
        /// Either end: nothing comes from the other one.
        case stalled
        /// Sender: full-size datagrams do not arrive; shorter ones are used.
        case narrowed
        /// Either end: it comes again.
        case resumed
        /// Either end: datagrams come that are altered or not the peer's; they are ignored.
        case altered
        /// Either end: a session is over.
        case summary
    }

    /// The kind.
    public let kind: Kind
    /// The fields by name; times (`t`) are seconds from the start of the transfer at this end.
    public let fields: [String: JSONValue]

    package init(_ kind: Kind, _ fields: [String: JSONValue] = [:]) {
        self.kind = kind
        self.fields = fields
    }

    /// A field's value; nil where the event has none of that name.
    public subscript(field: String) -> JSONValue? { fields[field] }

    /// One line of JSON, keys sorted, without the line's end.
    public var line: String { JSONValue.object(fields.merging(["event": .text(kind.rawValue)]) { $1 }).line }

    public func encode(to encoder: any Encoder) throws {
        try JSONValue.object(fields.merging(["event": .text(kind.rawValue)]) { $1 }).encode(to: encoder)
    }
}
