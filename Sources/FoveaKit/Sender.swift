internal import Faults
internal import Concurrency
internal import EncodingInput
internal import Profiles
internal import ProgressiveCoding
internal import Secrecy
internal import Sender
internal import Transfer
internal import WireFormat

/// Sends volumes, the region of interest first, until the receiver has every bit.
///
///     let sender = Sender(["brain.nii.gz"], to: "192.0.2.7:9710", region: .mask("tumour.nii.gz"))
///     for try await event in sender.events() { print(event.line) }
public struct Sender: Sendable {
    /// The quality at which a transfer ends.
    public enum Goal: Sendable {
        /// The regions of interest at base quality.
        case roi
        /// The whole volume at base quality.
        case lossy
        /// Every bit.
        case lossless
    }

    /// Paths of 1 to 16 NIfTI volumes of one shape.
    public var volumes: [String]
    /// The receiver's address, `HOST:PORT`.
    public var destination: String
    /// The part that goes first.
    public var region: Region
    /// Voxels added around a mask on every side.
    public var margin = 4
    /// An encoding profile, by name or path.
    public var encoding = "auto"
    /// A transport profile, by name or path.
    public var transport = "default"
    /// The quality at which the transfer ends.
    public var goal = Goal.lossless
    /// The transfer's name; nil for a fresh one. That of a transfer that broke off goes on with it.
    public var session: String?
    /// A file with the secret that both ends share; nil sends in clear, on this machine only.
    public var secretFile: String?
    /// Who this sender is, where a receiver knows each by a secret of its own.
    public var name: String?
    /// True to speak in clear beyond this machine: only inside a network that protects what passes.
    public var allowsClear = false
    /// True when the rate that the link was found to carry is kept as a first guess for the next time.
    public var remembersRate = true

    /// Describes a transfer; nothing is opened yet.
    public init(_ volumes: [String], to destination: String, region: Region = .model) {
        self.volumes = volumes
        self.destination = destination
        self.region = region
    }

    /// Sends, and reports what happens; the last event is a `summary`.
    ///
    /// The stream throws a ``FoveaError``: `noInput` or `badData` for an input, before anything goes out; `unavailable` where there is no
    /// receiver, `notPermitted` where it does not know the secret, `tryAgain` where the same transfer may go on later.
    public func events() -> Events {
        Events { emit in
            let site = try site()
            let clock = Stopwatch()
            let events = SenderEvents(session: site.session.text, sender: name, peer: destination, clock: clock)
            let summary = try await site.run(clock: clock) { occurrence in events.event(occurrence).map(emit) }
            emit(events.summary(summary))
        }
    }

    private func site() throws -> SendingSite {
        var preparation = Preparation(paths: volumes, encoding: try EncodingProfile.policy(encoding))
        preparation.regionChoice = try region.choice()
        preparation.margin = margin
        preparation.goal =
            switch goal {
            case .roi: .roi
            case .lossy: .lossy
            case .lossless: .lossless
            }
        var site = SendingSite(
            preparation: preparation, session: try session.map { try Name($0) } ?? .fresh(), destination: destination,
            transport: try TransportProfile.load(transport))
        site.mayBeKnown = session != nil
        site.exposure.secret = try secretFile.map { try Secret(path: $0) }
        site.exposure.allowsClear = allowsClear
        if let name {
            guard let identifier = StreamIdentifier(sender: name) else {
                throw FoveaError(.usage, "a sender's name has 1 to 64 of the characters A-Z a-z 0-9 . _ -")
            }
            site.exposure.sender = identifier
        }
        site.remembersRate = remembersRate
        return site
    }
}
