internal import Bytes
internal import Transfer
internal import EncodingInput
internal import Concurrency
internal import Sender
internal import ArgumentParser
internal import Foundation
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
        let origin: [String: JSONValue] = [
            "session": .text(site.session.text), "sender": .text(sender), "peer": .text(to),
        ]
        let session = site.session.text
        let summary = try await untilSignalled { [site, metrics] in
            try await metrics.run(console) { board in
                var site = site
                site.metrics = board
                return try await site.run(clock: clock) { event in
                    Self.report(event, session, origin, console, clock)
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
            return console.event("summary", Self.fields(summary).merging(origin) { $1 })
        }
        console.say(
            """
            Sent: \(summary.receipt?.volumes.map(\.state.name).joined(separator: ", ") ?? "-"), receipt verified.
            First datagram after \(Text.seconds(summary.timeToFirstDatagram)), region of interest there after \(Text.seconds(summary.roiAcknowledged)), \
            everything after \(Text.seconds(summary.done)).
            """)
        console.event("summary", Self.fields(summary).merging(origin) { $1 })
    }

    private static func report(
        _ occurrence: SendingSite.Event, _ session: String, _ origin: [String: JSONValue], _ console: Console, _ clock: Stopwatch
    ) {
        func event(_ name: String, _ more: [String: JSONValue] = [:]) {
            console.event(name, origin.merging(["t": .number(clock.seconds as Double?)]) { $1 }.merging(more) { $1 })
        }
        switch occurrence {
        case .prepared(let result, let expectation):
            if let remark = result.remark { console.remark(remark) }
            let choice = CodingChoice(result, expectation)
            console.say(choice.sentence)
            event("coding", choice.fields)
        case .coded: break
        case .startedOver(let name, let reason):
            let then = "the same command goes on with it should it break off"
            console.remark("\(reason); all of it is sent again as session '\(name)', its exact voxels without a coder; \(then)")
            event("started_over", ["as_session": .text(name.text), "message": .text(reason)])
        case .checked:
            event("session")
            console.say("Sending as session '\(session)'; --session \(session) goes on with it should it break off.")
        case .alreadyComplete:
            console.say("The receiver has had all of this session since an earlier transfer; nothing is sent.")
            event("already_complete")
        case .firstDatagram: event("first_datagram")
        case .progress(let progress):
            console.progress(
                WorkProgress(progress, of: session),
                origin.merging(["region_there": .flag(progress.hasRegion)]) { $1 })
        case .roiAcknowledged:
            event("roi_acknowledged")
            console.say("\(Text.right(Text.seconds(clock.seconds), 8))  \(session): the receiver has the region of interest.")
        case .stalled(let reason, let message):
            console.remark("stalled: \(message)")
            event("stalled", ["reason": .text(reason), "message": .text(message)])
        case .resumed:
            console.remark("the receiver is there again")
            event("resumed")
        case .reconnecting:
            console.remark("the connection is lost; trying for another one")
            event("reconnecting")
        case .resumedAt(let byteCount):
            console.say("The receiver has \(Text.bytes(byteCount)) of it already.")
            event("resumed_at", ["bytes": .integer(byteCount)])
        case .focus(let focus, .asked):
            console.remark("the receiver asks for \(focus.box) of volume \(focus.volume + 1) next")
            event("focus_asked", Self.fields(focus))
        case .focus(let focus, .queued(let byteCount)):
            event("focus_queued", Self.fields(focus).merging(["bytes": .integer(byteCount)]) { $1 })
        case .focus(let focus, .refused(let reason)):
            console.remark("what the receiver asks for, \(focus.box), cannot be sent: \(reason)")
            event("focus_refused", Self.fields(focus).merging(["reason": .text(reason)]) { $1 })
        case .focusAcknowledged(let number):
            event("focus_acknowledged", ["focus": .integer(Int(number))])
        case .altered:
            console.remark("datagrams come that are altered or not the receiver's; they are ignored")
            event("altered")
        }
    }

    private static func fields(_ focus: Focus) -> [String: JSONValue] {
        [
            "focus": .integer(Int(focus.number)), "volume_index": .integer(Int(focus.volume)),
            "box": .text(focus.box.description),
        ]
    }

    static func fields(_ summary: SendingSite.Summary) -> [String: JSONValue] {
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
