/// Codes a chunk's voxels one after another by linear prediction from ``CausalTaps``, the same way in both directions.
///
/// The sums over earlier rows and slices are worked out for a whole row at a time; only the voxel's own row is serial.
struct LinearModel: ~Copyable {
    private let context: RefinementContext
    private let parameters: PredictionParameters
    private let planes: PaddedPlanes
    private let number: CodeNumbering
    private let predicted: UnsafeMutablePointer<Int32>
    private let expected: UnsafeMutablePointer<Int32>
    private let biases: UnsafeMutablePointer<Int32>
    private static let biasCount = (TokenAlphabet.levelCount / 2) << 4

    init(_ context: RefinementContext, _ parameters: PredictionParameters, planes: consuming PaddedPlanes) {
        self.context = context
        self.parameters = parameters
        self.planes = planes
        number = CodeNumbering(greatestCode: context.greatestCode)
        self.planes.surround(with: number.value(of: parameters.rim))
        predicted = .allocate(capacity: context.columns)
        predicted.initialize(repeating: 0, count: context.columns)
        expected = .allocate(capacity: context.columns)
        expected.initialize(repeating: 0, count: context.columns)
        biases = .allocate(capacity: Self.biasCount)
        biases.initialize(repeating: 0, count: Self.biasCount)
    }

    deinit {
        predicted.deallocate()
        expected.deallocate()
        biases.deallocate()
    }

    /// What is the same for every voxel of a slice.
    private struct SliceWeights {
        let isFirst: Bool
        let taps: [(offset: Int, weight: Int32)]
        let errors: [(offset: Int, weight: Int32)]
    }

    private func weights(isFirst: Bool) -> SliceWeights {
        let offsets = CausalTaps.offsets(row: planes.stride, plane: planes.plane)
        let errorOffsets = CausalTaps.errorOffsets(row: planes.stride, plane: planes.plane)
        let taps = (isFirst ? parameters.planarWeights : parameters.weights).map(Int32.init)
        let errors = isFirst ? parameters.planarErrorWeights : parameters.errorWeights.map(Int32.init)
        return SliceWeights(
            isFirst: isFirst, taps: zip(offsets, taps).map { ($0, $1) }, errors: zip(errorOffsets, errors).map { ($0, $1) })
    }

