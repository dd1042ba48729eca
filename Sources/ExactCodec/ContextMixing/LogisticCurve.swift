/// Distribution of a voxel's value: logistic, cut off at the least and the greatest value it can have.
struct LogisticCurve {
    /// In 16ths of a code.
    private let mean: Int32
    /// 4096ths of a 256th of a logit for a 16th of a code.
    private let scale: Int32
    /// Probability beyond the greatest value, and before the least, in 2^20ths.
    private let above: UInt32
    private let below: UInt32

    /// - Parameters:
    ///   - mean: in 16ths of a code.
    ///   - deviation: mean absolute deviation, in 16ths, above 0.
    ///   - bounds: the least and the greatest value.
    @inline(__always)
    init(mean: Int32, deviation: Int32, bounds: (low: Int32, high: Int32), table: UnsafePointer<UInt32>) {
        self.mean = mean
        // A logistic distribution deviates by 2 ln 2 times its scale: 256 * 2 ln 2 = 355.
        scale = (355 << 12) / max(1, deviation)
        above = Self.at((bounds.high &<< 4) &+ 8, mean, scale, 1, table)
        below = Self.at((bounds.low &<< 4) &- 8, mean, scale, -1, table)
    }

    @inline(__always)
    private static func at(_ boundary: Int32, _ mean: Int32, _ scale: Int32, _ side: Int, _ table: UnsafePointer<UInt32>) -> UInt32
    {
        let logit = max(-3072, min(3072, (Int(boundary &- mean) &* Int(scale)) >> 12))
        return table[3072 &+ side &* logit]
    }

    /// Returns the probability beyond a boundary, in 2^20ths.
    /// - Parameters:
    ///   - boundary: in 16ths of a code.
    ///   - side: 1 for above, -1 for below.
    @inline(__always)
    func beyond(_ boundary: Int32, side: Int, _ table: UnsafePointer<UInt32>) -> UInt32 {
        let tail = side > 0 ? above : below
        let whole = Self.at(boundary, mean, scale, side, table)
        return whole > tail ? whole &- tail : 0
    }

    /// A part of a whole, in 4096ths, 0 to 4095.
    @inline(__always)
    static func share(_ part: UInt32, of whole: UInt32) -> UInt32 { min(4095, (part &<< 12) / max(1, whole)) }
}
