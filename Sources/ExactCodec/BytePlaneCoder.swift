public import Faults

/// Exact voxels too wide or too many-valued for codes of 16 bits: byte planes, each by Zstandard.
///
/// A chunk holds only the voxels not known yet, in order. Each plane gathers one byte of every voxel, since signs and exponents
/// repeat where the last bits are noise.
public enum BytePlaneCoder {
    /// Codes voxels.
    /// - Parameter voxels: stored values, little-endian, `byteCount` bytes each.
    /// - Throws: `ExactCodecError`.
    public static func encode(_ voxels: [UInt8], byteCount: Int) throws(ExactCodecError) -> [UInt8] {
        guard byteCount > 0, voxels.count % byteCount == 0 else {
            throw ExactCodecError(.invalidInput, "\(voxels.count) bytes are no whole number of voxels of \(byteCount)")
        }
        var chunk: [UInt8] = []
        let count = voxels.count / byteCount
        for plane in 0..<byteCount {
            let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                for index in 0..<count { buffer[index] = voxels[index * byteCount + plane] }
                filled = count
            }
            let coded = try Zstandard.compress(bytes)
            withUnsafeBytes(of: UInt32(coded.count).bigEndian) { chunk.append(contentsOf: $0) }
            chunk.append(contentsOf: coded)
        }
        return chunk
    }

    /// Gives back `count` voxels of `byteCount` bytes each.
    /// - Throws: `ExactCodecError.Code.corruptChunk`.
    public static func decode(_ chunk: [UInt8], count: Int, byteCount: Int) throws(ExactCodecError) -> [UInt8] {
        var voxels = [UInt8](repeating: 0, count: count * byteCount)
        var position = 0
        for plane in 0..<byteCount {
            guard chunk.count - position >= 4 else { throw ExactCodecError(.corruptChunk, "a byte plane is missing") }
            let length = chunk[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
            position += 4
            guard length <= chunk.count - position else { throw ExactCodecError(.corruptChunk, "a byte plane is cut off") }
            let bytes = try Zstandard.decompress(Array(chunk[position..<position + length]), count: count)
            position += length
            for index in 0..<count { voxels[index * byteCount + plane] = bytes[index] }
        }
        guard position == chunk.count else {
            throw ExactCodecError(.corruptChunk, "\(chunk.count - position) bytes follow the last byte plane")
        }
        return voxels
    }
}
