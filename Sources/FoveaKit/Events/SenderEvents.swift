internal import Bytes
package import Concurrency
internal import ProgressiveCoding
package import Sender
internal import Terminal
internal import Transfer
internal import VolumeModel
internal import WireFormat

/// Makes events of what a sending site reports.
package struct SenderEvents: Sendable {
    private let session: String
    private let origin: [String: JSONValue]
    private let clock: Stopwatch
    private let progress: ProgressEvents

    /// - Parameters:
    ///   - sender: who the sender says it is; nil for nobody.
    ///   - peer: the receiver's address.
    package init(session: String, sender: String?, peer: String, clock: Stopwatch) {
        self.session = session
        origin = ["session": .text(session), "sender": .text(sender), "peer": .text(peer)]
        self.clock = clock
        progress = ProgressEvents(clock: clock)
    }

    /// The event of an occurrence; nil for one that is no event of its own, or not yet due.
    package func event(_ occurrence: SendingSite.Event) -> Event? {
        func event(_ kind: Event.Kind, _ more: [String: JSONValue] = [:]) -> Event {
            Event(kind, origin.merging(["t": .number(clock.seconds as Double?)]) { $1 }.merging(more) { $1 })
        }
        switch occurrence {
        case .prepared(let result, let expectation): return event(.coding, CodingChoice(result, expectation).fields)
        case .coded: return nil
        case .startedOver(let name, let reason):
            return event(.startedOver, ["as_session": .text(name.text), "message": .text(reason)])
        case .checked: return event(.session)
        case .alreadyComplete: return event(.alreadyComplete)
        case .firstDatagram: return event(.firstDatagram)
        case .progress(let done):
            return progress.fields(WorkProgress(done, of: session)).map { figures in
                Event(.progress, figures.merging(origin) { $1 }.merging(["region_there": .flag(done.hasRegion)]) { $1 })
            }
        case .roiAcknowledged: return event(.roiAcknowledged)
        case .stalled(let reason, let message): return event(.stalled, ["reason": .text(reason), "message": .text(message)])
        case .narrowed(let byteCount): return event(.narrowed, ["datagram_bytes": .integer(byteCount)])
        case .resumed: return event(.resumed)
        case .reconnecting: return event(.reconnecting)
        case .resumedAt(let byteCount): return event(.resumedAt, ["bytes": .integer(byteCount)])
        case .focus(let focus, .asked): return event(.focusAsked, Self.fields(focus))
        case .focus(let focus, .queued(let byteCount)):
            return event(.focusQueued, Self.fields(focus).merging(["bytes": .integer(byteCount)]) { $1 })
        case .focus(let focus, .refused(let reason)):
            return event(.focusRefused, Self.fields(focus).merging(["reason": .text(reason)]) { $1 })
        case .focusAcknowledged(let number): return event(.focusAcknowledged, ["focus": .integer(Int(number))])
        case .altered: return event(.altered)
        }
    }

    /// The event at the end.
    package func summary(_ summary: SendingSite.Summary) -> Event {
        Event(.summary, Self.fields(summary).merging(origin) { $1 })
    }

    private static func fields(_ focus: Focus) -> [String: JSONValue] {
        [
            "focus": .integer(Int(focus.number)), "volume_index": .integer(Int(focus.volume)),
            "box": .text(focus.box.description),
        ]
    }

    /// The fields of a summary.
    package static func fields(_ summary: SendingSite.Summary) -> [String: JSONValue] {
        [
            "bytes_sent_by_layer": summary.bytesByLayer.json, "datagrams": .integer(summary.datagramCount),
            "started_over_as": .text(summary.startedOverAs?.text), "already_complete": .flag(summary.wasComplete),
            "retransmit_ratio": .number(summary.retransmitRatio),
            "resent_bytes": .integer(summary.resentByteCount),
            "resumed_bytes": .integer(summary.resumedByteCount), "connections": .integer(summary.connectionCount),
            "rate_bps": .number(summary.rateBitsPerSecond), "goodput_bps": .number(summary.goodputBitsPerSecond),
            "time_to_first_datagram": .number(summary.timeToFirstDatagram),
            "segmentation_seconds": .number(summary.segmentationSeconds),
            "encoding_seconds": .number(summary.encodingSeconds), "roi_box": .text(summary.regions.first),
            "roi_boxes": .list(summary.regions.map { .text($0) }), "roi_acknowledged_t": .number(summary.roiAcknowledged),
            "done_t": .number(summary.done), "receipt": .text(summary.receipt?.volumes.first?.digest.description),
            "receipts": .list((summary.receipt?.volumes ?? []).map { .text($0.digest.description) }),
            "fidelity": summary.fidelity.json,
        ]
    }
}
