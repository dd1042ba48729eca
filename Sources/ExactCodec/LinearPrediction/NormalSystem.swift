/// Normal equations of weighted least squares, for at most 32 features.
struct NormalSystem {
    /// Groups of four features.
    static let groupCount = 8
    private let count: Int
    /// Rows of groups; the lower triangle counts, and what lies beyond the diagonal is not looked at.
    private var matrix: [SIMD4<Double>]
    private var right: [Double]

    init(count: Int) {
        self.count = count
        matrix = [SIMD4<Double>](repeating: .zero, count: Self.groupCount * count)
        right = [Double](repeating: 0, count: count)
    }

    /// Adds samples, four at a time: each sum is read and written once for all four.
    /// - Parameters:
    ///   - sampleCount: how many there are.
    ///   - describe: sets the features of a sample; gives its target and its weight.
    mutating func add(
        _ sampleCount: Int, _ describe: (Int, UnsafeMutablePointer<Double>) -> (target: Double, weight: Double)
    ) {
        let features = UnsafeMutablePointer<SIMD4<Double>>.allocate(capacity: 4 * Self.groupCount)
        features.initialize(repeating: .zero, count: 4 * Self.groupCount)
        defer { features.deallocate() }
        let numbers = UnsafeMutableRawPointer(features).assumingMemoryBound(to: Double.self)
        var index = 0
        while index < sampleCount {
            var targets = SIMD4<Double>.zero
            var weights = SIMD4<Double>.zero
            for lane in 0..<min(4, sampleCount - index) {
                (targets[lane], weights[lane]) = describe(index + lane, numbers + 4 * Self.groupCount * lane)
            }
            add(features, targets, weights)
            index += 4
        }
    }

    /// Adds four samples; one of weight 0 adds nothing.
    private mutating func add(_ features: UnsafePointer<SIMD4<Double>>, _ targets: SIMD4<Double>, _ weights: SIMD4<Double>) {
        let numbers = UnsafeRawPointer(features).assumingMemoryBound(to: Double.self)
        let (groups, width) = (Self.groupCount, 4 * Self.groupCount)
        matrix.withUnsafeMutableBufferPointer { matrix in
            for row in 0..<count {
                let scaled =
                    SIMD4(numbers[row], numbers[width + row], numbers[2 * width + row], numbers[3 * width + row]) * weights
                let sums = matrix.baseAddress.map { $0 + row * groups }
                guard let sums else { return }
                for group in 0...row >> 2 {
                    var sum = sums[group]
                    sum += features[group] * scaled[0]
                    sum += features[groups + group] * scaled[1]
                    sum += features[2 * groups + group] * scaled[2]
                    sum += features[3 * groups + group] * scaled[3]
                    sums[group] = sum
                }
                right[row] += (scaled * targets).sum()
            }
        }
    }

    /// The same for the first features alone.
    func leading(_ count: Int) -> NormalSystem {
        var result = NormalSystem(count: count)
        result.matrix = Array(matrix.prefix(Self.groupCount * count))
        result.right = Array(right.prefix(count))
        return result
    }

    /// The weights, drawn a little towards usual ones where the sample says little.
    /// - Returns: nil where the sums leave no solution.
    func solution(towards usual: [Double], ridge: Double) -> [Double]? {
        let width = count
        var factor = (0..<count).flatMap { row in (0..<count).map { matrix[row * Self.groupCount + $0 >> 2][$0 & 3] } }
        var sides = right
        let trace = (0..<count).reduce(0) { $0 + factor[$1 * width + $1] } / Double(count)
        guard trace.isFinite, trace > 0 else { return nil }
        for row in 0..<count {
            factor[row * width + row] += trace * ridge
            sides[row] += trace * ridge * usual[row]
        }
        // Cholesky's factor, in place.
        for row in 0..<count {
            for column in 0...row {
                var sum = factor[row * width + column]
                for k in 0..<column { sum -= factor[row * width + k] * factor[column * width + k] }
                if row == column {
                    guard sum > 0 else { return nil }
                    factor[row * width + row] = sum.squareRoot()
                } else {
                    factor[row * width + column] = sum / factor[column * width + column]
                }
            }
        }
        for row in 0..<count {
            for k in 0..<row { sides[row] -= factor[row * width + k] * sides[k] }
            sides[row] /= factor[row * width + row]
        }
        for row in (0..<count).reversed() {
            for k in row + 1..<max(row + 1, count) { sides[row] -= factor[k * width + row] * sides[k] }
            sides[row] /= factor[row * width + row]
        }
        return sides
    }
}