    /// - Parameters:
    ///   - exact: the codes; nil to decode them.
    ///   - output: takes the codes of voxels that take part; nil where nobody wants them.
    mutating func run<Coder: TokenCoder & ~Copyable>(
        _ coder: inout Coder, exact: UnsafePointer<UInt16>?, output: UnsafeMutablePointer<UInt16>?
    ) {
        context.known.withUnsafeBufferPointer { known in
            context.base.withUnsafeBufferPointer { base in
                guard let known = known.baseAddress, let base = base.baseAddress else { return }
                for z in 0..<context.slices {
                    let weights = weights(isFirst: z == 0)
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
    private mutating func code<Coder: TokenCoder & ~Copyable>(_ row: Row, _ weights: SliceWeights, _ coder: inout Coder) {
        let columns = context.columns
        var first = 0
        while first < columns, row.known[first] == RefinementContext.aside { first += 1 }
        var end = columns
        while end > first, row.known[end - 1] == RefinementContext.aside { end -= 1 }
        if first < end {
            RowSums.fill(
                predicted + first, planes.values + row.start + first, weights.taps.dropFirst(CausalTaps.serialCount),
                count: end - first)
            RowSums.fill(
                expected + first, planes.errors + row.start + first, weights.errors.dropFirst(CausalTaps.serialErrorCount),
                count: end - first)
        }
        let (w0, w1, w2) = (weights.taps[0].weight, weights.taps[1].weight, weights.taps[2].weight)
        let (e0, e1) = (weights.errors[0].weight, weights.errors[1].weight)
        let (stride, plane, isFirst) = (planes.stride, planes.plane, weights.isFirst)
        let (fraction, shift, round, half) = (number.fractionBits, number.shift, number.rounding, number.half)
        let reach = Int32(context.reach)
        let noiseBitLimit = max(0, 14 - min(context.reach, context.greatestCode).leadingZeroBitCount)
        for x in 0..<columns {
            let place = row.start + x
            let value = planes.values + place
            let error = planes.errors + place
            guard row.known[x] != RefinementContext.aside else {
                error[0] = PaddedPlanes.standIn(planes.errors, at: place, stride: stride, plane: plane, isFirstSlice: isFirst)
                value[0] = PaddedPlanes.standIn(planes.values, at: place, stride: stride, plane: plane, isFirstSlice: isFirst)
                continue
            }
            let (west, north) = (Int32(value[-1]), Int32(value[-stride]))
            let before = isFirst ? north : Int32(value[-plane])
            let further = Int32(value[-2])
            let sum = predicted[x] &+ w0 &* west &+ w1 &* further &+ w2 &* Int32(value[-3])
            let prediction = (sum &+ round) >> shift
            let level = TokenAlphabet.level(
                ofExpected: (expected[x] &+ e0 &* Int32(error[-1]) &+ e1 &* Int32(error[-2])) >> 4)
            let signs =
                (west << fraction > prediction ? 1 : 0) | (north << fraction > prediction ? 2 : 0)
                | (before << fraction > prediction ? 4 : 0) | ((2 &* west &- further) << fraction > prediction ? 8 : 0)
            let bias = biases + ((level >> 1) << 4 | signs)
            // A neighbour is predicted like any other: what it is off by tells what to expect beside it.
            var actual = Int32(number.value(of: row.base[x]))
            if row.known[x] == RefinementContext.takesPart {
                let range = number.range(around: actual, reach: reach)
                let corrected = max(range.low << fraction, min(range.high << fraction, prediction &+ (bias[0] &+ 128) >> 8))
                let whole = (corrected &+ half) >> fraction
                // Where the prediction lies above its whole number the next is likelier than the one before.
                let isBelow = corrected < whole << fraction
                let noiseBits = min(
                    noiseBitLimit, TokenAlphabet.noiseBits(level: level, fractionBits: number.fractionBitCount))
                let given = row.exact.map { Int32(number.value(of: $0[x])) &- whole } ?? 0
                let folding = Folding(isReversed: isBelow, below: whole &- range.low, above: range.high &- whole)
                let coded = coder.code(folding.fold(given), level: level, noiseBits: noiseBits)
                // Only a damaged chunk reaches beyond the range.
                actual = max(range.low, min(range.high, whole &+ folding.unfold(coded)))
                row.output?[x] = number.code(of: actual)
            }
            value[0] = Int16(truncatingIfNeeded: actual)
            let missed = actual << fraction &- prediction
            error[0] = Int16(truncatingIfNeeded: min(32767, max(missed, 0 &- missed)))
            bias[0] = bias[0] &+ (missed << 8 &- bias[0]) >> 6
        }
    }
}

/// How a residual becomes a number: the nearest first, to either side in turn, and beyond the nearer end of the range the other side alone.
struct Folding {
    /// Whether the smaller of two equally near values is the likelier.
    let isReversed: Bool
    /// Values below the prediction.
    let below: Int32
    /// Values above it.
    let above: Int32

    @inline(__always)
    func fold(_ residual: Int32) -> UInt32 {
        let toward = isReversed ? 0 &- residual : residual
        let magnitude = max(toward, 0 &- toward)
        let common = min(below, above)
        if magnitude > common { return UInt32(bitPattern: magnitude &+ common) }
        return UInt32(bitPattern: toward > 0 ? 2 &* toward &- 1 : -2 &* toward)
    }

    @inline(__always)
    func unfold(_ number: UInt32) -> Int32 {
        let number = Int32(bitPattern: number)
        let common = min(below, above)
        if number > 2 &* common {
            let magnitude = number &- common
            return above > below ? magnitude : 0 &- magnitude
        }
        let magnitude = (number &+ 1) >> 1
        return (number & 1 != 0) == isReversed ? 0 &- magnitude : magnitude
    }
}

/// How codes become numbers of 16 bits with a sign, and predictions fractions of them.
struct CodeNumbering {
    let offset: Int32
    let fractionBitCount: Int
    let fractionBits: Int32
    /// From weighted sums to predictions.
    let shift: Int32
    let rounding: Int32
    let half: Int32
    let lowestValue: Int32
    let highestValue: Int32

    init(greatestCode: UInt16) {
        offset = greatestCode > 32767 ? 32768 : 0
        // So that an error of all the range still fits, nearly.
        fractionBitCount = min(4, greatestCode.leadingZeroBitCount)
        fractionBits = Int32(fractionBitCount)
        shift = Int32(PredictionParameters.weightBits) - fractionBits
        rounding = 1 << (shift - 1)
        half = fractionBitCount > 0 ? 1 << (fractionBits - 1) : 0
        lowestValue = -offset
        highestValue = Int32(greatestCode) - offset
    }

    /// The values a voxel can have: all, or those within reach of what is known of it.
    @inline(__always)
    func range(around value: Int32, reach: Int32) -> (low: Int32, high: Int32) {
        reach == 65535 ? (lowestValue, highestValue) : (max(lowestValue, value - reach), min(highestValue, value + reach))
    }

    @inline(__always)
    func value(of code: UInt16) -> Int16 { Int16(truncatingIfNeeded: Int32(code) &- offset) }
    @inline(__always)
    func code(of value: Int32) -> UInt16 { UInt16(truncatingIfNeeded: value &+ offset) }
}

/// Weighted sums over earlier rows, a row at a time.
enum RowSums {
    /// Sets `sums` to what the taps contribute.
    static func fill(
        _ sums: UnsafeMutablePointer<Int32>, _ values: UnsafeMutablePointer<Int16>,
        _ taps: ArraySlice<(offset: Int, weight: Int32)>,
        count: Int
    ) {
        sums.update(repeating: 0, count: count)
        var index = taps.startIndex
        while index + 4 <= taps.endIndex {
            let (a, b, c, d) = (taps[index], taps[index + 1], taps[index + 2], taps[index + 3])
            index += 4
            guard a.weight | b.weight | c.weight | d.weight != 0 else { continue }
            let (p, q, r, s) = (values + a.offset, values + b.offset, values + c.offset, values + d.offset)
            for x in 0..<count {
                let one = Int32(p[x]) &* a.weight &+ Int32(q[x]) &* b.weight
                let two = Int32(r[x]) &* c.weight &+ Int32(s[x]) &* d.weight
                sums[x] = sums[x] &+ one &+ two
            }
        }
        while index < taps.endIndex {
            let tap = taps[index]
            index += 1
            let p = values + tap.offset
            for x in 0..<count { sums[x] = sums[x] &+ Int32(p[x]) &* tap.weight }
        }
    }
}
