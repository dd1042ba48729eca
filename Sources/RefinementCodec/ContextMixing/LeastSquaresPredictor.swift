/// Predicts by the weights that would have served best of late: least squares over the last rows, solved anew after each, in whole numbers.
///
/// The normal equations are scaled to a unit diagonal, regularised, and solved by an LDL decomposition in fixed point with 26 bits.
struct LeastSquaresPredictor {
    private static let count = AdaptivePredictor.count
    private static let one: Int64 = 1 << 26
    /// A row's share of what is remembered: 2^-decay.
    private static let decay: Int64 = 8

    private let weights: UnsafeMutablePointer<Int32>
    /// Products of features, and of features with what was to be predicted, over the row that runs and over all.
    private let rowProducts: UnsafeMutablePointer<Int32>
    private let rowTargets: UnsafeMutablePointer<Int32>
    private let products: UnsafeMutablePointer<Int64>
    private let targets: UnsafeMutablePointer<Int64>
    private let lower: UnsafeMutablePointer<Int64>
    private let partial: UnsafeMutablePointer<Int64>
    private let line: UnsafeMutablePointer<Int64>
    private var rowEnergy: Int64 = 0
    private var energy: Int64 = 0
    private var sumCount = 0
    private var hasNews = false

    init() {
        func zeros<T: FixedWidthInteger>(_ count: Int) -> UnsafeMutablePointer<T> {
            let memory = UnsafeMutablePointer<T>.allocate(capacity: count)
            memory.initialize(repeating: 0, count: count)
            return memory
        }
        weights = zeros(Self.count)
        rowProducts = zeros(Self.count * Self.count)
        rowTargets = zeros(Self.count)
        products = zeros(Self.count * Self.count)
        targets = zeros(Self.count)
        lower = zeros(Self.count * Self.count)
        partial = zeros(Self.count * Self.count)
        line = zeros(4 * Self.count)
    }

    func deallocate() {
        weights.deallocate()
        rowProducts.deallocate()
        rowTargets.deallocate()
        products.deallocate()
        targets.deallocate()
        lower.deallocate()
        partial.deallocate()
        line.deallocate()
    }

    /// In 16ths of a code.
    @inline(__always)
    func predict(_ features: UnsafePointer<Int32>) -> Int32 {
        var sum: Int32 = 0
        for index in 0..<Self.count { sum = sum &+ (weights[index] &>> 4) &* features[index] }
        return sum &>> 8
    }

    /// - Parameters:
    ///   - features: at most eleven bits and a sign.
    ///   - target: what was to be predicted, in codes.
    @inline(__always)
    mutating func learn(_ features: UnsafePointer<Int32>, target: Int32) {
        let target = max(-2047, min(2047, target))
        for row in 0..<Self.count {
            let own = features[row]
            let place = rowProducts + row &* Self.count
            // Whole groups of eight, so that this becomes vector instructions; what is above the diagonal is not looked at.
            for index in 0..<(row | 7) &+ 1 { place[index] = place[index] &+ own &* features[index] }
        }
        for index in 0..<Self.count { rowTargets[index] = rowTargets[index] &+ target &* features[index] }
        rowEnergy &+= Int64(target &* target)
        hasNews = true
        sumCount &+= 1
        // Beyond this the sums might not fit.
        if sumCount == 256 { fold() }
    }

    private mutating func fold() {
        for index in 0..<Self.count * Self.count {
            products[index] = products[index] &+ Int64(rowProducts[index])
            rowProducts[index] = 0
        }
        for index in 0..<Self.count {
            targets[index] = targets[index] &+ Int64(rowTargets[index])
            rowTargets[index] = 0
        }
        energy = energy &+ rowEnergy
        rowEnergy = 0
        sumCount = 0
    }

    /// To be called where a row ends.
    mutating func endRow() {
        guard hasNews else { return }
        hasNews = false
        for index in 0..<Self.count * Self.count { products[index] = products[index] &- products[index] &>> Self.decay }
        for index in 0..<Self.count { targets[index] = targets[index] &- targets[index] &>> Self.decay }
        energy = energy &- energy &>> Self.decay
        fold()
        solve()
    }

    private func solve() {
        let n = Self.count
        let (scales, diagonal, forward, solution) = (line, line + n, line + 2 * n, line + 3 * n)
        let targetScale = max(1, Self.root(energy))
        for i in 0..<n { scales[i] = max(1, Self.root(products[i &* n &+ i])) }
        func unit(_ product: Int64, _ a: Int64, _ b: Int64) -> Int64 { (((product &<< 13) / a) &<< 13) / b }
        for j in 0..<n {
            for i in j..<n {
                // Row i of `lower`, row j of `partial`: both lie together.
                let other = lower + i &* n
                let mine = partial + j &* n
                var sum: Int64 = 0
                for k in 0..<j { sum = sum &+ (other[k] &* mine[k]) &>> 26 }
                let product = i == j ? Self.one &+ Self.one >> 12 : unit(products[i &* n &+ j], scales[i], scales[j])
                let rest = product &- sum
                if i == j {
                    diagonal[j] = max(1 << 16, rest)
                } else {
                    partial[i &* n &+ j] = max(-(Self.one << 1), min(Self.one << 1, rest))
                    other[j] = (partial[i &* n &+ j] &<< 26) / diagonal[j]
                }
            }
        }
        for i in 0..<n {
            var sum = unit(targets[i], scales[i], targetScale)
            for k in 0..<i { sum = sum &- (lower[i &* n &+ k] &* forward[k]) &>> 26 }
            forward[i] = sum
        }
        for i in Swift.stride(from: n - 1, through: 0, by: -1) {
            var value = (max(-(Self.one << 8), min(Self.one << 8, forward[i])) &<< 26) / diagonal[i]
            for k in i &+ 1..<n { value = value &- (lower[k &* n &+ i] &* solution[k]) &>> 26 }
            solution[i] = max(-(Self.one << 6), min(Self.one << 6, value))
            let weight = (solution[i] &* targetScale / scales[i]) &>> 10
            weights[i] = Int32(truncatingIfNeeded: max(-131072, min(131072, weight)))
        }
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
