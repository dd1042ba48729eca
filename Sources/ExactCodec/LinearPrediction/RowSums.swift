/// A neighbour and what it counts for in a sum.
struct WeightedTap {
    /// From the voxel to the neighbour.
    let offset: Int
    let weight: Int16
}

/// Weighted sums over neighbours, a row at a time.
enum RowSums {
    /// Sets `sums` to what the taps contribute. Weights and values have 16 bits, so that a product is one instruction for several voxels.
    static func fill(
        _ sums: UnsafeMutablePointer<Int32>, _ values: UnsafePointer<Int16>, _ taps: ArraySlice<WeightedTap>, count: Int
    ) {
        sums.update(repeating: 0, count: count)
        var index = taps.startIndex
        while index + 4 <= taps.endIndex {
            let (a, b, c, d) = (taps[index], taps[index + 1], taps[index + 2], taps[index + 3])
            index += 4
            guard a.weight | b.weight | c.weight | d.weight != 0 else { continue }
            let (p, q, r, s) = (values + a.offset, values + b.offset, values + c.offset, values + d.offset)
            for x in 0..<count {
                let one = Int32(p[x]) &* Int32(a.weight) &+ Int32(q[x]) &* Int32(b.weight)
                let two = Int32(r[x]) &* Int32(c.weight) &+ Int32(s[x]) &* Int32(d.weight)
                sums[x] = sums[x] &+ one &+ two
            }
        }
        while index < taps.endIndex {
            let tap = taps[index]
            index += 1
            let p = values + tap.offset
            for x in 0..<count { sums[x] = sums[x] &+ Int32(p[x]) &* Int32(tap.weight) }
        }
    }
}
