internal import Bytes
internal import Transfer
internal import EncodingInput
internal import Concurrency
internal import Sender
internal import ArgumentParser
internal import Foundation
internal import FoveaKit
internal import Profiles
internal import ProgressiveCoding
internal import Secrecy
internal import Terminal
internal import VolumeModel
internal import WireFormat

struct SendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send", abstract: "Send volumes, the region of interest first.",
        discussion: """
            Reads NIfTI volumes, codes the region of interest and the background as separate layers, and sends them over SRT until
            the receiver has every bit, as fast as the link is found to carry. Ends when the receiver has confirmed what it has on
            disk. A connection that is lost is made again, and only what is missing goes over it; after a crash the same command
            with the same --session goes on where it was.

            Example: fovea send brain.nii.gz --mask tumour.nii.gz --to 192.0.2.7:9710 --secret-file site.secret
            """)

    @Argument(help: ArgumentHelp("NIfTI volumes (.nii, .nii.gz), 1 to 16 of one shape.", valueName: "volume"))
    var volumes: [String]

    @Option(help: ArgumentHelp("Where the receiver listens.", valueName: "host:port"))
    var to: String

    @OptionGroup var region: RegionOptions
    @OptionGroup var coding: CodingOptions

    @Option(
        help: ArgumentHelp(
            "A transport profile; by default the rate is found out. One of a link's name keeps to that link's rate.",
            valueName: "name|file"))
    var transport = "default"

    @Option(help: "Which chunk goes first: roi-first, or fifo (slice by slice, for comparison).")
    var order = TransmissionOrder.roiFirst

    @Option(
        help: ArgumentHelp(
            "The transfer's name; the receiver's folder for it. A fresh one by default; that of a transfer that broke off goes on with it.",
            valueName: "id"))
    var session: String?

    @OptionGroup var protection: ProtectionOptions

    @Option(help: ArgumentHelp("Who this sender is, where a receiver knows each by a secret of its own.", valueName: "name"))
    var sender: String?

    @Flag(
        help: ArgumentHelp(
            "Neither use nor keep what the link to this receiver was found to carry the last time (kept in $XDG_CACHE_HOME/fovea or ~/.cache/fovea; FOVEA_NO_RATE_MEMORY=1 does the same)."
        ))
    var noRateMemory = false

    @OptionGroup var metrics: MetricsOption

    @OptionGroup var output: JSONOption

    func run() async throws {
        let clock = Stopwatch()
        let console = Console(isJSON: output.json)
        var preparation = try coding.preparation(volumes, region)
        preparation.order = order
        var site = SendingSite(
            preparation: preparation, session: try session.map { try Name($0) } ?? .fresh(), destination: to,
            transport: try TransportProfile.load(transport))
        site.mayBeKnown = session != nil
        site.exposure = try protection.exposure()
        if let sender {
            guard let identifier = StreamIdentifier(sender: sender) else {
                throw ValidationError("--sender takes 1 to 64 of the characters A-Z a-z 0-9 . _ -")
            }
            site.exposure.sender = identifier
        }
        site.remembersRate = !noRateMemory && (ProcessInfo.processInfo.environment["FOVEA_NO_RATE_MEMORY"] ?? "").isEmpty
        let session = site.session.text
        let events = SenderEvents(session: session, sender: sender, peer: to, clock: clock)
        let summary = try await untilSignalled { [site, metrics] in
            try await metrics.run(console) { store in
                var site = site
                site.metrics = store
                return try await site.run(clock: clock) { occurrence in
                    Self.tell(occurrence, session, console, clock)
                    console.event(events.event(occurrence))
                }
            }
        }
        console.finishProgress(session)
        guard !summary.wasComplete else {
            console.say(
                """
                Complete since an earlier transfer: \(summary.receipt?.volumes.map(\.state.name).joined(separator: ", ") ?? "-"). \
                The receiver has read its files again, and they have this input's digests.
                """)
            return console.event(events.summary(summary))
        }
        console.say(
            """
            Sent: \(summary.receipt?.volumes.map(\.state.name).joined(separator: ", ") ?? "-"), receipt verified.
            First datagram after \(Text.seconds(summary.timeToFirstDatagram)), region of interest there after \(Text.seconds(summary.roiAcknowledged)), \
            everything after \(Text.seconds(summary.done)).
            """)
        console.event(events.summary(summary))
    }

    /// Says for a person what happens.
    private static func tell(_ occurrence: SendingSite.Event, _ session: String, _ console: Console, _ clock: Stopwatch) {
        switch occurrence {
        case .prepared(let result, let expectation):
            if let remark = result.remark { console.remark(remark) }
            console.say(CodingChoice(result, expectation).sentence)
        case .coded, .firstDatagram, .focus(_, .queued), .focusAcknowledged: break
        case .startedOver(let name, let reason):
            let then = "the same command goes on with it should it break off"
            console.remark("\(reason); all of it is sent again as session '\(name)', its exact voxels without a coder; \(then)")
        case .checked: console.say("Sending as session '\(session)'; --session \(session) goes on with it should it break off.")
        case .alreadyComplete:
            console.say("The receiver has had all of this session since an earlier transfer; nothing is sent.")
        case .progress(let progress): console.bar(WorkProgress(progress, of: session))
        case .roiAcknowledged:
            console.say("\(Text.right(Text.seconds(clock.seconds), 8))  \(session): the receiver has the region of interest.")
        case .stalled(_, let message): console.remark("stalled: \(message)")
        case .narrowed(let byteCount):
            console.remark("full-size datagrams do not arrive; using \(byteCount) bytes")
        case .resumed: console.remark("the receiver is there again")
        case .reconnecting: console.remark("the connection is lost; trying for another one")
        case .resumedAt(let byteCount): console.say("The receiver has \(Text.bytes(byteCount)) of it already.")
        case .focus(let focus, .asked):
            console.remark("the receiver asks for \(focus.box) of volume \(focus.volume + 1) next")
        case .focus(let focus, .refused(let reason)):
            console.remark("what the receiver asks for, \(focus.box), cannot be sent: \(reason)")
        case .altered: console.remark("datagrams come that are altered or not the receiver's; they are ignored")
        }
    }
}
