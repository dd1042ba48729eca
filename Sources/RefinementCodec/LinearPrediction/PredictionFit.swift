/// Finds a chunk's ``PredictionParameters``: least squares over a sample of its voxels, each weighed by how well its neighbours are predicted.
///
/// Only the encoder does this, so it may use floating point.
struct PredictionFit {
    private let context: RefinementContext
    private let planes: UnsafePlanes
    private let offsets: [Int]
    private var samples: [Sample] = []

    /// A voxel that is looked at: where it is in the chunk and in the planes, and which of its neighbours west, north and before take part.
    private struct Sample {
        let z: Int
        let y: Int
        let x: Int
        let place: Int
        let neighbours: UInt8
    }

    /// About how many voxels are looked at.
    private static let sampleCount = 6144
    private static let rounds = 3
    private static let ridge = 1e-6
    private static let errorRidge = 3e-3
    private static let width = 32

    /// What a fit needs of planes that somebody else owns.
    struct UnsafePlanes {
        let values: UnsafeMutablePointer<Int16>
        let errors: UnsafeMutablePointer<Int16>
        let stride: Int
        let plane: Int
        let start: @Sendable (Int, Int) -> Int
    }

    /// Fills planes with a chunk's codes and finds the parameters for them.
    static func parameters(for exact: UnsafePointer<UInt16>, _ context: RefinementContext, _ planes: borrowing PaddedPlanes)
        -> PredictionParameters
    {
        let number = CodeNumbering(greatestCode: context.greatestCode)
        let rim = edgeCode(of: exact, context)
        planes.surround(with: number.value(of: rim))
        let (stride, plane) = (planes.stride, planes.plane)
        for z in 0..<context.slices {
            for y in 0..<context.rows {
                let line = (z * context.rows + y) * context.columns
                let start = planes.start(z, y)
                for x in 0..<context.columns {
                    planes.values[start + x] =
                        switch context.known[line + x] {
                        case RefinementContext.takesPart: number.value(of: exact[line + x])
                        case RefinementContext.neighbour: number.value(of: context.base[line + x])
                        default:
                            PaddedPlanes.standIn(planes.values, at: start + x, stride: stride, plane: plane, isFirstSlice: z == 0)
                        }
                }
            }
            if z == 0 { planes.repeatFirstSlice() }
        }
        let origin = planes.start(0, 0)
        let shared = UnsafePlanes(values: planes.values, errors: planes.errors, stride: stride, plane: plane) { z, y in
            origin + z * plane + y * stride
        }
        var fit = PredictionFit(context, shared)
        fit.sample()
        guard !fit.samples.isEmpty else { return PredictionParameters() }
        var result = fit.solve(number)
        result.rim = rim
        return result
    }

    /// A low code among those where rows of voxels that take part begin: about what lies beyond.
    private static func edgeCode(of exact: UnsafePointer<UInt16>, _ context: RefinementContext) -> UInt16 {
        var codes: [UInt16] = []
        context.known.withUnsafeBufferPointer { known in
            for line in stride(from: 0, to: known.count, by: context.columns) {
                var wasPart = false
                for index in line..<line + context.columns {
                    let isPart = known[index] == RefinementContext.takesPart
                    if isPart, !wasPart { codes.append(exact[index]) }
                    wasPart = isPart
                }
            }
        }
        codes.sort()
        return codes.isEmpty ? 0 : codes[codes.count / 4]
    }

    private init(_ context: RefinementContext, _ planes: UnsafePlanes) {
        self.context = context
        self.planes = planes
        offsets = CausalTaps.offsets(row: planes.stride, plane: planes.plane)
    }

    /// Takes voxels at irregular distances: regular ones would fall on the same columns again and again.
    private mutating func sample() {
        let (columns, rows) = (context.columns, context.rows)
        let total = context.known.reduce(0) { $0 + ($1 == RefinementContext.takesPart ? 1 : 0) }
        let step = max(1, total / Self.sampleCount)
        var generator: UInt32 = 1
        var left = 0
        samples.reserveCapacity(total / step + 16)
        context.known.withUnsafeBufferPointer { known in
            for z in (context.slices > 1 ? 1 : 0)..<context.slices {
                for y in 0..<rows {
                    let line = (z * rows + y) * columns
                    let start = planes.start(z, y)
                    for x in 0..<columns where known[line + x] == RefinementContext.takesPart {
                        guard left == 0 else {
                            left -= 1
                            continue
                        }
                        generator = generator &* 1_664_525 &+ 1_013_904_223
                        left = (step - 1) / 2 + Int(generator >> 8) % step
                        var neighbours: UInt8 = 0
                        if x > 0, known[line + x - 1] == RefinementContext.takesPart { neighbours |= 1 }
                        if y > 0, known[line + x - columns] == RefinementContext.takesPart { neighbours |= 2 }
                        if z > 1, known[line + x - columns * rows] == RefinementContext.takesPart { neighbours |= 4 }
                        samples.append(Sample(z: z, y: y, x: x, place: start + x, neighbours: neighbours))
                    }
                }
            }
        }
    }

