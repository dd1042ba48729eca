internal import CZlib
internal import Dispatch
public import Faults
public import Files
internal import Synchronization
internal import VolumeModel

/// Bytes deflated on their own: pieces are made at the same time and in any order, and stand in one gzip stream one after another, as pigz makes them.
public struct DeflatedPiece: Sendable {
    /// Whole bytes of raw deflate that refer to nothing before them, without the mark of the end.
    let bytes: [UInt8]
    /// CRC-32 of what they stand for.
    let checksum: UInt
    /// Bytes they stand for.
    let byteCount: Int

    /// Bytes it takes.
    public var compressedByteCount: Int { bytes.count }

    /// The most bytes one may stand for; zlib counts in 32 bits.
    public static let byteLimit = 1 << 30

    /// Deflates bytes, at most ``byteLimit``.
    /// - Parameter level: zlib's, 1 to 9.
    /// - Throws: `FileError.Code.cannotWrite` when there is no memory for it.
    public init(_ input: UnsafeRawBufferPointer, level: Int) throws(FileError) {
        var stream = z_stream()
        let status = deflateInit2_(
            &stream, Int32(min(max(level, 1), 9)), Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK, input.count <= Self.byteLimit else { throw FileError(.cannotWrite, "no memory to compress") }
        defer { deflateEnd(&stream) }
        stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(input.count)
        var bytes: [UInt8] = []
        let step = max(1 << 12, input.count / 4)
        var room = 0
        repeat {
            bytes.append(contentsOf: repeatElement(0, count: step))
            room = bytes.withUnsafeMutableBufferPointer { buffer in
                stream.next_out = buffer.baseAddress.map { $0 + buffer.count - step }
                stream.avail_out = UInt32(step)
                deflate(&stream, Z_SYNC_FLUSH)
                return Int(stream.avail_out)
            }
        } while room == 0
        bytes.removeLast(room)
        self.bytes = bytes
        checksum = crc32(0, input.bindMemory(to: UInt8.self).baseAddress, UInt32(input.count))
        byteCount = input.count
    }

    /// The same of an array's bytes.
    /// - Throws: as ``init(_:level:)``.
    init(_ input: [UInt8], level: Int) throws(FileError) {
        self = try input.withUnsafeBytes { (raw) -> Result<DeflatedPiece, FileError> in
            do throws(FileError) { return .success(try DeflatedPiece(raw, level: level)) } catch { return .failure(error) }
        }.get()
    }

    /// Puts pieces together in a file, in the wrapper of one gzip member.
    struct Assembly {
        private let file: AtomicFile
        private var checksum: UInt = 0
        private var byteCount = 0

        init(_ file: AtomicFile) throws(FileError) {
            self.file = file
            // Deflate, no name, no time; the system is unknown.
            try file.write([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF])
        }

        mutating func add(_ piece: DeflatedPiece) throws(FileError) {
            try file.write(piece.bytes)
            checksum = crc32_combine(checksum, piece.checksum, piece.byteCount)
            byteCount += piece.byteCount
        }

        /// An empty last block, the checksum, and the length in 32 bits.
        func finish() throws(FileError) {
            func word(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
            try file.write([3, 0] + word(Int(checksum)) + word(byteCount))
        }
    }
}

/// A volume's voxels in pieces that can be deflated before the rest of it is there.
public struct VoxelPieces: Sendable {
    /// Bytes a piece stands for, but the last.
    static let byteCount = 1 << 20

    private let byteCount: Int
    private let voxelByteCount: Int
    private let isSwapped: Bool
    private var made: [Int: DeflatedPiece] = [:]

    /// None made yet.
    public init(_ header: NIfTIHeader) {
        byteCount = header.voxelByteCount
        voxelByteCount = header.voxelType.byteCount
        isSwapped = header.isByteSwapped
    }

    /// The number of pieces.
    public var count: Int { (byteCount + Self.byteCount - 1) / Self.byteCount }

    /// True of a piece that is made.
    public func has(_ index: Int) -> Bool { made[index] != nil }

    /// One that is made.
    subscript(index: Int) -> DeflatedPiece? { made[index] }

    /// The voxels of one.
    public func voxels(_ index: Int) -> Range<Int> {
        index * Self.byteCount / voxelByteCount..<min(byteCount, (index + 1) * Self.byteCount) / voxelByteCount
    }

    /// The pieces that hold some of a range of voxels.
    public func touching(_ voxels: Range<Int>) -> Range<Int> {
        let first = voxels.lowerBound * voxelByteCount / Self.byteCount
        return first..<max(first, min(count, (voxels.upperBound * voxelByteCount + Self.byteCount - 1) / Self.byteCount))
    }

    /// Keeps one.
    public mutating func keep(_ piece: DeflatedPiece, at index: Int) { made[index] = piece }

    /// Deflates one from its voxels in this machine's byte order.
    /// - Throws: as ``DeflatedPiece/init(_:level:)``.
    public func deflate(_ voxels: [UInt8], level: Int) throws(FileError) -> DeflatedPiece {
        guard isSwapped, voxelByteCount > 1 else { return try DeflatedPiece(voxels, level: level) }
        var swapped = voxels
        ByteOrder.swap(&swapped, unit: voxelByteCount)
        return try DeflatedPiece(swapped, level: level)
    }

    /// Hands over every piece in order.
    /// - Parameter voxels: all of them, for pieces that are not made yet, which are made on all cores.
    /// - Throws: what `body` throws; as ``DeflatedPiece/init(_:level:)``.
    func forEach(of voxels: PagedArray<UInt8>, level: Int, _ body: (DeflatedPiece) throws(FileError) -> Void) throws(FileError) {
        // So many at a time, so that memory is bounded whatever the volume.
        let group = 8
        for first in stride(from: 0, to: count, by: group) {
            let indices = first..<min(first + group, count)
            let fresh = deflated(indices.filter { made[$0] == nil }, of: voxels, level: level)
            for index in indices {
                if let piece = made[index] { try body(piece) } else if let result = fresh[index] { try body(result.get()) }
            }
        }
    }

    /// Deflates pieces on all cores.
    private func deflated(_ indices: [Int], of voxels: PagedArray<UInt8>, level: Int) -> [Int: Result<DeflatedPiece, FileError>] {
        let results = Mutex<[Int: Result<DeflatedPiece, FileError>]>([:])
        voxels.withUnsafeBytes { raw in
            nonisolated(unsafe) let raw = raw
            DispatchQueue.concurrentPerform(iterations: indices.count) { step in
                let start = indices[step] * Self.byteCount
                let part = UnsafeRawBufferPointer(rebasing: raw[start..<min(raw.count, start + Self.byteCount)])
                let result: Result<DeflatedPiece, FileError>
                do throws(FileError) {
                    // Only voxels in another byte order are copied.
                    let isAsStored = !isSwapped || voxelByteCount == 1
                    result = .success(try isAsStored ? DeflatedPiece(part, level: level) : deflate(Array(part), level: level))
                } catch {
                    result = .failure(error)
                }
                results.withLock { $0[indices[step]] = result }
            }
        }
        return results.withLock { $0 }
    }
}
