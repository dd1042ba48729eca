internal import CLinearRows

/// Codes a chunk's voxels one after another by linear prediction from ``CausalTaps``, the same way in both directions.
///
/// The sums over earlier rows and slices are worked out for a whole row at a time; only the voxel's own row is serial. ``decode(_:into:)`` leaves a row
/// to `CLinearRows`; ``run(_:exact:output:)`` is its plain reference.
struct LinearModel: ~Copyable {
    private let context: ExactContext
    private let parameters: PredictionParameters
    private let planes: PaddedPlanes
    private let residuals: CorrectedResiduals
    private let predicted: UnsafeMutablePointer<Int32>
    private let expected: UnsafeMutablePointer<Int32>

    init(_ context: ExactContext, _ parameters: PredictionParameters) {
        self.context = context
        self.parameters = parameters
        residuals = CorrectedResiduals(context)
        planes = PaddedPlanes(
            columns: context.columns, rows: context.rows, slices: context.slices,
            rim: residuals.number.value(of: parameters.rim))
        predicted = .allocate(capacity: context.columns)
        predicted.initialize(repeating: 0, count: context.columns)
        expected = .allocate(capacity: context.columns)
        expected.initialize(repeating: 0, count: context.columns)
    }

    deinit {
        predicted.deallocate()
        expected.deallocate()
    }

    /// Decodes the codes of voxels that take part.
    /// - Parameter output: slices x rows x columns.
    func decode(_ coder: inout TokenDecoder, into output: UnsafeMutablePointer<UInt16>) {
        context.known.withUnsafeBufferPointer { known in
            context.base.withUnsafeBufferPointer { base in
                guard let known = known.baseAddress, let base = base.baseAddress else { return }
                for z in 0..<context.slices {
                    let weights = SliceWeights(parameters, row: planes.stride, plane: planes.plane, isFirst: z == 0)
                    weights.withRow(planes, sums: predicted, errorSums: expected) { row in
                        for y in 0..<context.rows {
                            let line = (z * context.rows + y) * context.columns
                            row.known = known + line
                            row.base = base + line
                            row.values = planes.values + planes.start(z, y)
                            row.errors = planes.errors + planes.start(z, y)
                            coder.decode(row, into: output + line, residuals)
                            coder.endRow()
                        }
                    }
                    if z == 0 { planes.repeatFirstSlice() }
                }
                coder.finish()
            }
        }
    }

    /// - Parameters:
    ///   - exact: the codes; nil to decode them.
    ///   - output: takes the codes of voxels that take part; nil where nobody wants them.
    func run<Coder: TokenCoder & ~Copyable>(
        _ coder: inout Coder, exact: UnsafePointer<UInt16>?, output: UnsafeMutablePointer<UInt16>?
    ) {
        context.known.withUnsafeBufferPointer { known in
            context.base.withUnsafeBufferPointer { base in
                guard let known = known.baseAddress, let base = base.baseAddress else { return }
                for z in 0..<context.slices {
                    let weights = SliceWeights(parameters, row: planes.stride, plane: planes.plane, isFirst: z == 0)
                    for y in 0..<context.rows {
                        let line = (z * context.rows + y) * context.columns
                        let row = Row(
                            start: planes.start(z, y), known: known + line, base: base + line, exact: exact.map { $0 + line },
                            output: output.map { $0 + line })
                        code(row, weights, &coder)
                        coder.endRow()
                    }
                    if z == 0 { planes.repeatFirstSlice() }
                }
                coder.finish()
            }
        }
    }

    private struct Row {
        let start: Int
        let known: UnsafePointer<UInt8>
        let base: UnsafePointer<UInt16>
        let exact: UnsafePointer<UInt16>?
        let output: UnsafeMutablePointer<UInt16>?
    }

