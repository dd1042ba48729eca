public import Bytes
public import Faults

/// A .fovea file: the chunks of a session one after another, as they would be sent.
///
/// `FOVEA`, a zero byte, the version as two bytes; then for each chunk its ordinal and its record's length, four bytes each, and
/// the record.
public enum FoveaContainer {
    static let signature: [UInt8] = Array("FOVEA\0".utf8) + [0, Datagram.version]

    /// The bytes that a file begins with.
    public static var header: [UInt8] { signature }

    /// One chunk as it stands in the file.
    public static func entry(ordinal: UInt32, record: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(capacity: record.count + 8)
        writer.put(ordinal)
        writer.put(UInt32(record.count))
        writer.put(record)
        return writer.bytes
    }

    /// Tells whether bytes begin like a .fovea file.
    public static func isContainer(_ bytes: [UInt8]) -> Bool { bytes.starts(with: signature.prefix(6)) }

    /// Reads the chunks of a file that must be whole.
    /// - Throws: `FormatError` when it is of another kind or version, beyond the limits, or cut off within a chunk.
    public static func chunks(of bytes: [UInt8]) throws(FormatError) -> [(ordinal: UInt32, record: [UInt8])] {
        let contents = try contents(of: bytes)
        guard !contents.isCutOff else { throw FormatError(.truncated, "cut off within a chunk") }
        return contents.chunks
    }

    /// The contents of a file.
    public struct Contents: Sendable {
        /// The chunks that are whole, in the file's order.
        public let chunks: [(ordinal: UInt32, record: [UInt8])]
        /// True when the file ends within a chunk.
        public let isCutOff: Bool
    }

    /// Reads a file's chunks. What a file lost at its end does not take the rest with it.
    /// - Throws: `FormatError` when it is of another kind or version, or a chunk is beyond the limits.
    public static func contents(of bytes: [UInt8]) throws(FormatError) -> Contents {
        let places = try places(byteCount: bytes.count) { Array(bytes[$0]) }
        return Contents(chunks: places.records.map { ($0, Array(bytes[$1])) }, isCutOff: places.isCutOff)
    }

    /// The places of a file's chunks.
    public struct Places: Sendable {
        /// The records of the chunks that are whole, in the file's order, as ranges of its bytes.
        public let records: [(ordinal: UInt32, bytes: Range<Int>)]
        /// True when the file ends within a chunk.
        public let isCutOff: Bool
    }

    /// Finds a file's chunks, whatever its size: of each only what stands before its record is read.
    /// - Parameters:
    ///   - byteCount: of the file.
    ///   - read: some of its bytes; what it throws is thrown.
    /// - Throws: as ``contents(of:)``.
    public static func places(byteCount: Int, read: (Range<Int>) throws(FormatError) -> [UInt8]) throws(FormatError) -> Places {
        let start = try read(0..<min(signature.count, byteCount))
        guard isContainer(start) else { throw FormatError(.notFovea, "not a .fovea file") }
        guard start.count == signature.count else { throw FormatError(.truncated, "cut off within its signature") }
        guard start == signature else {
            throw FormatError(
                .unsupportedVersion, "version \(start[6]).\(start[7]) of the format; this program reads \(Datagram.version)")
        }
        var records: [(UInt32, Range<Int>)] = []
        var position = signature.count
        while position < byteCount {
            guard byteCount - position >= 8 else { return Places(records: records, isCutOff: true) }
            var reader = ByteReader(try read(position..<position + 8))
            let ordinal = try reader.take(UInt32.self, "ordinal")
            let count = Int(try reader.take(UInt32.self, "record length"))
            guard ordinal < UInt32(WireLimits.chunkCount), count <= WireLimits.chunkByteCount else {
                throw FormatError(.limitExceeded, "chunk \(ordinal) of \(count) bytes is beyond the limits")
            }
            position += 8
            guard count <= byteCount - position else { return Places(records: records, isCutOff: true) }
            // Empty chunks by the hundred million would be a list of gigabytes.
            guard records.count < WireLimits.chunkCount else {
                throw FormatError(.limitExceeded, "more than \(WireLimits.chunkCount) chunks")
            }
            records.append((ordinal, position..<position + count))
            position += count
        }
        return Places(records: records, isCutOff: false)
    }
}
