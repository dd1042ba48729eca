internal import Confinement
public import Profiles
public import ProgressiveCoding
public import SRTTransport
internal import StreamSession
public import WireFormat

/// The receiving end: SRT in, files out, one folder a session.
public struct ReceivingSite: Sendable {
    /// What happens, as it happens.
    public enum Event: Sendable {
        /// A volume is announced.
        case manifest(session: String, volume: String, index: Int, decoder: SessionDecoder)
        /// The first byte of a region of interest has come.
        case firstROIByte
        /// A chunk is in its place.
        case applied(UInt32, volume: Int)
        /// A volume has come so far.
        case milestone(Milestone, volume: Int, secondsSinceSenderStart: Double)
        /// Everything is on disk, checked.
        case receipt
        /// Nothing comes from the sender.
        case stalled
        /// It comes again.
        case resumed
        /// A session is over.
        case ended(Result<Summary, any Error>)
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
    /// The most bytes of voxels one session may bring.
    public var voxelByteLimit = VolumeLayout.defaultVoxelByteLimit
    /// The most sessions at a time.
    public var sessionLimit = 16
    /// A program that decodes confined; this one by default.
    public var workerExecutable = "/proc/self/exe"

    /// Makes a site.
    public init(folder: String, transport: TransportProfile) {
        self.folder = folder
        self.transport = transport
    }

    /// Listens.
    /// - Throws: `TransportError`.
    public func listen(on address: String) throws -> SRTListener {
        try SRTListener(on: HostPort(parsing: address), options: SRTOptions(maximumBitsPerSecond: transport.bitsPerSecond))
    }

    /// Receives sessions, each in a task of its own, until the task is cancelled; with `once`, until the first has ended.
    /// - Throws: what a session threw, with `once`; `CancellationError`.
    public func run(_ listener: SRTListener, once: Bool, clock: Stopwatch, onEvent: @escaping @Sendable (Event) -> Void)
        async throws
    {
        let pool = CodingPool()
        let workers = ConfinedDecoder(pool: pool, executable: workerExecutable)
        await workers.prepare(count: 2)
        try await withThrowingTaskGroup(of: Progress.self) { group in
            group.addTask { .accepted(try await listener.accept()) }
            var active = 0
            while let progress = try await group.next() {
                switch progress {
                case .accepted(let connection):
                    group.addTask { .accepted(try await listener.accept()) }
                    guard active < sessionLimit else {
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
                    group.addTask { .ended(await receive(connection, pool, workers, clock, onEvent)) }
                case .ended(let result):
                    active -= 1
                    // A connection that never became a session, such as a probe, does not count as the one.
                    guard let result else { continue }
                    onEvent(.ended(result))
                    guard once else { continue }
                    _ = try result.get()
                    group.cancelAll()
                    return
                }
            }
        }
    }

    private enum Progress: Sendable {
        case accepted(SRTConnection)
        case ended(Result<Summary, any Error>?)
    }

    private func receive(
        _ connection: SRTConnection, _ pool: CodingPool, _ workers: ConfinedDecoder, _ clock: Stopwatch,
        _ onEvent: @escaping @Sendable (Event) -> Void
    ) async -> Result<Summary, any Error>? {
        var session = ReceivingSession(
            site: self, connection: connection, pool: pool, chunkDecoder: workers, clock: clock, onEvent: onEvent)
        do {
            return try await session.run().map { .success($0) }
        } catch {
            return .failure(error)
        }
    }
}
