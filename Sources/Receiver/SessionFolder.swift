internal import Bytes
internal import Concurrency
internal import Faults
internal import Files
internal import Receipts
internal import Transfer
internal import Foundation
internal import NIfTIFile
internal import ProgressiveCoding
internal import Synchronization
internal import VolumeModel
internal import WireFormat

/// A session's folder at the receiver: each volume and its quality, always whole files, and the receipt.
final class SessionFolder: Sendable {
    let path: String
    private let session: Name
    private let decoder: SessionDecoder
    /// The lane where volumes are written that will be written again.
    private let passing: CodingPool.Lane
    /// The digest of a file's uncompressed bytes, read from disk.
    private let readBack: @Sendable (String) throws -> Digest
    private let system: ReceivingSystem
    private struct State {
        var writing: Set<Int> = []
        /// Volumes that have changed since they were written last, and whether someone waits for that.
        var stale: [Int: Bool] = [:]
        /// When each volume was written last, and how long that took.
        var lastWrite: [Int: (end: ContinuousClock.Instant, duration: Duration)] = [:]
        var isFinishing = false
        /// Opened for a volume that rests between two writes, when somebody waits for the next one.
        var resting: [Int: Gate] = [:]
        /// Opened when no volume is being written any more.
        var idle: Gate?
        /// Voxels that are exact, compressed while others still come.
        var pieces: [VoxelPieces] = []
        var pending: [Set<Int>] = []
        /// Bytes of all pieces.
        var pieceByteCount = 0
    }
    private let state = Mutex(State())

    /// zlib's level for what changes, and for what is exact and stays.
    private static let passingLevel = 1
    private static let finalLevel = 2
    /// Compressed bytes kept of a session's volumes.
    private static let pieceByteLimit = 128 << 20
    /// The least time between two writes of a volume that nobody waits for, and how many times as long as a write it is at least. Where a write takes
    /// longer than that time, who waits for the next one waits as long as the last one took: it is not made over and over.
    private static let minInterval = Duration.seconds(1)
    private static let restShare = 8

    private static func rest(after duration: Duration, isAwaited: Bool) -> Duration {
        if isAwaited { return duration > minInterval ? duration : .zero }
        return max(minInterval, duration * restShare)
    }

    /// The folder of a session that ``make(root:session:permissions:)`` has made.
    init(
        root: String, session: Name, decoder: SessionDecoder, files: CodingPool, system: ReceivingSystem,
        readBack: @escaping @Sendable (String) throws -> Digest
    ) {
        path = "\(root)/\(session)"
        self.session = session
        self.decoder = decoder
        passing = files.lane()
        self.readBack = readBack
        self.system = system
        state.withLock { state in
            state.pieces = decoder.layouts.map { VoxelPieces($0.header) }
            state.pending = state.pieces.map { Set(0..<$0.count) }
        }
    }

