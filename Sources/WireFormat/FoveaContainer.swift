/// A .fovea file: the chunks of a session one after another, as they would be sent.
///
/// `FOVEA`, a zero byte, the version as two bytes; then for each chunk its ordinal and its record's length, four bytes each, and
/// the record.
public enum FoveaContainer {
    static let signature: [UInt8] = Array("FOVEA\0".utf8) + [0, Datagram.version]

    /// What a file begins with.
    public static var header: [UInt8] { signature }

    /// One chunk as it stands in the file.
    public static func entry(ordinal: UInt32, record: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(capacity: record.count + 8)
        writer.put(ordinal)
        writer.put(UInt32(record.count))
        writer.put(record)
        return writer.bytes
    }

    /// Whether bytes begin like a .fovea file.
    public static func isContainer(_ bytes: [UInt8]) -> Bool { bytes.starts(with: signature.prefix(6)) }

    /// Reads the chunks of a file that must be whole.
    /// - Throws: `WireError` when it is of another kind or version, beyond the limits, or cut off within a chunk.
    public static func chunks(of bytes: [UInt8]) throws(WireError) -> [(ordinal: UInt32, record: [UInt8])] {
        let contents = try contents(of: bytes)
        guard !contents.isCutOff else { throw WireError(.truncated, "cut off within a chunk") }
        return contents.chunks
    }

    /// What a file holds.
    public struct Contents: Sendable {
        /// The chunks that are whole, in the file's order.
        public let chunks: [(ordinal: UInt32, record: [UInt8])]
        /// Whether the file ends within a chunk.
        public let isCutOff: Bool
    }

    /// Reads a file's chunks. What a file lost at its end does not take the rest with it.
    /// - Throws: `WireError` when it is of another kind or version, or a chunk is beyond the limits.
    public static func contents(of bytes: [UInt8]) throws(WireError) -> Contents {
        var reader = ByteReader(bytes)
        guard isContainer(bytes) else { throw WireError(.notFovea, "not a .fovea file") }
        let signature = Array(try reader.take(Self.signature.count, "signature"))
        guard signature == Self.signature else {
            throw WireError(
                .unsupportedVersion, "version \(signature[6]).\(signature[7]) of the format; this program reads \(Datagram.version)"
            )
        }
        var chunks: [(UInt32, [UInt8])] = []
        while reader.remaining > 0 {
            guard reader.remaining >= 8 else { return Contents(chunks: chunks, isCutOff: true) }
            let ordinal = try reader.take(UInt32.self, "ordinal")
            let count = Int(try reader.take(UInt32.self, "record length"))
            guard ordinal < UInt32(WireLimits.chunkCount), count <= WireLimits.chunkByteCount else {
                throw WireError(.limitExceeded, "chunk \(ordinal) of \(count) bytes is beyond the limits")
            }
            guard count <= reader.remaining else { return Contents(chunks: chunks, isCutOff: true) }
            chunks.append((ordinal, Array(try reader.take(count, "record"))))
        }
        return Contents(chunks: chunks, isCutOff: false)
    }
}
