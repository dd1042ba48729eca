/// xoshiro256**, seeded through SplitMix64 as its authors advise.
struct SeededGenerator {
    private var s0: UInt64
    private var s1: UInt64
    private var s2: UInt64
    private var s3: UInt64

    init(seed: UInt64) {
        var state = seed
        func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
        s0 = next()
        s1 = next()
        s2 = next()
        s3 = next()
    }

    @inline(__always)
    mutating func next() -> UInt64 {
        let product = s1 &* 5
        let result = ((product << 7) | (product >> 57)) &* 9
        let t = s1 << 17
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= t
        s3 = (s3 << 45) | (s3 >> 19)
        return result
    }

    /// Uniform between two bounds; 24 bits are exact in a Float.
    mutating func uniform(_ low: Float, _ high: Float) -> Float {
        low + (high - low) * (Float(next() >> 40) * (1 / 16_777_216))
    }

    /// -1 or +1.
    mutating func sign() -> Float {
        next() >> 63 == 0 ? -1 : 1
    }

    /// Two uncorrelated, nearly normal numbers of unit variance from one draw.
    ///
    /// Sums of four uniforms are close enough to normal for noise, and two sign
    /// patterns over the same four are orthogonal.
    @inline(__always)
    mutating func normalPair() -> (Float, Float) {
        let bits = next()
        let a = Float(Int32(truncatingIfNeeded: bits & 0xFFFF) - 32768)
        let b = Float(Int32(truncatingIfNeeded: (bits >> 16) & 0xFFFF) - 32768)
        let c = Float(Int32(truncatingIfNeeded: (bits >> 32) & 0xFFFF) - 32768)
        let d = Float(Int32(truncatingIfNeeded: bits >> 48) - 32768)
        // Four uniforms of width 65536 have a summed deviation of 65536 / sqrt(3).
        let scale: Float = 1 / 37837.2
        return ((a + b + c + d) * scale, (a - b + c - d) * scale)
    }
}
