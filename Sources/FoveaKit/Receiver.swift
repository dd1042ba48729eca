internal import Faults
internal import Concurrency
internal import DecoderHost
internal import Profiles
internal import Receipts
internal import Receiver
internal import SRTTransport
internal import Secrecy
internal import Transfer

/// Receives volumes into a folder, one folder a session, and shows each voxel as well as it is known.
///
///     let receiver = Receiver(folder: "incoming", listen: "127.0.0.1:9710")
///     for try await event in receiver.events() where event.kind == .roiComplete { print("the region is there") }
///
/// Chunks of a peer are decoded by the program `fovea-decoder` in processes that can do nothing else: it has to stand beside this
/// program, or at ``decoderPath``.
public struct Receiver: Sendable {
    /// The folder for sessions' folders.
    public var folder: String
    /// The address to listen at, `HOST:PORT`; port 0 takes a free one, which the event `listening` names.
    public var address: String
    /// A transport profile, by name or path.
    public var transport = "default"
    /// A file with the secret that both ends share; nil receives in clear, on this machine only.
    public var secretFile: String?
    /// A file that says which sender may use which secret.
    public var accessFile: String?
    /// A key that receipts are signed with.
    public var keyFile: String?
    /// True to receive in clear beyond this machine: only inside a network that protects what passes.
    public var allowsClear = false
    /// True to end with the first session.
    public var once = false
    /// The most sessions at a time.
    public var sessionLimit = 16
    /// True lets others of this machine read what is received, as far as the process's umask does. Volumes are patients': by default a session's folder is its
    /// owner's alone.
    public var allowsOthersToRead = false
    /// The program that decodes; nil for the one beside this program or by `FOVEA_DECODER`.
    public var decoderPath: String?

    /// Describes a receiver; nothing is opened yet.
    public init(folder: String, listen address: String = "127.0.0.1:0") {
        self.folder = folder
        self.address = address
    }

    /// Receives, and reports what happens, until it is stopped; with ``once``, until the first session has ended.
    ///
    /// The stream throws a ``FoveaError``: `unavailable` for a port that is taken, `inputOutput` for a folder that cannot be written.
    public func events() -> Events {
        Events { emit in
            let site = try site()
            try site.prepareFolder()
            let listener = try site.listen(on: address)
            let clock = Stopwatch()
            let events = ReceiverEvents(clock: clock)
            emit(events.listening(port: listener.port))
            do {
                try await site.run(listener, once: once, clock: clock) { occurrence in events.event(occurrence).map(emit) }
            } catch is CancellationError where !once {
                // Being stopped is how a receiver of many sessions ends.
            }
            await listener.close()
        }
    }

    private func site() throws -> ReceivingSite {
        guard secretFile == nil || accessFile == nil else {
            throw FoveaError(.usage, "a receiver takes a secret file or an access file, not both")
        }
        var site = ReceivingSite(folder: folder, transport: try TransportProfile.load(transport))
        site.exposure.secret = try secretFile.map { try Secret(path: $0) }
        site.exposure.access = try accessFile.map { try AccessFile(path: $0) }
        site.exposure.allowsClear = allowsClear
        site.receiptKey = try keyFile.map { try ReceiptKey(path: $0) }
        site.sessionLimit = sessionLimit
        site.folderPermissions = allowsOthersToRead ? 0o777 : 0o700
        if let decoderPath { site.decoderPath = decoderPath }
        return site
    }
}
