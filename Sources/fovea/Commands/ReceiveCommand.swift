internal import ArgumentParser
internal import Profiles
internal import ProgressiveCoding
internal import Sites
internal import SRTTransport
internal import StreamSession
internal import WireFormat

struct ReceiveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receive", abstract: "Receive volumes and keep them current on disk as they come.",
        discussion: """
            Each session gets a folder with its volume, a quality volume (0 not arrived, 1 background, 2 region of interest, 3 exact)
            and, at its end, receipt.json. Files are always whole; until the receipt says "lossless" they are previews.

            Example: fovea receive --listen 0.0.0.0:9710 --out incoming
            """)

    @Option(help: ArgumentHelp("Where to listen; brackets around an IPv6 address.", valueName: "host:port"))
    var listen: String

    @Option(help: ArgumentHelp("The folder for sessions.", valueName: "dir"))
    var out: String

    @Flag(help: "End after the first session.")
    var once = false

    @Option(help: ArgumentHelp("A transport profile: how silence is judged.", valueName: "name|file"))
    var transport = "default"

    @OptionGroup var output: JSONOption

    func run() async throws {
        let clock = Stopwatch()
        let console = Console(isJSON: output.json)
        let site = ReceivingSite(folder: out, transport: try TransportProfile.load(transport))
        let listener = try site.listen(on: listen)
        console.event("listening", ["t": .number(clock.seconds), "port": .integer(Int(listener.port))])
        console.say("Listening on port \(listener.port).")
        let once = once
        do {
            try await untilSignalled {
                try await site.run(listener, once: once, clock: clock) { event in Self.report(event, console, clock, once: once) }
            }
        } catch is CancellationError {
            // Being told to stop is how a receiver of many sessions ends.
            if once { throw SiteError(.cancelled, "stopped before a session was complete") }
        }
        await listener.close()
    }

    private static func report(_ event: ReceivingSite.Event, _ console: Console, _ clock: Stopwatch, once: Bool) {
        let t = JSONValue.number(clock.seconds)
        switch event {
        case .manifest(let session, let volume, _, _):
            console.event("manifest", ["t": t, "session": .text(session), "volume": .text(volume)])
            console.say("Receiving '\(volume)' in session '\(session)'.")
        case .firstROIByte: console.event("first_roi_byte", ["t": t])
        case .applied: break
        case .milestone(let milestone, let volume, let seconds):
            console.event(milestone.rawValue, ["t": t, "volume_index": .integer(volume), "seconds_since_send": .number(seconds)])
            console.say("\(Text.right(Text.seconds(seconds), 8))  \(sentence(milestone))")
        case .receipt: console.event("receipt", ["t": t])
        case .stalled:
            console.remark("stalled: nothing has come from the sender for a while; waiting")
            console.event("stalled", ["t": t])
        case .resumed:
            console.remark("the sender is there again")
            console.event("resumed", ["t": t])
        case .ended(.success(let summary)):
            for volume in summary.volumes { console.say("\(volume.path): \(volume.state.name), sha256 \(volume.digest)") }
            console.event("summary", fields(summary))
        case .ended(.failure(let error)):
            // With --once the command itself ends with it.
            if !once { console.remark("a session ended early: \(error)") }
            console.event("session_failed", ["t": t, "message": .text("\(error)")])
        }
    }

    static func sentence(_ milestone: Milestone) -> String {
        switch milestone {
        case .roiComplete: "the region of interest is there at base quality (a preview, not for diagnosis)"
        case .backgroundComplete: "the background is there at base quality (a preview, not for diagnosis)"
        case .roiLossless: "the region of interest is exact"
        case .volumeLossless: "every bit is the source's"
        }
    }

    static func fields(_ summary: ReceivingSite.Summary) -> [String: JSONValue] {
        [
            "session": .text(summary.session), "folder": .text(summary.folder), "time_to_roi": .number(summary.timeToROI),
            "time_to_background": .number(summary.timeToBackground), "time_to_lossless": .number(summary.timeToLossless),
            "volumes": .list(
                summary.volumes.map { volume in
                    .object([
                        "path": .text(volume.path), "quality_path": .text(volume.qualityPath),
                        "sha256": .text(volume.digest.description),
                        "state": .text(volume.state.name),
                    ])
                }),
        ]
    }
}
