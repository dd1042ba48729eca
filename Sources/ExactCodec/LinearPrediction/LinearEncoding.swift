/// Codes a chunk whose codes are all there: what a decoder works out voxel by voxel is worked out here a row at a time, and only what adapts is serial.
/// The bytes are those of ``LinearModel``.
struct LinearEncoding: ~Copyable {
    private let context: ExactContext
    private let exact: UnsafePointer<UInt16>
    private let planes: PaddedPlanes
    private let number: CodeNumbering
    private let rim: UInt16
    /// The voxels of each row that take part or are neighbours, counted.
    private var rowCounts: [Int] = []
    /// The columns of those voxels, and their predictions, row after row.
    private let places: UnsafeMutablePointer<UInt32>
    private let predictions: UnsafeMutablePointer<Int32>
    private let sums: UnsafeMutablePointer<Int32>

    /// - Parameter exact: slices x rows x columns of codes; they have to stay where they are.
    init(_ exact: UnsafePointer<UInt16>, _ context: ExactContext) {
        self.context = context
        self.exact = exact
        planes = PaddedPlanes(columns: context.columns, rows: context.rows, slices: context.slices)
        number = CodeNumbering(maxCode: context.maxCode)
        rim = Self.edgeCode(of: exact, context)
        let count = context.known.reduce(0) { $0 + ($1 == ExactContext.aside ? 0 : 1) }
        places = .allocate(capacity: count)
        predictions = .allocate(capacity: count)
        sums = .allocate(capacity: context.columns)
        rowCounts.reserveCapacity(context.slices * context.rows)
        planes.surround(with: number.value(of: rim))
        fill()
    }

    deinit {
        places.deallocate()
        predictions.deallocate()
        sums.deallocate()
    }

    /// A low code among those where rows of voxels that take part begin: about what lies beyond.
    private static func edgeCode(of exact: UnsafePointer<UInt16>, _ context: ExactContext) -> UInt16 {
        var codes: [UInt16] = []
        context.known.withUnsafeBufferPointer { known in
            for line in stride(from: 0, to: known.count, by: context.columns) {
                var wasPart = false
                for index in line..<line + context.columns {
                    let isPart = known[index] == ExactContext.takesPart
                    if isPart, !wasPart { codes.append(exact[index]) }
                    wasPart = isPart
                }
            }
        }
        codes.sort()
        return codes.isEmpty ? 0 : codes[codes.count / 4]
    }

    /// Finds a chunk's parameters, unless they are given, and codes it with them.
    /// - Returns: the parameters.
    func run(_ coder: inout TokenEncoder, parameters given: PredictionParameters? = nil) -> PredictionParameters {
        if let given {
            predict(given)
            code(given, &coder)
            return given
        }
        let fit = PredictionFit(
            context,
            PredictionFit.Planes(
                values: planes.values, errors: planes.errors, stride: planes.stride, plane: planes.plane,
                origin: planes.start(0, 0)))
        var parameters = fit.weights()
        parameters.rim = rim
        predict(parameters)
        parameters.errorWeights = fit.errorWeights(number)
        code(parameters, &coder)
        return parameters
    }

    /// Fills the planes with values.
    private mutating func fill() {
        var next = 0
        for z in 0..<context.slices {
            for y in 0..<context.rows {
                let line = (z * context.rows + y) * context.columns
                let values = planes.values + planes.start(z, y)
                let first = next
                for x in 0..<context.columns {
                    let known = context.known[line + x]
                    guard known != ExactContext.aside else {
                        values[x] = PaddedPlanes.standIn(
                            values, at: x, stride: planes.stride, plane: planes.plane, isFirstSlice: z == 0)
                        continue
                    }
                    values[x] = number.value(of: known == ExactContext.takesPart ? exact[line + x] : context.base[line + x])
                    places[next] = UInt32(x)
                    next += 1
                }
                rowCounts.append(next - first)
            }
            if z == 0, context.slices > 1 { planes.repeatFirstSlice() }
        }
    }

    /// Predicts every voxel, and fills the planes with what that is off by.
    private func predict(_ parameters: PredictionParameters) {
        var next = 0
        for z in 0..<context.slices {
            let weights = SliceWeights(parameters, row: planes.stride, plane: planes.plane, isFirst: z == 0)
            for y in 0..<context.rows {
                let start = planes.start(z, y)
                let errors = planes.errors + start
                let end = next + rowCounts[z * context.rows + y]
                sum(weights.taps, over: planes.values + start, next..<end)
                var x = 0
                while x < context.columns {
                    guard next < end, Int(places[next]) == x else {
                        errors[x] = PaddedPlanes.standIn(
                            errors, at: x, stride: planes.stride, plane: planes.plane, isFirstSlice: z == 0)
                        x += 1
                        continue
                    }
                    let prediction = (sums[x] &+ number.rounding) &>> number.shift
                    predictions[next] = prediction
                    let missed = Int32(planes.values[start + x]) &<< number.fractionBits &- prediction
                    errors[x] = Int16(truncatingIfNeeded: min(32767, max(missed, 0 &- missed)))
                    next += 1
                    x += 1
                }
            }
            if z == 0, context.slices > 1 { planes.repeatFirstSlice() }
        }
    }

    /// Sums over the neighbours of a row's voxels.
    private func sum(_ taps: [WeightedTap], over values: UnsafePointer<Int16>, _ range: Range<Int>) {
        guard let last = range.last else { return }
        let first = Int(places[range.lowerBound])
        RowSums.fill(sums + first, values + first, taps[...], count: Int(places[last]) + 1 - first)
    }

    private func code(_ parameters: PredictionParameters, _ coder: inout TokenEncoder) {
        let residuals = CorrectedResiduals(context)
        var next = 0
        for z in 0..<context.slices {
            let weights = SliceWeights(parameters, row: planes.stride, plane: planes.plane, isFirst: z == 0)
            for y in 0..<context.rows {
                let line = (z * context.rows + y) * context.columns
                let start = planes.start(z, y)
                let end = next + rowCounts[z * context.rows + y]
                sum(weights.errors, over: planes.errors + start, next..<end)
                context.known.withUnsafeBufferPointer { known in
                    context.base.withUnsafeBufferPointer { base in
                        for index in next..<end {
                            let x = Int(places[index])
                            let value = planes.values + start + x
                            let north = Int32(value[-planes.stride])
                            let around = CorrectedResiduals.Surroundings(
                                prediction: predictions[index], level: TokenAlphabet.level(ofExpected: sums[x] >> 4),
                                west: Int32(value[-1]), west2: Int32(value[-2]), north: north,
                                before: z == 0 ? north : Int32(value[-planes.plane]))
                            _ = residuals.code(
                                around, takesPart: known[line + x] == ExactContext.takesPart, base: base[line + x],
                                exact: exact[line + x], &coder)
                        }
                    }
                }
                next = end
                coder.endRow()
            }
        }
        coder.finish()
    }
}
