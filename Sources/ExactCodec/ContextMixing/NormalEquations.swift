/// Solves the normal equations of least squares in whole numbers: the products of ``Features`` with each other, and of what was to be predicted
/// with them as the last row, all in one triangle, row by row.
///
/// The equations are scaled to a unit diagonal, regularised, and solved by an LDL decomposition in fixed point with 26 bits.
struct NormalEquations {
    /// Rows of the triangle.
    static let rowCount = Features.count + 1
    /// Numbers in the triangle.
    static let productCount = rowCount * (rowCount + 1) / 2
    private static let one: Int64 = 1 << 26
    /// Growth of a feature's own product, relative to itself, so that features that hardly differ do not cancel each other: 2^-11.
    private static let ridge: Int64 = one >> 11

    private let lower: UnsafeMutablePointer<Int64>
    private let partial: UnsafeMutablePointer<Int64>
    private let lines: UnsafeMutablePointer<Int64>

    init() {
        let count = Features.count * Features.count
        lower = .allocate(capacity: count)
        lower.initialize(repeating: 0, count: count)
        partial = .allocate(capacity: count)
        partial.initialize(repeating: 0, count: count)
        lines = .allocate(capacity: 5 * Self.rowCount)
        lines.initialize(repeating: 0, count: 5 * Self.rowCount)
    }

    func deallocate() {
        lower.deallocate()
        partial.deallocate()
        lines.deallocate()
    }

    /// Returns the place where a row of the triangle begins.
    @inline(__always)
    static func row(_ index: Int) -> Int { index &* (index &+ 1) / 2 }

    /// Finds the weights, in 4096ths.
    /// - Parameter products: below 2^30 either way.
    func solve(_ products: UnsafePointer<Int32>, into weights: UnsafeMutablePointer<Int16>) {
        let n = Features.count
        let (scales, inverses, diagonal) = (lines, lines + Self.rowCount, lines + 2 * Self.rowCount)
        let (forward, solution) = (lines + 3 * Self.rowCount, lines + 4 * Self.rowCount)
        // Square roots with ten bits behind the point, and what they go into 2^50.
        for i in 0...n {
            scales[i] = max(1 << 10, Self.root(Int64(products[Self.row(i) &+ i]) << 20))
            inverses[i] = (1 << 50) / scales[i]
        }
        for j in 0..<n {
            let mine = partial + j &* n
            diagonal[j] = max(1 << 16, Self.one &+ Self.ridge &- Self.dot(lower + j &* n, mine, j))
            let inverse = (1 << 50) / diagonal[j]
            for i in j &+ 1..<n {
                // Row i of `lower`, row j of `partial`: both lie together.
                let other = lower + i &* n
                let left = unit(products[Self.row(i) &+ j], i, j) &- Self.dot(other, mine, j)
                let rest = max(-(Self.one << 1), min(Self.one << 1, left))
                partial[i &* n &+ j] = rest
                other[j] = (rest &* inverse) &>> 24
            }
        }
        for i in 0..<n {
            let left = unit(products[Self.row(n) &+ i], n, i) &- Self.dot(lower + i &* n, forward, i)
            forward[i] = max(-(Self.one << 8), min(Self.one << 8, left))
        }
        for i in stride(from: n &- 1, through: 0, by: -1) {
            var value = (forward[i] << 26) / diagonal[i]
            for k in i &+ 1..<n { value = value &- (lower[k &* n &+ i] &* solution[k]) &>> 26 }
            solution[i] = max(-(Self.one << 6), min(Self.one << 6, value))
            weights[i] = Int16(max(-8192, min(8191, (solution[i] &* scales[n] / scales[i]) &>> 14)))
        }
    }

    /// Four sums, which do not wait for each other.
    @inline(__always)
    private static func dot(_ a: UnsafePointer<Int64>, _ b: UnsafePointer<Int64>, _ count: Int) -> Int64 {
        var sums: (Int64, Int64, Int64, Int64) = (0, 0, 0, 0)
        var k = 0
        while k &+ 4 <= count {
            sums.0 = sums.0 &+ a[k] &* b[k]
            sums.1 = sums.1 &+ a[k &+ 1] &* b[k &+ 1]
            sums.2 = sums.2 &+ a[k &+ 2] &* b[k &+ 2]
            sums.3 = sums.3 &+ a[k &+ 3] &* b[k &+ 3]
            k &+= 4
        }
        while k < count {
            sums.0 = sums.0 &+ a[k] &* b[k]
            k &+= 1
        }
        return (sums.0 &+ sums.1 &+ sums.2 &+ sums.3) &>> 26
    }

    /// A product over the square roots of both own products, in 2^26ths.
    @inline(__always)
    private func unit(_ product: Int32, _ i: Int, _ j: Int) -> Int64 {
        let inverses = lines + Self.rowCount
        return ((Int64(product) &* inverses[i]) &>> 24 &* inverses[j]) &>> 30
    }

    /// The whole square root.
    private static func root(_ value: Int64) -> Int64 {
        guard value > 0 else { return 0 }
        var root: Int64 = 1 << ((Int64(64 - value.leadingZeroBitCount) + 1) / 2)
        while true {
            let next = (root + value / root) / 2
            guard next < root else { return root }
            root = next
        }
    }
}
