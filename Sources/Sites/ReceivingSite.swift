internal import Confinement
public import Metrics
public import NIfTIFile
public import Profiles
public import ProgressiveCoding
public import SRTTransport
internal import Secrecy
internal import StreamSession
public import VolumeModel
public import WireFormat

/// The receiving end: SRT in, files out, one folder a session.
public struct ReceivingSite: Sendable {
    /// A volume of a session.
    public struct Place: Sendable {
        /// The session's name.
        public let session: String
        /// The volume's name.
        public let volume: String
        /// Its place in the manifest.
        public let index: Int
    }

    /// What happens, as it happens.
    public enum Event: Sendable {
        /// A volume is announced.
        case manifest(Place, decoder: SessionDecoder)
        /// The first byte of a volume's regions of interest has come.
        case firstROIByte(Place)
        /// A chunk of a volume is in its place, by its ordinal in the plan; the share of all the session's chunks that are.
        case applied(Place, ordinal: UInt32, share: Double)
        /// A box is shown better, that somebody asked for.
        case shown(Place, Box)
        /// How a wish stands.
        case focus(Place, number: UInt32, Box, FocusState)
        /// A volume has come so far.
        case milestone(Milestone, Place, secondsSinceSenderStart: Double)
        /// A volume is on disk, checked.
        case receipt(Place)
        /// Nothing comes from a session's sender.
        case stalled(session: String)
        /// It comes again.
        case resumed(session: String)
        /// Datagrams come that are altered or not the sender's; they are ignored.
        case altered(session: String)
        /// A connection of a session is over, and the session with it or not.
        case ended(session: String, Result<Summary, any Error>)
    }

    /// How a wish stands.
    public enum FocusState: Sendable, Equatable {
        /// The sender is asked.
        case asked
        /// The box is shown at the quality of a region of interest, so long after the wish; off by at most so much, in stored units.
        case shown(seconds: Double, maxAbsoluteError: Double)
    }

    /// A volume as it was stored.
    public struct ReceivedVolume: Sendable {
        /// The volume.
        public let path: String
        /// How good each voxel is.
        public let qualityPath: String
        /// SHA-256 of the file's uncompressed bytes.
        public let digest: Digest
        /// What it is.
        public let state: VolumeState
    }

    /// What came of a session. Times are seconds from the start of the sender's command, by the sender's word and half a round trip.
    public struct Summary: Sendable {
        /// Its name.
        public var session = ""
        /// Its folder.
        public var folder = ""
        /// When every ROI voxel was at base quality.
        public var timeToROI: Double?
        /// When every other voxel was.
        public var timeToBackground: Double?
        /// When the bytes had the source's digest.
        public var timeToLossless: Double?
        /// The volumes.
        public var volumes: [ReceivedVolume] = []

        /// Nothing yet.
        public init() {}
    }

    /// Where sessions' folders are made.
    public var folder: String
    /// How silence is judged.
    public var transport: TransportProfile
    /// The most one session may take.
    public var limits = SessionLimits()
    /// How what comes in is protected.
    public var exposure = Exposure()
    /// The most sessions at a time.
    public var sessionLimit = 16
    /// Where sessions' figures are shown; nil shows them nowhere.
    public var metrics: MetricsBoard?
    /// Where those who look say what they want to see next; nil where nobody does.
    public var focusDesk: FocusDesk?
    /// What receipts are signed with; nil leaves them unsigned.
    public var receiptKey: ReceiptKey?
    /// A program that decodes confined; this one by default.
    public var workerExecutable = "/proc/self/exe"
    /// Reads a file that was written, before anything is said of it; a test puts a failing disk in its place.
    public var readBack: @Sendable (String) throws -> NIfTIImage = { try NIfTIFile.read($0) }

    /// Makes a site.
    public init(folder: String, transport: TransportProfile) {
        self.folder = folder
        self.transport = transport
    }

    /// Listens.
    /// - Throws: `TransportError`; `SiteError.Code.exposed`.
    public func listen(on address: String) throws -> SRTListener {
        let address = try HostPort(parsing: address)
        try exposure.check(address)
        var options = SRTOptions(maximumBitsPerSecond: 100e6)
        options.outlast(transport.silenceLimit)
        guard exposure.isProtected else { return try SRTListener(on: address, options: options) }
        let admission = SRTAdmission { [exposure] identifier in
            guard let identifier = StreamIdentifier(parsing: identifier) else { return nil }
            return exposure.secret(for: identifier.sender)?.transportPassphrase
        }
        return try SRTListener(on: address, options: options, admission: admission)
    }

    /// Receives sessions, each in a task of its own, until the task is cancelled; with `once`, until the first has ended.
    /// - Throws: what a session threw, with `once`; `CancellationError`.
    public func run(_ listener: SRTListener, once: Bool, clock: Stopwatch, onEvent: @escaping @Sendable (Event) -> Void)
        async throws
    {
        let pool = CodingPool()
        let registry = SessionRegistry(limit: sessionLimit)
        try await withThrowingTaskGroup(of: Progress.self) { group in
            group.addTask { .accepted(try await listener.accept()) }
            var active = 0
            while let progress = try await group.next() {
                switch progress {
                case .accepted(let connection):
                    group.addTask { .accepted(try await listener.accept()) }
                    // A few more than there may be sessions: one of them may go on with a session whose connection is dead.
                    guard active < sessionLimit + Self.spareConnections else {
                        let abort = Abort(
                            reason: .refused, message: "the receiver has \(sessionLimit) sessions already; try again later")
                        _ = await connection.turn(sending: [Datagram.abort(abort).encoded()], patience: .zero)
                        group.addTask {
                            await connection.close(patience: .seconds(1))
                            return .ended(nil)
                        }
                        active += 1
                        continue
                    }
                    active += 1
                    group.addTask { .ended(await receive(connection, registry, pool, clock, onEvent)) }
                case .ended(let result):
                    active -= 1
                    // A connection that never became a session, such as a probe, does not count as the one.
                    guard let result else { continue }
                    guard once else { continue }
                    // That session goes on, on another connection.
                    if case .failure(let error as SiteError) = result, error.code == .sessionBusy { continue }
                    _ = try result.get()
                    group.cancelAll()
                    return
                }
            }
        }
    }

    private static let spareConnections = 4

    private enum Progress: Sendable {
        case accepted(SRTConnection)
        case ended(Result<Summary, any Error>?)
    }

    private func receive(
        _ connection: SRTConnection, _ registry: SessionRegistry, _ pool: CodingPool, _ clock: Stopwatch,
        _ onEvent: @escaping @Sendable (Event) -> Void
    ) async -> Result<Summary, any Error>? {
        // A peer has decoders of its own; they start while its volume is still being read.
        let workers = ConfinedDecoder(pool: pool, executable: workerExecutable)
        let starting = Task { await workers.prepare(count: 2) }
        var session = ReceivingSession(
            site: self, registry: registry, connection: connection, pool: pool, chunkDecoder: workers, clock: clock,
            onEvent: onEvent)
        let result: Result<Summary, any Error>?
        do {
            result = try await session.run().map { .success($0) }
        } catch {
            result = .failure(error)
        }
        await starting.value
        if let result { onEvent(.ended(session: session.name, result)) }
        return result
    }
}
