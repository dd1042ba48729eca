package import Bytes
package import Concurrency
internal import Faults
internal import Files
package import Receipts
package import Transfer
internal import DecoderHost
internal import Foundation
package import Metrics
internal import NIfTIFile
package import Profiles
package import ProgressiveCoding
package import SRTTransport
internal import Secrecy
internal import StreamSession
package import VolumeModel
package import WireFormat

/// The receiving end: SRT in, files out, one folder a session.
package struct ReceivingSite: Sendable {
    /// A volume of a session.
    package struct Place: Sendable {
        /// The session's name.
        package let session: String
        /// The volume's name.
        package let volume: String
        /// Its place in the manifest.
        package let index: Int
        /// Who the sender says it is, proven where it has a secret of its own; nil when it says nothing.
        package var sender: String?
        /// The sender's address, `HOST:PORT`; empty where it is not known.
        package var peer = ""

        package init(session: String, volume: String, index: Int, sender: String? = nil, peer: String = "") {
            self.session = session
            self.volume = volume
            self.index = index
            self.sender = sender
            self.peer = peer
        }
    }

    /// An event, reported as it happens.
    package enum Event: Sendable {
        /// A volume is announced.
        case manifest(Place, decoder: SessionDecoder)
        /// The first byte of a volume's regions of interest has come.
        case firstROIByte(Place)
        /// A chunk of a volume is in its place, by its ordinal in the plan; how much of the volume is exact now, and of all the session's.
        case applied(Place, ordinal: UInt32, Completeness, ofSession: Completeness)
        /// More of a session is in its place; so much of all its volumes is exact.
        case progress(Place, TransferProgress, Completeness)
        /// A box is shown better, that somebody asked for.
        case shown(Place, StackedBox)
        /// A region is requested of the sender, or shown.
        case focus(Place, RegionRequest)
        /// A volume has come so far; so much of it is exact.
        case milestone(Milestone, Place, secondsSinceSenderStart: Double, Completeness)
        /// A volume is on disk, checked.
        case receipt(Place)
        /// Nothing comes from a session's sender.
        case stalled(session: String)
        /// It comes again.
        case resumed(session: String)
        /// Datagrams come that are altered or not the sender's; they are ignored.
        case altered(session: String)
        /// Callers got no further, so many of late for this reason, the last of them from this address.
        case refused(SRTRefusal, count: Int, address: String)
        /// A connection of a session is over, and the session with it or not.
        case ended(session: String, Result<Summary, any Error>)
    }

    /// A volume as it was stored.
    package struct ReceivedVolume: Sendable {
        /// The volume.
        package let path: String
        /// Path of the file that says how good each voxel is.
        package let qualityPath: String
        /// SHA-256 of the file's uncompressed bytes.
        package let digest: Digest
        /// SHA-256 of the file as it lies on disk.
        package let fileDigest: Digest
        /// The state of the volume.
        package let state: VolumeState

        package init(path: String, qualityPath: String, digest: Digest, fileDigest: Digest, state: VolumeState) {
            self.path = path
            self.qualityPath = qualityPath
            self.digest = digest
            self.fileDigest = fileDigest
            self.state = state
        }
    }

    /// The outcome of a session. Times are seconds from the start of the sender's command, by the sender's word and half a round trip.
    package struct Summary: Sendable {
        /// Its name.
        package var session = ""
        /// Its folder.
        package var folder = ""
        /// Who the sender says it is, proven where it has a secret of its own; nil when it says nothing.
        package var sender: String?
        /// The address of its last connection, `HOST:PORT`.
        package var peer = ""
        /// When every ROI voxel was at base quality.
        package var timeToROI: Double?
        /// When every other voxel was.
        package var timeToBackground: Double?
        /// When the bytes had the source's digest.
        package var timeToLossless: Double?
        /// The volumes.
        package var volumes: [ReceivedVolume] = []

        /// Nothing yet.
        package init() {}
    }

    /// Path of the folder where sessions' folders are made.
    package var folder: String
    /// The profile by which silence is judged.
    package var transport: TransportProfile
    /// The most one session may take.
    package var limits = SessionLimits()
    /// The protection of what comes in.
    package var exposure = Exposure()
    /// The most sessions at a time.
    package var sessionLimit = 16
    /// Permission bits of a session's folder, as far as the process's umask leaves them.
    package var folderPermissions: UInt32 = 0o777
    /// The most bytes of memory that the volumes of all sessions may take together.
    package var memoryByteCount = 4 << 30
    /// The most bytes of disk for those that are too large for memory, while they come together.
    package var diskByteCount = 16 << 30
    /// The store where sessions' figures are shown; nil shows them nowhere.
    package var metrics: MetricsStore?
    /// The queue of regions that those who look request; nil where nobody does.
    package var regionRequests: RegionRequestQueue?
    /// The key that receipts are signed with; nil leaves them unsigned.
    package var receiptKey: ReceiptKey?
    /// The requests that are made to the disk.
    package var system = ReceivingSystem()
    /// Asked when the site is told to stop: whether it is expected to be started again, so that senders wait for it.
    package var isRestarting: @Sendable () -> Bool = { false }
    /// The program that decodes confined.
    package var decoderPath = DecoderProgram.path
    /// Reads a file that was written, before anything is said of it; a test puts a failing disk in its place.
    package var readBack: @Sendable (String) throws -> Digest = { try WrittenFile.digest(of: $0) }

    /// Makes a site.
    package init(folder: String, transport: TransportProfile) {
        self.folder = folder
        self.transport = transport
    }

    /// Makes the folder for sessions, or finds that files can be made in it.
    /// - Throws: `TransferError.Code.cannotWrite`.
    package func prepareFolder() throws {
        var status = stat()
        if stat(folder, &status) == 0, status.st_mode & S_IFMT != S_IFDIR {
            throw TransferError(.cannotWrite, "'\(folder)' is not a folder; choose another --out")
        }
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            // Permissions alone do not tell: a file system may be read-only, and root may do anything.
            _ = try AtomicFile(path: "\(folder)/session")
        } catch {
            throw TransferError(.cannotWrite, "'\(folder)' cannot be written; choose another --out")
        }
    }

    /// Listens.
    /// - Throws: `TransportError`; `TransferError.Code.exposed`; `ConfinementError.Code.cannotStart` when there is no decoder.
    package func listen(on address: String) throws -> SRTListener {
        try DecoderProgram.check(decoderPath)
        let address = try HostPort(parsing: address)
        try exposure.check(address)
        var options = SRTOptions(maximumBitsPerSecond: 100e6)
        options.outlast(transport.idleTimeout)
        if let byteCount = transport.datagramByteCount { options.datagramByteCount = byteCount }
        let admission = SRTAdmission { [exposure] identifier in
            guard exposure.isProtected else { return .nothing }
            guard let identifier = StreamIdentifier(parsing: identifier),
                let secret = exposure.secret(for: identifier.sender)
            else { return .refused }
            return .passphrase(secret.transportPassphrase)
        }
        return try SRTListener(on: address, options: options, admission: admission)
    }

    /// Receives sessions, each in a task of its own, until the task is cancelled; with `once`, until the first has ended.
    /// - Throws: what a session threw, with `once`; `CancellationError`.
    package func run(_ listener: SRTListener, once: Bool, clock: Stopwatch, onEvent: @escaping @Sendable (Event) -> Void)
        async throws
    {
        let shared = Shared(
            registry: SessionRegistry(limit: sessionLimit, room: .init(memory: memoryByteCount, disk: diskByteCount)),
            floor: DecodingFloor(executable: decoderPath),
            files: CodingPool(threadCount: 1, niceness: 10))
        let watching = Task { await watch(listener.admission, onEvent) }
        defer { watching.cancel() }
        try await withTaskCancellationHandler {
            do {
                try await serve(listener, shared, once: once, clock, onEvent)
            } catch  where Task.isCancelled {
                // The listener may be found closed first.
                throw CancellationError()
            }
        } onCancel: {
            // At once, so that no sender is let in that nobody would answer.
            Task { await listener.close() }
        }
    }

    /// The objects that sessions share.
    private struct Shared: Sendable {
        let registry: SessionRegistry
        /// The place where chunks are decoded.
        let floor: DecodingFloor
        /// Files that are rewritten soon, one session's after another's: behind everything else.
        let files: CodingPool
    }

    private func serve(
        _ listener: SRTListener, _ shared: Shared, once: Bool, _ clock: Stopwatch,
        _ onEvent: @escaping @Sendable (Event) -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Progress.self) { group in
            group.addTask { .accepted(try await listener.accept()) }
            while let progress = try await group.next() {
                switch progress {
                case .accepted(let connection):
                    group.addTask { .accepted(try await listener.accept()) }
                    group.addTask { .ended(await receive(connection, shared, listener.admission, clock, onEvent)) }
                case .ended(let result):
                    // A connection that never became a session, such as a probe, does not count as the one.
                    guard let result else { continue }
                    guard once else { continue }
                    // That session goes on, on another connection.
                    if case .failure(let error as TransferError) = result, error.code == .sessionBusy { continue }
                    _ = try result.get()
                    group.cancelAll()
                    return
                }
            }
        }
    }

    /// Tells of callers that got no further: at once of the first, and then of how many in a while.
    private func watch(_ admission: SRTAdmission, _ onEvent: @Sendable (Event) -> Void) async {
        var log = RefusalLog()
        let clock = ContinuousClock()
        let origin = clock.now
        while !Task.isCancelled {
            let counts = admission.refusedCounts
            metrics?.update(
                refused: Dictionary(uniqueKeysWithValues: SRTRefusal.allCases.map { ($0.rawValue, counts[$0] ?? 0) }))
            for line in log.take(admission.takeRefused(), counts: counts, now: clock.now - origin) {
                onEvent(.refused(line.reason, count: line.count, address: line.address))
            }
            try? await Task.sleep(for: .milliseconds(200))
        }
    }

    private enum Progress: Sendable {
        case accepted(SRTConnection)
        case ended(Result<Summary, any Error>?)
    }

    private func receive(
        _ connection: SRTConnection, _ shared: Shared, _ admission: SRTAdmission, _ clock: Stopwatch,
        _ onEvent: @escaping @Sendable (Event) -> Void
    ) async -> Result<Summary, any Error>? {
        // A peer has decoders of its own.
        let decoder = ConfinedDecoder(floor: shared.floor)
        defer { decoder.close() }
        let session = ReceivingSession(
            site: self, registry: shared.registry, connection: connection, files: shared.files, chunkDecoder: decoder, clock: clock,
            onEvent: onEvent)
        let result: Result<Summary, any Error>?
        do {
            result = try await session.run().map { .success($0) }
        } catch let error as TransferError where error.code == .full {
            // It was turned away: no session has ended.
            admission.note(.full, address: connection.peerHost)
            result = nil
        } catch {
            result = .failure(error)
        }
        if let result { onEvent(.ended(session: await session.name, result)) }
        return result
    }
}
