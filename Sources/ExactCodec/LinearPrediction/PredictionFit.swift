/// Finds a chunk's ``PredictionParameters``: least squares over a sample of its voxels, each weighed by how well its neighbours are predicted.
///
/// Only the encoder does this, so it may use floating point.
struct PredictionFit {
    private let planes: Planes
    private let offsets: [Int]
    private let context: ExactContext
    private var samples: [Sample] = []

    /// A voxel that is looked at: where it is in the planes, and which of its neighbours west, north and before take part.
    private struct Sample {
        let z: Int
        let y: Int
        let x: Int
        let place: Int
        let neighbours: UInt8
    }

    /// Planes that somebody else owns.
    struct Planes {
        let values: UnsafePointer<Int16>
        let errors: UnsafePointer<Int16>
        let stride: Int
        let plane: Int
        /// The place of the first voxel of all.
        let origin: Int
    }

    /// About how many voxels are looked at.
    private static let sampleCount = 6144
    private static let rounds = 3
    private static let ridge = 1e-6
    private static let errorRidge = 3e-3

    /// Chooses the voxels to look at.
    /// - Parameter planes: they hold the chunk's values.
    init(_ context: ExactContext, _ planes: Planes) {
        self.planes = planes
        self.context = context
        offsets = CausalTaps.offsets(row: planes.stride, plane: planes.plane)
        sample()
    }

    /// Takes voxels at irregular distances: regular ones would fall on the same columns again and again.
    private mutating func sample() {
        let (columns, rows) = (context.columns, context.rows)
        let total = context.known.reduce(0) { $0 + ($1 == ExactContext.takesPart ? 1 : 0) }
        let step = max(1, total / Self.sampleCount)
        var generator: UInt32 = 1
        var left = 0
        samples.reserveCapacity(total / step + 16)
        context.known.withUnsafeBufferPointer { known in
            for z in (context.slices > 1 ? 1 : 0)..<context.slices {
                for y in 0..<rows {
                    let line = (z * rows + y) * columns
                    let start = planes.origin + z * planes.plane + y * planes.stride
                    var x = 0
                    while true {
                        x += ExactContext.passedCount(known, line + x..<line + columns, parts: &left)
                        guard x < columns else { break }
                        defer { x += 1 }
                        generator = generator &* 1_664_525 &+ 1_013_904_223
                        left = (step - 1) / 2 + Int(generator >> 8) % step
                        var neighbours: UInt8 = 0
                        if x > 0, known[line + x - 1] == ExactContext.takesPart { neighbours |= 1 }
                        if y > 0, known[line + x - columns] == ExactContext.takesPart { neighbours |= 2 }
                        if z > 1, known[line + x - columns * rows] == ExactContext.takesPart { neighbours |= 4 }
                        samples.append(Sample(z: z, y: y, x: x, place: start + x, neighbours: neighbours))
                    }
                }
            }
        }
    }

    /// The weights of prediction, the others as they are without knowing anything.
    func weights() -> PredictionParameters {
        var result = PredictionParameters()
        guard !samples.isEmpty else { return result }
        let usual = result.weights.map { Double($0) / Double(1 << PredictionParameters.weightBits) }
        var weights = usual
        for round in 0..<Self.rounds {
            let used = Self.used(samples, in: round)
            let spread = spreads(used, weights, isFirst: round == 0)
            var system = NormalSystem(count: CausalTaps.count)
            system.add(used.count) { index, features in
                let value = planes.values + used[index].place
                for tap in 0..<CausalTaps.count { features[tap] = Double(value[offsets[tap]]) }
                return (Double(value[0]), spread[index])
            }
            weights = system.solution(towards: usual, ridge: Self.ridge) ?? weights
            if round == Self.rounds - 1 {
                let planar = result.planarWeights.map { Double($0) / Double(1 << PredictionParameters.weightBits) }
                result.planarWeights =
                    system.leading(CausalTaps.planarCount).solution(towards: planar, ridge: Self.ridge)?.map(Self.fixed)
                    ?? result.planarWeights
            }
        }
        result.weights = weights.map(Self.fixed)
        return result
    }

