/// Predicts a residual from its neighbours by weights that are learned on the way: normalised least mean squares, in whole numbers.
struct AdaptivePredictor {
    /// Weights in 65536ths.
    private var weights = SIMD32<Int32>(repeating: 0)
    /// Learning rate: 2^-shift.
    private let shift: Int64

    init(shift: Int64) {
        self.shift = shift
    }

    /// In 16ths of a code.
    @inline(__always)
    func predict(_ features: SIMD32<Int32>) -> Int32 {
        ((weights &>> 4) &* features).wrappedSum() &>> 8
    }

    /// - Parameters:
    ///   - error: what was missed, in 16ths.
    ///   - energy: sum of the features' squares.
    @inline(__always)
    mutating func learn(_ features: SIMD32<Int32>, error: Int32, energy: Int64) {
        // error * feature / energy, scaled so that a weight is in 65536ths: 16 - 4 bits, less the rate, plus 8 kept for rounding.
        let gain = (Int64(error) << (12 + 16 - shift)) / (energy + 256)
        let step = Int32(truncatingIfNeeded: max(-(1 << 19), min(1 << 19, gain)))
        weights = (weights &+ ((features &* step &+ (1 << 15)) &>> 16)).clamped(
            lowerBound: SIMD32(repeating: -131072), upperBound: SIMD32(repeating: 131072))
    }
}
