public import Faults
internal import CZstd

/// Zstandard (RFC 8878) by libzstd.
public enum Zstandard {
    /// Compresses at one of libzstd's levels, 1 to 19.
    /// - Throws: `ExactCodecError.Code.encoderFailed`.
    public static func compress(_ bytes: [UInt8], level: Int = 12) throws(ExactCodecError) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
        let written = output.withUnsafeMutableBytes { target in
            bytes.withUnsafeBytes { ZSTD_compress(target.baseAddress, target.count, $0.baseAddress, $0.count, Int32(level)) }
        }
        guard ZSTD_isError(written) == 0 else {
            throw ExactCodecError(.encoderFailed, "zstd: \(String(cString: ZSTD_getErrorName(written)))")
        }
        output.removeLast(output.count - written)
        return output
    }

    /// Decompresses what must be exactly `count` bytes.
    /// - Throws: `ExactCodecError.Code.corruptChunk` when it is damaged, longer or shorter.
    public static func decompress(_ bytes: [UInt8], count: Int) throws(ExactCodecError) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: count)
        let written = output.withUnsafeMutableBytes { target in
            bytes.withUnsafeBytes { ZSTD_decompress(target.baseAddress, target.count, $0.baseAddress, $0.count) }
        }
        guard ZSTD_isError(written) == 0 else {
            throw ExactCodecError(.corruptChunk, "zstd: \(String(cString: ZSTD_getErrorName(written)))")
        }
        guard written == count else { throw ExactCodecError(.corruptChunk, "\(written) bytes where \(count) were announced") }
        return output
    }
}
