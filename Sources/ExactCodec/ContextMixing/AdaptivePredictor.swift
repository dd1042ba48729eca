/// Predicts by weights that are learned on the way: normalised least mean squares, in whole numbers.
///
/// Loops run over plain memory of 16-bit numbers: those the compiler turns into vector instructions of any machine.
struct AdaptivePredictor {
    /// Weights as they are learned, in 65536ths.
    private let weights: UnsafeMutablePointer<Int32>
    /// Weights as predictions use them, in 4096ths.
    private let used: UnsafeMutablePointer<Int16>
    /// Learning rate: 2^-shift.
    private let shift: Int64

    init(shift: Int64) {
        self.shift = shift
        weights = .allocate(capacity: Features.count)
        weights.initialize(repeating: 0, count: Features.count)
        used = .allocate(capacity: Features.count)
        used.initialize(repeating: 0, count: Features.count)
    }

    func deallocate() {
        weights.deallocate()
        used.deallocate()
    }

    /// In 16ths of a feature's unit.
    @inline(__always)
    func predict(_ features: UnsafePointer<Int16>) -> Int32 { Features.dot(used, features) &>> 8 }

    /// - Parameter error: what was missed, in 16ths, at most 15 bits.
    @inline(__always)
    func learn(_ features: UnsafePointer<Int16>, error: Int32) {
        var energy: Int64 = 256
        for index in 0..<Features.count { energy &+= Int64(Int32(features[index]) &* Int32(features[index])) }
        // error / 16 * feature / energy in 65536ths, less the rate, with 14 bits more for rounding.
        let step = Int16(max(-32767, min(32767, (Int64(error) << (26 &- shift)) / energy)))
        for index in 0..<Features.count {
            let moved = weights[index] &+ (Int32(features[index]) &* Int32(step) &+ (1 << 13)) &>> 14
            weights[index] = max(-131072, min(131071, moved))
            used[index] = Int16(truncatingIfNeeded: weights[index] &>> 4)
        }
    }
}

/// Inputs of a prediction: differences of the voxels around from their mean, and the course of the base around the voxel.
enum Features {
    static let count = 36
    /// Features lie within this, either way.
    static let limit: Int32 = 2047

    /// Shifts features down and bounds them.
    @inline(__always)
    static func pack(_ raw: UnsafePointer<Int32>, shift: Int32, into features: UnsafeMutablePointer<Int16>) {
        for index in 0..<count { features[index] = Int16(truncatingIfNeeded: max(-limit, min(limit, raw[index] &>> shift))) }
    }

    @inline(__always)
    static func dot(_ a: UnsafePointer<Int16>, _ b: UnsafePointer<Int16>) -> Int32 {
        var sum: Int32 = 0
        for index in 0..<count { sum = sum &+ Int32(a[index]) &* Int32(b[index]) }
        return sum
    }
}