    private func solve(_ number: CodeNumbering) -> PredictionParameters {
        let start = PredictionParameters()
        var weights = start.weights.map { Double($0) / Double(1 << PredictionParameters.weightBits) }
        var planar = start.planarWeights.map { Double($0) / Double(1 << PredictionParameters.weightBits) }
        for round in 0..<Self.rounds {
            let used = Swift.stride(from: 0, to: samples.count, by: step(of: round)).map { samples[$0] }
            let spread = spreads(used, weights, isFirst: round == 0)
            var system = NormalSystem(count: CausalTaps.count)
            var features = [Double](repeating: 0, count: Self.width)
            for (sample, weight) in zip(used, spread) {
                for tap in 0..<CausalTaps.count { features[tap] = Double(planes.values[sample.place + offsets[tap]]) }
                system.add(features, Double(planes.values[sample.place]), weight: weight)
            }
            weights = system.solution(towards: start.weights.map { Double($0) / 4096 }, ridge: Self.ridge) ?? weights
            if round == Self.rounds - 1 {
                planar =
                    system.leading(CausalTaps.planarCount).solution(
                        towards: start.planarWeights.map { Double($0) / 4096 }, ridge: Self.ridge) ?? planar
            }
        }
        var result = PredictionParameters()
        result.weights = weights.map(Self.fixed)
        result.planarWeights = planar.map(Self.fixed)
        result.errorWeights = errorWeights(result, number)
        return result
    }

    /// Of how many samples a round looks at one: all count in the last, the others only find about how far errors go.
    private func step(of round: Int) -> Int { round == Self.rounds - 1 ? 1 : 3 }

    private static func fixed(_ weight: Double) -> Int16 {
        guard weight.isFinite else { return 0 }
        return Int16(max(-32767, min(32767, (weight * Double(1 << PredictionParameters.weightBits)).rounded())))
    }

    /// For each sample the inverse of what its neighbours are off by, with a floor.
    private func spreads(_ samples: [Sample], _ weights: [Double], isFirst: Bool) -> [Double] {
        let steps = [1, planes.stride, planes.plane]
        var sums: [Double] = []
        sums.reserveCapacity(samples.count)
        var total = 0.0
        for sample in samples {
            var sum = 0.0
            var count = 0.0
            for (bit, step) in steps.enumerated() where sample.neighbours & 1 << UInt8(bit) != 0 {
                let place = sample.place - step
                var error = Double(planes.values[place])
                if isFirst {
                    error -= Double(planes.values[place - 1])
                } else {
                    for tap in 0..<CausalTaps.count { error -= weights[tap] * Double(planes.values[place + offsets[tap]]) }
                }
                sum += abs(error)
                count += 1
            }
            sums.append(count > 0 ? sum / count : -1)
            total += max(0, sums[sums.count - 1])
        }
        let mean = total / Double(max(1, samples.count))
        let floor = max(mean / 4, 0.25)
        return sums.map { 1 / (($0 < 0 ? mean : $0) + floor) }
    }

    /// How much each neighbour's error says of a voxel's own.
    private func errorWeights(_ parameters: PredictionParameters, _ number: CodeNumbering) -> [UInt8] {
        let errors = sampledErrors(parameters, number)
        let scale = Double(1 << PredictionParameters.errorWeightBits)
        let usual = PredictionParameters().errorWeights.map { Double($0) / scale }
        var weights = usual
        let floor = Double(1 << number.fractionBitCount) / 2
        for round in 0..<Self.rounds {
            var system = NormalSystem(count: CausalTaps.errorCount)
            var features = [Double](repeating: 0, count: Self.width)
            for start in stride(from: 0, to: errors.count, by: (CausalTaps.errorCount + 1) * step(of: round)) {
                var expected = 0.0
                for tap in 0..<CausalTaps.errorCount {
                    features[tap] = errors[start + tap]
                    expected += weights[tap] * features[tap]
                }
                let deviation = max(0, expected) + floor
                system.add(features, errors[start + CausalTaps.errorCount], weight: 1 / (deviation * deviation))
            }
            weights = (system.solution(towards: usual, ridge: Self.errorRidge) ?? weights).map { max(0, $0) }
        }
        return weights.map { $0.isFinite ? UInt8(max(0, min(255, ($0 * scale).rounded()))) : 0 }
    }