    /// Makes the folder, or finds that it is one to go on with: one with a journal.
    /// - Returns: whether it was made.
    /// - Throws: `TransferError.Code.sessionExists`, or `FileError.Code.cannotWrite`.
    static func make(root: String, session: Name, permissions: UInt32) throws -> Bool {
        let path = "\(root)/\(session)"
        do {
            try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        } catch {
            throw FileError(.cannotWrite, "\(root): the folder cannot be made")
        }
        guard mkdir(path, permissions) == 0 else {
            let reason = errno
            if reason == EEXIST {
                var status = stat()
                guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                    // Somebody with a hand on the folder could lead volumes to a place that others read.
                    throw TransferError(
                        .sessionExists, "the receiver has something called '\(session)' that is no folder of its own")
                }
                if access("\(path)/\(JournalWriter.fileName)", F_OK) == 0 { return false }
                throw TransferError(.sessionExists, "the receiver already has a session called '\(session)'")
            }
            throw FileError(
                .cannotWrite, "\(path): the folder cannot be made: \(String(cString: strerror(reason)).lowercased())")
        }
        return true
    }

    /// Removes the folder of a session of which nothing has come but its name; one with anything else in it stays as it is.
    static func discard(_ path: String) {
        let journal = JournalWriter.fileName
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path), names.allSatisfy({ $0 == journal }) else {
            return
        }
        unlink("\(path)/\(journal)")
        rmdir(path)
    }

    /// Compares what is announced, as uncompressed files, with what the disk has left.
    /// - Throws: `TransferError.Code.noSpace`.
    func checkSpace() throws {
        let needed = decoder.layouts.reduce(0) { sum, layout in
            let (total, overflows) = sum.addingReportingOverflow(layout.header.voxelOffset + layout.header.voxelByteCount)
            return overflows ? .max : total
        }
        // A session that goes on has some of it there already.
        let present = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).reduce(0) { sum, name in
            var status = stat()
            return lstat("\(path)/\(name)", &status) == 0 ? sum + Int(status.st_size) : sum
        }
        guard let free = system.freeByteCount(path), free < needed - min(present, needed) else { return }
        throw TransferError(
            .noSpace,
            "The receiver's disk has \(Self.size(free)) left, and the session '\(session)' needs \(Self.size(needed - min(present, needed))). Make room there and send again."
        )
    }

    private static func size(_ byteCount: Int) -> String {
        byteCount < 1_000_000
            ? String(format: "%.1f kB", Double(byteCount) / 1e3) : String(format: "%.1f MB", Double(byteCount) / 1e6)
    }

    func volumePath(_ volume: Int, _ state: VolumeState, isComplete: Bool = true) -> String {
        "\(path)/\(VolumeFile.name(decoder.manifest.volumes[volume].name, state, isComplete: isComplete))"
    }
    func qualityPath(_ volume: Int) -> String { "\(path)/\(decoder.manifest.volumes[volume].name).quality.nii.gz" }

    /// Compresses what has become exact, so that the last write finds it done. Whatever is not done by then, or is more than is kept, is done there.
    /// - Parameter box: what has come.
    func compress(_ volume: Int, _ box: StackedBox) {
        let shape = decoder.layouts[volume].shape
        let voxels = box.z.lowerBound * shape.sliceVoxelCount..<box.z.upperBound * shape.sliceVoxelCount
        let indices = state.withLock { state in state.pieces[volume].touching(voxels).filter(state.pending[volume].contains) }
        guard !indices.isEmpty, state.withLock({ $0.pieceByteCount <= Self.pieceByteLimit }) else { return }
        Task {
            // One at a time, its voxels fetched in its turn: who waits for a turn holds no memory.
            for index in indices { try? await passing.run(rank: 2) { [self] in try compressPiece(volume, index) } }
        }
    }

    private func compressPiece(_ volume: Int, _ index: Int) throws {
        let pieces = state.withLock { state in
            state.pieceByteCount <= Self.pieceByteLimit && state.pending[volume].contains(index) ? state.pieces[volume] : nil
        }
        guard let pieces,
            let bytes = OwnThread.wait({ [decoder] in await decoder.exactBytes(volume: volume, voxels: pieces.voxels(index)) }),
            state.withLock({ $0.pending[volume].remove(index) }) != nil
        else { return }
        let piece = try pieces.deflate(bytes, level: Self.finalLevel)
        state.withLock {
            $0.pieces[volume].keep(piece, at: index)
            $0.pieceByteCount += piece.compressedByteCount
        }
    }

    /// Brings a volume's files up to date in the background: at once when someone waits for it, else once a while. What changes
    /// during a write is written after it.
    func refresh(_ volume: Int, isAwaited: Bool) {
        let (shouldStart, rest) = state.withLock { state in
            state.stale[volume] = isAwaited || state.stale[volume] ?? false
            return (state.writing.insert(volume).inserted, isAwaited ? state.resting[volume] : nil)
        }
        rest?.open()
        guard shouldStart else { return }
        Task {
            while let (isAwaited, rest, gate) = nextWrite(volume) {
                if rest > .zero {
                    try? await gate.wait(atMost: rest)
                } else {
                    await writePassing(volume, isAwaited: isAwaited)
                }
            }
        }
    }

    /// The next write of a volume: whether somebody waits for it, how long it has to rest before, and the gate that ends the rest early. Nil where
    /// nothing has changed, or what has is written for the last time: then the volume is not being written any more.
    private func nextWrite(_ volume: Int) -> (isAwaited: Bool, rest: Duration, gate: Gate)? {
        let (next, idle) = state.withLock { state -> ((Bool, Duration, Gate)?, Gate?) in
            guard !state.isFinishing, let isAwaited = state.stale[volume] else {
                // In one step with the look at what has changed: what changes after it begins a loop of its own.
                state.writing.remove(volume)
                return (nil, state.writing.isEmpty ? state.idle : nil)
            }
            let gate = Gate()
            state.resting[volume] = gate
            guard let last = state.lastWrite[volume] else { return ((isAwaited, .zero, gate), nil) }
            return ((isAwaited, Self.rest(after: last.duration, isAwaited: isAwaited) - (.now - last.end), gate), nil)
        }
        idle?.open()
        return next
    }

    /// Writes a volume that will be written again, in the session's turn and as it stands then. Where that fails, so does the last write.
    private func writePassing(_ volume: Int, isAwaited: Bool) async {
        try? await passing.run(rank: isAwaited ? 0 : 1) { [self] in
            guard !state.withLock({ $0.isFinishing }) else { return }
            let begin = ContinuousClock.now
            try writePieces(volume)
            state.withLock { $0.lastWrite[volume] = (.now, .now - begin) }
        }
    }

    /// Writes a volume and its quality as they come, a piece at a time: each piece is as good as its quality says, and decoders have their cores.
    private func writePieces(_ volume: Int) throws {
        state.withLock { $0.stale[volume] = nil }
        let layout = decoder.layouts[volume]
        let pieces = state.withLock { $0.pieces[volume] }
        let around = OwnThread.wait { [decoder] in await decoder.surroundings(volume: volume) }
        let header = try layout.qualityHeader()
        func part(_ voxels: Range<Int>) throws -> VolumePart {
            guard !state.withLock({ $0.isFinishing }) else { throw CancellationError() }
            return OwnThread.wait { [decoder] in await decoder.part(volume: volume, voxels: voxels) }
        }
        // Looked at before the voxels, which only get better: none is called better than it is.
        var flags = VoxelPieces(header)
        func flagPiece(_ index: Int) throws -> DeflatedPiece {
            try flags.deflate(try part(flags.voxels(index)).quality, level: Self.passingLevel)
        }
        for index in 0..<flags.count { flags.keep(try flagPiece(index), at: index) }
        // The volume goes first: a reader that looks in between sees too little promised rather than too much.
        try NIfTIFile.write(
            pieces, header: try layout.header.asPreview(), extensions: around.extensions, trailer: around.trailer,
            to: volumePath(volume, .partial), compressionLevel: Self.passingLevel
        ) { index in
            try pieces.deflate(try part(pieces.voxels(index)).voxels, level: Self.passingLevel)
        }
        try NIfTIFile.write(
            flags, header: header, extensions: [UInt8](repeating: 0, count: header.voxelOffset - header.bytes.count), trailer: [],
            to: qualityPath(volume), compressionLevel: Self.passingLevel, piece: flagPiece)
    }

    /// Writes a volume and its quality for the last time, on all cores.
    /// - Returns: what the volume's file holds.
    private func write(_ volume: Int, _ status: VolumeState, to path: String) throws -> NIfTIImage {
        let snapshot = OwnThread.wait { [decoder] in await decoder.snapshot(volume: volume) }
        let exact = try snapshot.image()
        // Also a copy under another name says what it is.
        let image = status == .lossless ? exact : try exact.asPreview()
        try NIfTIFile.write(image, to: path, compressionLevel: Self.finalLevel, pieces: state.withLock { $0.pieces[volume] })
        try NIfTIFile.write(snapshot.qualityImage(), to: qualityPath(volume), compressionLevel: Self.passingLevel)
        return image
    }

    /// Writes every volume for the last time, under the name of its state, and reads what is on disk.
    /// - Returns: what is on disk.
    /// - Throws: `FileError` when a file cannot be written or read; `TransferError.Code.receiptMismatch` when it does not have its digest: then no file
    ///   is left under a name that says more than partial.
    func finish(_ outcomes: [Receipt.Volume], isComplete: Bool) async throws -> [WrittenFile] {
        let (resting, idle) = state.withLock { state in
            state.isFinishing = true
            let idle = state.writing.isEmpty ? nil : Gate()
            state.idle = idle
            return (Array(state.resting.values), idle)
        }
        for gate in resting { gate.open() }
        // What waits for its turn need not be written any more.
        passing.close()
        // Also where this task is cancelled: two must not write one file.
        if let idle { await Task { try? await idle.wait() }.value }
        var files: [WrittenFile] = []
        for (volume, outcome) in outcomes.enumerated() {
            let path = volumePath(volume, outcome.state, isComplete: isComplete)
            let passing = volumePath(volume, .partial)
            // What is left of a session that has failed is written behind those that go on.
            files.append(
                try await OwnThread.run(niceness: isComplete ? 0 : 10) { [self] in
                    let image = try write(volume, outcome.state, to: path)
                    let written = outcome.state == .lossless ? outcome.digest : Self.digest(image)
                    // Only now: at every moment there is a whole file.
                    if path != passing { unlink(passing) }
                    let digest = try? readBack(path)
                    // A preview's file differs from what the sender's table speaks of by saying that it is one.
                    guard let digest, digest == written else {
                        rename(path, passing)
                        unlink(qualityPath(volume))
                        throw TransferError(.receiptMismatch, "\(path): what is read back is not what was written")
                    }
                    return try WrittenFile(path: path, digest: digest)
                })
        }
        return files
    }

    private static func digest(_ image: NIfTIImage) -> Digest {
        var digest = DigestBuilder()
        image.forEachPart { digest.update($0) }
        return digest.finish()
    }
}
