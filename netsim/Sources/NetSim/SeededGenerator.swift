/// A fast random generator whose whole sequence follows from its seed: xoshiro256**, seeded by SplitMix64.
///
/// The system's generator cannot be seeded, and a simulated link must lose the same packets on every run.
/// Not for secrets.
public struct SeededGenerator: RandomNumberGenerator, Sendable, Equatable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    /// Creates a generator.
    ///
    /// - Parameters:
    ///   - seed: Any value; equal seeds give equal sequences.
    ///   - stream: Which of the seed's independent sequences to follow, so that one seed can serve many links.
    public init(seed: UInt64, stream: UInt64 = 0) {
        // Mixing the stream on its own first keeps (seed, stream) and (seed + 1, stream - 1) apart.
        var streamMixer = SplitMix64(state: stream)
        var mixer = SplitMix64(state: stream == 0 ? seed : seed ^ streamMixer.next())
        state = (mixer.next(), mixer.next(), mixer.next(), mixer.next())
    }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
        let result = rotateLeft(state.1 &* 5, by: 7) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = rotateLeft(state.3, by: 45)
        return result
    }

    /// The next number in 0 ..< 1, every multiple of 2⁻⁵³ being equally likely.
    public mutating func nextUniform() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// Tells whether two generators will give the same sequence from here on.
    public static func == (left: SeededGenerator, right: SeededGenerator) -> Bool {
        left.state == right.state
    }
}

private func rotateLeft(_ value: UInt64, by count: UInt64) -> UInt64 {
    (value << count) | (value >> (64 - count))
}

/// Spreads a seed of few set bits over the whole state, which xoshiro by itself would take many steps to do.
private struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
