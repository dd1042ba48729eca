/// Predicts a residual from its neighbours by weights that are learned on the way: normalised least mean squares, in whole numbers.
///
/// Loops run over plain memory: those the compiler turns into vector instructions, lanes of Swift's SIMD types it shifts one by one.
struct AdaptivePredictor {
    /// Features a prediction is made from.
    static let count = 32
    /// In 65536ths.
    private let weights: UnsafeMutablePointer<Int32>
    /// Learning rate: 2^-shift.
    private let shift: Int64

    init(shift: Int64) {
        self.shift = shift
        weights = .allocate(capacity: Self.count)
        weights.initialize(repeating: 0, count: Self.count)
    }

    func deallocate() { weights.deallocate() }

    /// In 16ths of a code.
    @inline(__always)
    func predict(_ features: UnsafePointer<Int32>) -> Int32 {
        var sum: Int32 = 0
        for index in 0..<Self.count { sum = sum &+ (weights[index] &>> 4) &* features[index] }
        return sum &>> 8
    }

    /// - Parameters:
    ///   - error: what was missed, in 16ths, at most 15 bits.
    ///   - energy: sum of the features' squares.
    @inline(__always)
    func learn(_ features: UnsafePointer<Int32>, error: Int32, energy: Int64) {
        // error / 16 * feature / energy in 65536ths, less the rate, with 16 bits more for rounding.
        let gain = (Int64(error) << (28 &- shift)) / (energy &+ 256)
        let step = Int32(truncatingIfNeeded: max(-(1 << 17), min(1 << 17, gain)))
        for index in 0..<Self.count {
            let moved = weights[index] &+ (features[index] &* step &+ (1 << 15)) &>> 16
            weights[index] = max(-131072, min(131072, moved))
        }
    }
}
