internal import Foundation
internal import NIfTIFile
internal import ProgressiveCoding
internal import Synchronization
internal import WireFormat

/// A session's folder at the receiver: each volume and its quality, always whole files, and the receipt.
final class SessionFolder: Sendable {
    let path: String
    private let decoder: SessionDecoder
    private let pool: CodingPool
    private struct State {
        var isWriting: Set<Int> = []
        var isStale: Set<Int> = []
        var lastWrite: [Int: ContinuousClock.Instant] = [:]
        var failure: (any Error)?
    }
    private let state = Mutex(State())

    /// zlib's level while more is coming, and for the last write. What is rewritten soon need not be small.
    private static let passingLevel = 1
    private static let finalLevel = 4
    /// The least time between two writes of a volume that nobody waits for.
    private static let leastInterval = Duration.seconds(1)

    /// Makes the folder.
    /// - Throws: `SiteError.Code.sessionExists`, or `NIfTIError.Code.cannotWrite`.
    init(root: String, session: Name, decoder: SessionDecoder, pool: CodingPool) throws {
        path = "\(root)/\(session)"
        self.decoder = decoder
        self.pool = pool
        do {
            try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        } catch {
            throw NIfTIError(.cannotWrite, "\(root): the folder cannot be made")
        }
        guard mkdir(path, 0o777) == 0 else {
            if errno == EEXIST { throw SiteError(.sessionExists, "the receiver already has a session called '\(session)'") }
            throw NIfTIError(.cannotWrite, "\(path): the folder cannot be made: \(String(cString: strerror(errno)).lowercased())")
        }
    }

    func volumePath(_ volume: Int) -> String { "\(path)/\(decoder.manifest.volumes[volume].name).nii.gz" }
    func qualityPath(_ volume: Int) -> String { "\(path)/\(decoder.manifest.volumes[volume].name).quality.nii.gz" }

    /// Brings a volume's files up to date in the background: now when someone waits for it, else once a while.
    func refresh(_ volume: Int, isAwaited: Bool) {
        let shouldStart = state.withLock { state in
            state.isStale.insert(volume)
            if state.isWriting.contains(volume) { return false }
            if !isAwaited, let last = state.lastWrite[volume], .now - last < Self.leastInterval { return false }
            state.isWriting.insert(volume)
            return true
        }
        guard shouldStart else { return }
        Task {
            await write(volume, level: Self.passingLevel)
            state.withLock { _ = $0.isWriting.remove(volume) }
        }
    }

    private func write(_ volume: Int, level: Int) async {
        state.withLock { _ = $0.isStale.remove(volume) }
        let snapshot = await decoder.snapshot(volume: volume)
        let paths = (volumePath(volume), qualityPath(volume))
        do {
            try await pool.run(rank: .max) {
                // The volume goes first: a reader that looks in between sees too little promised rather than too much.
                let image = try snapshot.image()
                let quality = try snapshot.qualityImage()
                try NIfTIFile.write(image, to: paths.0, compressionLevel: level)
                try NIfTIFile.write(quality, to: paths.1, compressionLevel: level)
            }
            state.withLock { $0.lastWrite[volume] = .now }
        } catch {
            state.withLock { $0.failure = $0.failure ?? error }
        }
    }

    /// Writes every volume for the last time.
    /// - Throws: `NIfTIError` when a file cannot be written, now or before.
    func finish() async throws {
        while state.withLock({ !$0.isWriting.isEmpty }) { try? await Task.sleep(for: .milliseconds(5)) }
        for volume in decoder.layouts.indices { await write(volume, level: Self.finalLevel) }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }
}
