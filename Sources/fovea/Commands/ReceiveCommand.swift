internal import FoveaKit
internal import Bytes
internal import Concurrency
internal import Faults
internal import Receipts
internal import Receiver
internal import Transfer
internal import ArgumentParser
internal import Glibc
internal import NIfTIFile
internal import Profiles
internal import ProgressiveCoding
internal import SRTTransport
internal import Secrecy
internal import StreamSession
internal import Terminal
internal import VolumeModel
internal import WireFormat

struct ReceiveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receive", abstract: "Receive volumes and keep them current on disk as they come.",
        discussion: """
            Each session gets a folder with its volume, a quality volume (0 not arrived, 1 background, 2 region of interest, 3 exact)
            and, at its end, receipt.json. Files are always whole. A volume is called NAME.partial.nii.gz while it comes in,
            NAME.nii.gz once every bit is the source's, and NAME.lossy.nii.gz when the sender meant to send no more; all but
            NAME.nii.gz are previews, not for diagnosis. What has come is in the session's journal before it is confirmed: a transfer
            that breaks off, at either end, goes on where it was. Many senders are served at once. With --view a page shows volumes as
            they come, to a browser on this machine or, by an address with a token in it, on others; nothing encrypts what it shows.

            Example: fovea receive --listen 0.0.0.0:9710 --out incoming --secret-file site.secret
            """)

    @Option(help: ArgumentHelp("Where to listen; brackets around an IPv6 address.", valueName: "host:port"))
    var listen: String

    @Option(help: ArgumentHelp("The folder for sessions.", valueName: "dir"))
    var out: String

    @Flag(help: "End after the first session.")
    var once = false

    @Option(help: ArgumentHelp("A transport profile: how silence is judged.", valueName: "name|file"))
    var transport = "default"

    @OptionGroup var protection: ProtectionOptions

    @Option(
        help: ArgumentHelp(
            "A file of senders and their secrets, a name and a secret a line, in place of one secret for all.", valueName: "file"))
    var accessFile: String?

    @Option(help: ArgumentHelp("The most bytes of chunks a session may send, for example 1G.", valueName: "bytes")) var maxBytes:
        Size?
    @Option(help: ArgumentHelp("The most bytes of memory a session's volumes may take, for example 4GiB.", valueName: "bytes"))
    var maxMemory: Size?
    @Option(
        help: ArgumentHelp(
            "The most bytes of disk a session's volumes may take while they come together, those too large for memory, for example 16GiB.",
            valueName: "bytes"))
    var maxDisk: Size?
    @Option(help: ArgumentHelp("The longest a session's connection may last, in seconds.", valueName: "seconds"))
    var maxSeconds: Int?
    @Option(help: "The most sessions at a time.") var maxSessions = 16
    @Option(help: ArgumentHelp("The most bytes of memory all sessions' volumes may take, for example 4GiB.", valueName: "bytes"))
    var maxTotalMemory: Size?
    @Option(
        help: ArgumentHelp("The most bytes of disk all sessions' volumes may take while they come together.", valueName: "bytes"))
    var maxTotalDisk: Size?

    @Option(
        help: ArgumentHelp(
            "Who may use what is received, as umask(1) says it: 077 its owner alone, 027 its group may read.", valueName: "octal"))
    var umask = FileMask.ownerOnly

    @OptionGroup var metrics: MetricsOption
    @OptionGroup var view: ViewOption

    @Option(help: ArgumentHelp("Sign receipts with this key (see 'fovea key').", valueName: "file"))
    var key: String?

    @OptionGroup var output: JSONOption

    func validate() throws {
        guard accessFile == nil || protection.secretFile == nil else {
            throw ValidationError("give one of --secret-file and --access-file")
        }
        let limits = [
            ("bytes", maxBytes?.byteCount), ("memory", maxMemory?.byteCount), ("total-memory", maxTotalMemory?.byteCount),
            ("disk", maxDisk?.byteCount), ("total-disk", maxTotalDisk?.byteCount), ("seconds", maxSeconds),
        ]
        for (name, value) in limits {
            guard value ?? 1 > 0, value ?? 1 <= 1 << 40 else { throw ValidationError("--max-\(name) takes 1 to 2^40") }
        }
        guard (1...1024).contains(maxSessions) else { throw ValidationError("--max-sessions takes 1 to 1024") }
    }

    private func site() throws -> ReceivingSite {
        var site = ReceivingSite(folder: out, transport: try TransportProfile.load(transport))
        site.exposure = try protection.exposure()
        site.exposure.access = try accessFile.map { try AccessFile(path: $0) }
        if let maxBytes { site.limits.byteCount = maxBytes.byteCount }
        if let maxMemory { site.limits.memoryByteCount = maxMemory.byteCount }
        if let maxDisk { site.limits.diskByteCount = maxDisk.byteCount }
        if let maxSeconds { site.limits.duration = .seconds(maxSeconds) }
        site.sessionLimit = maxSessions
        if let maxTotalDisk { site.diskByteCount = maxTotalDisk.byteCount }
        if let maxTotalMemory { site.memoryByteCount = maxTotalMemory.byteCount }
        site.isRestarting = { wasTerminated }
        return site
    }

    func run() async throws {
        let clock = Stopwatch()
        let console = Console(isJSON: output.json)
        var site = try site()
        site.receiptKey = try key.map { try ReceiptKey(path: $0) }
        // Patients' volumes: nobody else's to read, unless somebody said so.
        Glibc.umask(umask.mask)
        try site.prepareFolder()
        let listener = try await naming("--listen") { [site, listen] in try site.listen(on: listen) }
        let once = once
        do {
            try await untilSignalled { [site, metrics, view] in
                try await metrics.run(console) { store in
                    var site = site
                    site.metrics = store
                    try await view.run(console, site) { site, _, show in
                        let events = ReceiverEvents(clock: clock)
                        console.event(events.listening(port: listener.port))
                        console.say("Listening on port \(listener.port).")
                        try await site.run(listener, once: once, clock: clock) { occurrence in
                            Self.tell(occurrence, console, once: once)
                            console.event(events.event(occurrence))
                            show(occurrence)
                        }
                    }
                }
            }
        } catch is CancellationError {
            // Being told to stop is how a receiver of many sessions ends.
            if once { throw TransferError(.cancelled, "stopped before a session was complete") }
        }
        await listener.close()
    }

    /// Says for a person what happens.
    private static func tell(_ occurrence: ReceivingSite.Event, _ console: Console, once: Bool) {
        switch occurrence {
        case .manifest(let place, let decoder):
            let header = decoder.layouts[place.index].header
            console.say(
                "Receiving '\(place.volume)' in session '\(place.session)' from \(origin(of: place)): \(header.shape) voxels of \(header.voxelType)."
            )
        case .firstROIByte, .applied, .receipt, .shown, .focus: break
        case .progress(let place, let progress, let completeness):
            console.bar(WorkProgress(progress, of: place.session, completeness))
        case .milestone(let milestone, let place, let seconds, _):
            console.say(
                "\(Text.right(Text.seconds(seconds), 8))  \(place.session)/\(place.volume) from \(origin(of: place)): \(sentence(milestone))"
            )
        case .stalled(let session):
            console.remark("stalled: nothing has come from the sender of '\(session)' for a while; waiting")
        case .resumed(let session): console.remark("the sender of '\(session)' is there again")
        case .altered(let session):
            console.remark(
                "datagrams come\(session.isEmpty ? "" : " in session '\(session)'") that are altered or not the sender's; they are ignored"
            )
        case .refused(let reason, let count, let address):
            console.remark(
                "refused \(count == 1 ? "a connection" : "\(count) connections"): \(sentence(reason)) (last from \(address))")
        case .ended(let session, .success(let summary)):
            console.finishProgress(session)
            for volume in summary.volumes { console.say("\(volume.path): \(volume.state.name), sha256 \(volume.digest)") }
        case .ended(let session, .failure(let error)):
            console.finishProgress(session)
            // With --once the command itself ends with it.
            if !once { console.remark("session '\(session)' ended early: \(error)") }
        }
    }

    static func sentence(_ reason: SRTRefusal) -> String {
        switch reason {
        case .wrongSecret: "a wrong secret, or none"
        case .unknownSender: "a sender that is not known here"
        case .full: "as many sessions as there may be"
        case .flood: "too many handshakes"
        case .silent: "silent while others waited"
        }
    }

    /// Who sends, for a person.
    private static func origin(of place: ReceivingSite.Place) -> String {
        place.sender.map { "\($0) at \(place.peer)" } ?? place.peer
    }

    static func sentence(_ milestone: Milestone) -> String {
        switch milestone {
        case .roiComplete: "the region of interest is there, at base quality or better (a preview, not for diagnosis)"
        case .backgroundComplete: "the background is there, at base quality or better (a preview, not for diagnosis)"
        case .roiBounded: "no voxel of the region of interest is off by more than was promised (a preview, not for diagnosis)"
        case .roiLossless: "the region of interest is exact"
        case .volumeLossless: "every bit is the source's"
        }
    }
}

/// Permissions that files are made without.
struct FileMask: ExpressibleByArgument, Sendable {
    let mask: UInt32
    static let ownerOnly = FileMask(mask: 0o077)

    private init(mask: UInt32) { self.mask = mask }

    /// Takes three octal digits. The owner keeps every permission: a receiver has to read back what it writes.
    init?(argument: String) {
        guard (1...4).contains(argument.utf8.count), let mask = UInt32(argument, radix: 8), mask & ~0o077 == 0 else { return nil }
        self.mask = mask
    }

    var defaultValueDescription: String { "077" }
}
