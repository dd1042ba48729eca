/// Codes a set of voxels: each bit against the one a slice before, packed, then Zstandard.
///
/// Outlines move little from slice to slice, so most of what is left is zero.
public enum MaskCoder {
    /// Codes slices x rows x columns flags of 0 or 1.
    /// - Throws: `RefinementError.Code.encoderFailed`.
    public static func encode(_ bits: [UInt8], sliceVoxelCount: Int) throws(RefinementError) -> [UInt8] {
        var packed = [UInt8](repeating: 0, count: (bits.count + 7) / 8)
        for index in bits.indices {
            let before = index >= sliceVoxelCount ? bits[index - sliceVoxelCount] : 0
            packed[index >> 3] |= (bits[index] ^ before) << UInt8(index & 7)
        }
        return try Zstandard.compress(packed, level: 19)
    }

    /// Gives back `count` flags.
    /// - Throws: `RefinementError.Code.corruptChunk`.
    public static func decode(_ chunk: [UInt8], count: Int, sliceVoxelCount: Int) throws(RefinementError) -> [UInt8] {
        let packed = try Zstandard.decompress(chunk, count: (count + 7) / 8)
        var bits = [UInt8](repeating: 0, count: count)
        for index in bits.indices {
            let before = index >= sliceVoxelCount ? bits[index - sliceVoxelCount] : 0
            bits[index] = (packed[index >> 3] >> UInt8(index & 7)) & 1 ^ before
        }
        return bits
    }
}