    /// All samples count in the last round, a third in the others, which only find about how far errors go.
    private static func used<T>(_ samples: [T], in round: Int) -> [T] {
        round == rounds - 1 ? samples : Swift.stride(from: 0, to: samples.count, by: 3).map { samples[$0] }
    }

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
                let value = planes.values + (sample.place - step)
                var error = Double(value[0])
                if isFirst {
                    error -= Double(value[-1])
                } else {
                    for tap in 0..<CausalTaps.count { error -= weights[tap] * Double(value[offsets[tap]]) }
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

    /// The weights of the neighbours' errors, once the planes hold the errors.
    func errorWeights(_ number: CodeNumbering) -> [UInt8] {
        let scale = Double(1 << PredictionParameters.errorWeightBits)
        let usual = PredictionParameters().errorWeights.map { Double($0) / scale }
        guard !samples.isEmpty else { return PredictionParameters().errorWeights }
        let floor = Double(1 << number.fractionBitCount) / 2
        let errors = sampledErrors()
        let rows = Array(samples.indices)
        var weights = usual
        for round in 0..<Self.rounds {
            let used = Self.used(rows, in: round)
            var system = NormalSystem(count: CausalTaps.errorCount)
            system.add(used.count) { index, features in
                let start = used[index] * (CausalTaps.errorCount + 1)
                var expected = 0.0
                for tap in 0..<CausalTaps.errorCount {
                    features[tap] = errors[start + tap]
                    expected += weights[tap] * features[tap]
                }
                let deviation = max(0, expected) + floor
                return (errors[start + CausalTaps.errorCount], 1 / (deviation * deviation))
            }
            weights = (system.solution(towards: usual, ridge: Self.errorRidge) ?? weights).map { max(0, $0) }
        }
        return weights.map { $0.isFinite ? UInt8(max(0, min(255, ($0 * scale).rounded()))) : 0 }
    }

    /// For each sample the errors beside it, then its own. What stands aside counts as the mean of what does not: of what stands in for it little is
    /// expected, and that little would weigh the most. What lies beyond the edges counts as nothing, and so does a first slice, which is predicted by
    /// other weights.
    private func sampledErrors() -> [Double] {
        let offsets = CausalTaps.errorOffsets(row: planes.stride, plane: planes.plane)
        let steps = CausalTaps.errorSteps
        let firstSlice = min(1, context.slices - 1)
        var result = [Double](repeating: 0, count: samples.count * (CausalTaps.errorCount + 1))
        context.known.withUnsafeBufferPointer { known in
            for (index, sample) in samples.enumerated() {
                let start = index * (CausalTaps.errorCount + 1)
                var (sum, asideCount, asideTaps) = (0.0, 0, 0)
                for tap in 0..<CausalTaps.errorCount {
                    let (z, y, x) = (sample.z + steps[tap].z, sample.y + steps[tap].y, sample.x + steps[tap].x)
                    guard z >= firstSlice, (0..<context.rows).contains(y), (0..<context.columns).contains(x) else { continue }
                    guard known[(z * context.rows + y) * context.columns + x] != ExactContext.aside else {
                        asideCount += 1
                        asideTaps |= 1 << tap
                        continue
                    }
                    let error = Double(planes.errors[sample.place + offsets[tap]])
                    result[start + tap] = error
                    sum += error
                }
                if asideTaps != 0 {
                    let mean = sum / Double(max(1, CausalTaps.errorCount - asideCount))
                    for tap in 0..<CausalTaps.errorCount where asideTaps & 1 << tap != 0 { result[start + tap] = mean }
                }
                result[start + CausalTaps.errorCount] = Double(planes.errors[sample.place])
            }
        }
        return result
    }
}