    /// For each sample the errors that coding will leave beside it, but for its corrections, then its own. Beside it, what takes no part counts as the mean
    /// of what does, and what lies beyond the edges as nothing.
    private func sampledErrors(_ parameters: PredictionParameters, _ number: CodeNumbering) -> [Double] {
        let taps = zip(offsets, parameters.weights).map { (offset: $0, weight: Int32($1)) }
        var result: [Double] = []
        result.reserveCapacity(samples.count * (CausalTaps.errorCount + 1))
        for sample in samples {
            let first = result.count
            var (sum, count) = (0.0, 0.0)
            for step in CausalTaps.errorSteps {
                let error = error(beside: sample, step, taps, number)
                result.append(error)
                if error >= 0 { (sum, count) = (sum + error, count + 1) }
            }
            for index in first..<result.count where result[index] < 0 { result[index] = sum / max(1, count) }
            result.append(max(0, error(beside: sample, (0, 0, 0), taps, number)))
        }
        return result
    }

    /// The absolute error of prediction at a step from a sample, in fractions of a code; 0 beyond the edges, -1 where no voxel takes part.
    private func error(
        beside sample: Sample, _ step: (z: Int, y: Int, x: Int), _ taps: [(offset: Int, weight: Int32)], _ number: CodeNumbering
    ) -> Double {
        let (z, y, x) = (sample.z + step.z, sample.y + step.y, sample.x + step.x)
        // A first slice is predicted by other weights.
        guard z >= min(1, context.slices - 1), (0..<context.rows).contains(y), (0..<context.columns).contains(x) else { return 0 }
        guard context.known[(z * context.rows + y) * context.columns + x] != RefinementContext.aside else { return -1 }
        let place = sample.place + (step.z * planes.plane + step.y * planes.stride + step.x)
        var predicted: Int32 = 0
        for tap in taps { predicted = predicted &+ Int32(planes.values[place + tap.offset]) &* tap.weight }
        let missed = Int32(planes.values[place]) << number.fractionBits &- (predicted &+ number.rounding) >> number.shift
        return Double(min(32767, max(missed, 0 &- missed)))
    }
}

/// Normal equations of weighted least squares.
struct NormalSystem {
    private let count: Int
    private static let width = 32
    /// The lower triangle counts; rows are of one width so that sums over them go several at a time.
    private var matrix: [Double]
    private var right: [Double]

    init(count: Int) {
        self.count = count
        matrix = [Double](repeating: 0, count: Self.width * count)
        right = [Double](repeating: 0, count: count)
    }

    /// - Parameter features: 32 numbers, those beyond the count 0.
    mutating func add(_ features: [Double], _ target: Double, weight: Double) {
        matrix.withUnsafeMutableBufferPointer { matrix in
            features.withUnsafeBufferPointer { features in
                for row in 0..<count {
                    let scaled = features[row] * weight
                    guard scaled != 0 else { continue }
                    let start = row * Self.width
                    // Whole groups of four: what lies beyond the diagonal is not looked at.
                    for column in 0..<(row + 4) & ~3 { matrix[start + column] += scaled * features[column] }
                    right[row] += scaled * target
                }
            }
        }
    }

    /// The same for the first features alone.
    func leading(_ count: Int) -> NormalSystem {
        var result = NormalSystem(count: count)
        for row in 0..<count {
            for column in 0...row { result.matrix[row * Self.width + column] = matrix[row * Self.width + column] }
            result.right[row] = right[row]
        }
        return result
    }

    /// The weights, drawn a little towards usual ones where the sample says little.
    /// - Returns: nil where the sums leave no solution.
    func solution(towards usual: [Double], ridge: Double) -> [Double]? {
        let width = Self.width
        var factor = matrix
        var sides = right
        let trace = (0..<count).reduce(0) { $0 + matrix[$1 * width + $1] } / Double(count)
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
