internal import CLinearRows

/// A neighbour and what it counts for in a sum.
typealias WeightedTap = linear_tap

/// Weighted sums over neighbours, a row at a time: the plain reference of `linear_sums`.
enum RowSums {
    /// Sets `sums` to what the taps contribute.
    static func fill(
        _ sums: UnsafeMutablePointer<Int32>, _ values: UnsafePointer<Int16>, _ taps: ArraySlice<WeightedTap>, count: Int
    ) {
        sums.update(repeating: 0, count: count)
        for tap in taps {
            for x in 0..<count { sums[x] = sums[x] &+ Int32(values[x + tap.offset]) &* Int32(tap.weight) }
        }
    }
}