    @inline(__always)
    private func code<Coder: TokenCoder & ~Copyable>(_ row: Row, _ weights: SliceWeights, _ coder: inout Coder) {
        let columns = context.columns
        var first = 0
        while first < columns, row.known[first] == ExactContext.aside { first += 1 }
        var end = columns
        while end > first, row.known[end - 1] == ExactContext.aside { end -= 1 }
        if first < end {
            RowSums.fill(
                predicted + first, planes.values + row.start + first, weights.taps.dropFirst(CausalTaps.serialCount),
                count: end - first)
            RowSums.fill(
                expected + first, planes.errors + row.start + first, weights.errors.dropFirst(CausalTaps.serialErrorCount),
                count: end - first)
        }
        let (w0, w1, w2) = (Int32(weights.taps[0].weight), Int32(weights.taps[1].weight), Int32(weights.taps[2].weight))
        let (e0, e1) = (Int32(weights.errors[0].weight), Int32(weights.errors[1].weight))
        let (stride, plane, isFirst) = (planes.stride, planes.plane, weights.isFirst)
        let number = residuals.number
        let (fraction, shift, round) = (number.fractionBits, number.shift, number.rounding)
        for x in 0..<columns {
            let place = row.start + x
            let value = planes.values + place
            let error = planes.errors + place
            guard row.known[x] != ExactContext.aside else {
                error[0] = PaddedPlanes.standIn(planes.errors, at: place, stride: stride, plane: plane, isFirstSlice: isFirst)
                value[0] = PaddedPlanes.standIn(planes.values, at: place, stride: stride, plane: plane, isFirstSlice: isFirst)
                continue
            }
            let (west, west2, north) = (Int32(value[-1]), Int32(value[-2]), Int32(value[-stride]))
            let sum = predicted[x] &+ w0 &* west &+ w1 &* west2 &+ w2 &* Int32(value[-3])
            let around = CorrectedResiduals.Surroundings(
                prediction: (sum &+ round) &>> shift,
                level: TokenAlphabet.level(ofExpected: (expected[x] &+ e0 &* Int32(error[-1]) &+ e1 &* Int32(error[-2])) >> 4),
                west: west, west2: west2, north: north, before: isFirst ? north : Int32(value[-plane]))
            let takesPart = row.known[x] == ExactContext.takesPart
            let actual = residuals.code(around, takesPart: takesPart, base: row.base[x], exact: row.exact?[x] ?? 0, &coder)
            if takesPart { row.output?[x] = number.code(of: actual) }
            value[0] = Int16(truncatingIfNeeded: actual)
            let missed = actual &<< fraction &- around.prediction
            error[0] = Int16(truncatingIfNeeded: min(32767, max(missed, 0 &- missed)))
        }
    }
}

/// The weights of a slice: the same for every voxel in it.
struct SliceWeights {
    let isFirst: Bool
    let taps: [WeightedTap]
    let errors: [WeightedTap]

    /// - Parameters:
    ///   - row: voxels from a row to the next.
    ///   - plane: voxels from a slice to the next.
    init(_ parameters: PredictionParameters, row: Int, plane: Int, isFirst: Bool) {
        self.isFirst = isFirst
        taps = zip(CausalTaps.offsets(row: row, plane: plane), isFirst ? parameters.planarWeights : parameters.weights).map {
            WeightedTap(offset: $0, weight: $1)
        }
        errors = zip(
            CausalTaps.errorOffsets(row: row, plane: plane),
            isFirst ? parameters.planarErrorWeights : parameters.errorWeights.map(Int16.init)
        ).map { WeightedTap(offset: $0, weight: $1) }
    }

    /// Calls `body` with a row that has these taps and no place yet.
    /// - Parameters:
    ///   - sums: room for a row's sums.
    ///   - errorSums: room for those of errors.
    func withRow(
        _ planes: borrowing PaddedPlanes, sums: UnsafeMutablePointer<Int32>, errorSums: UnsafeMutablePointer<Int32>,
        _ body: (inout linear_row) -> Void
    ) {
        taps.withUnsafeBufferPointer { taps in
            errors.withUnsafeBufferPointer { errors in
                var row = linear_row()
                row.columns = planes.columns
                row.stride = planes.stride
                row.plane = planes.plane
                row.is_first_slice = isFirst ? 1 : 0
                row.taps = taps.baseAddress
                row.tap_count = taps.count
                row.error_taps = errors.baseAddress
                row.error_tap_count = errors.count
                row.sums = sums
                row.error_sums = errorSums
                body(&row)
            }
        }
    }
}
