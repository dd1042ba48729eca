internal import CLinearRows

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
        number = CodeNumbering(maxCode: context.maxCode)
        rim = Self.edgeCode(of: exact, context)
        planes = PaddedPlanes(
            columns: context.columns, rows: context.rows, slices: context.slices, rim: number.value(of: rim))
        let count = context.known.reduce(0) { $0 + ($1 == ExactContext.aside ? 0 : 1) }
        places = .allocate(capacity: count)
        predictions = .allocate(capacity: count)
        sums = .allocate(capacity: context.columns)
        rowCounts.reserveCapacity(context.slices * context.rows)
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
                var none = 0
                var index = line
                while true {
                    index += ExactContext.passedCount(known, index..<line + context.columns, parts: &none)
                    guard index < line + context.columns else { break }
                    codes.append(exact[index])
                    index += ExactContext.partCount(known, index..<line + context.columns)
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
        context.known.withUnsafeBufferPointer { known in
            context.base.withUnsafeBufferPointer { base in
                var next = 0
                for z in 0..<context.slices {
                    for y in 0..<context.rows {
                        let first = next
                        fill(z, y, known, base, &next)
                        rowCounts.append(next - first)
                    }
                    if z == 0, context.slices > 1 { planes.repeatFirstSlice() }
                }
            }
        }
    }

    @inline(__always)
    private func fill(
        _ z: Int, _ y: Int, _ known: UnsafeBufferPointer<UInt8>, _ base: UnsafeBufferPointer<UInt16>, _ next: inout Int
    ) {
        let line = (z * context.rows + y) * context.columns
        let values = planes.values + planes.start(z, y)
        var x = 0
        while x < context.columns {
            let role = known[line + x]
            guard role != ExactContext.aside else {
                let run = ExactContext.asideCount(known, line + x..<line + context.columns)
                linear_stand_in(values + x, run, planes.stride, planes.plane, z == 0 ? 1 : 0)
                x += run
                continue
            }
            values[x] = number.value(of: role == ExactContext.takesPart ? exact[line + x] : base[line + x])
            places[next] = UInt32(truncatingIfNeeded: x)
            next += 1
            x += 1
        }
    }

    /// Calls `body` with each row and its voxels.
    private func forEachRow(_ parameters: PredictionParameters, _ body: (linear_row, linear_places, UnsafePointer<UInt16>) -> Void)
    {
        context.known.withUnsafeBufferPointer { known in
            context.base.withUnsafeBufferPointer { base in
                guard let known = known.baseAddress, let base = base.baseAddress else { return }
                var next = 0
                for z in 0..<context.slices {
                    let weights = SliceWeights(parameters, row: planes.stride, plane: planes.plane, isFirst: z == 0)
                    weights.withRow(planes, sums: sums, errorSums: sums) { row in
                        for y in 0..<context.rows {
                            let line = (z * context.rows + y) * context.columns
                            row.known = known + line
                            row.base = base + line
                            row.values = planes.values + planes.start(z, y)
                            row.errors = planes.errors + planes.start(z, y)
                            let count = rowCounts[z * context.rows + y]
                            let here = linear_places(columns: places + next, predictions: predictions + next, count: count)
                            body(row, here, exact + line)
                            next += count
                        }
                    }
                    if z == 0, context.slices > 1 { planes.repeatFirstSlice() }
                }
            }
        }
    }

    /// Predicts every voxel, and fills the planes with what that is off by.
    private func predict(_ parameters: PredictionParameters) {
        let model = CorrectedResiduals(context).kernelModel
        forEachRow(parameters) { row, places, _ in
            withUnsafePointer(to: model) { model in
                withUnsafePointer(to: row) { row in
                    withUnsafePointer(to: places) { linear_predict_row(model, row, $0) }
                }
            }
        }
    }

    private func code(_ parameters: PredictionParameters, _ coder: inout TokenEncoder) {
        let residuals = CorrectedResiduals(context)
        forEachRow(parameters) { row, places, exact in
            coder.encode(row, places, exact: exact, residuals)
            coder.endRow()
        }
        coder.finish()
    }
}
