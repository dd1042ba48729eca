internal import CLinearRows

/// Codes voxels whose prediction is known, one after another, the same way in both directions: a prediction is corrected by what such ones were off by
/// so far, and what is left is coded. The plain reference of `linear_decode_row` and `linear_encode_row`.
struct CorrectedResiduals: ~Copyable {
    let number: CodeNumbering
    private let biases: UnsafeMutablePointer<Int32>
    private let reach: Int32
    private let noiseBitLimit: Int
    private static let biasCount = (TokenAlphabet.levelCount / 2) << 4

    init(_ context: ExactContext) {
        number = CodeNumbering(maxCode: context.maxCode)
        reach = Int32(context.reach)
        noiseBitLimit = max(0, 14 - min(context.reach, context.maxCode).leadingZeroBitCount)
        biases = .allocate(capacity: Self.biasCount)
        biases.initialize(repeating: 0, count: Self.biasCount)
    }

    deinit { biases.deallocate() }

    /// The same for the inner loops; token tables are still to be lent to it.
    var kernelModel: linear_model {
        var model = linear_model()
        model.fraction_bits = number.fractionBits
        model.shift = number.shift
        model.rounding = number.rounding
        model.half = number.half
        model.lowest = number.lowestValue
        model.highest = number.highestValue
        model.offset = number.offset
        model.reach = reach
        model.noise_bit_limit = Int32(noiseBitLimit)
        model.biases = biases
        return model
    }

    /// The knowledge of a voxel that both ends have before it is coded.
    struct Surroundings {
        /// In fractions of a code.
        let prediction: Int32
        /// Of the error expected.
        let level: Int
        let west: Int32
        let west2: Int32
        let north: Int32
        let before: Int32
    }

    /// Codes one voxel.
    /// - Parameters:
    ///   - takesPart: otherwise its value is its base's, and nothing is coded; what it is off by still tells what to expect beside it.
    ///   - exact: its code; a decoder does not look at it.
    /// - Returns: its value.
    @inline(__always)
    func code<Coder: TokenCoder & ~Copyable>(
        _ around: Surroundings, takesPart: Bool, base: UInt16, exact: UInt16, _ coder: inout Coder
    ) -> Int32 {
        let (fraction, prediction) = (number.fractionBits, around.prediction)
        let signs =
            (around.west &<< fraction > prediction ? 1 : 0) | (around.north &<< fraction > prediction ? 2 : 0)
            | (around.before &<< fraction > prediction ? 4 : 0)
            | ((2 &* around.west &- around.west2) &<< fraction > prediction ? 8 : 0)
        let bias = biases + ((around.level >> 1) << 4 | signs)
        var actual = Int32(number.value(of: base))
        if takesPart {
            let range = number.range(around: actual, reach: reach)
            let corrected = max(range.low &<< fraction, min(range.high &<< fraction, prediction &+ (bias[0] &+ 128) >> 8))
            let whole = (corrected &+ number.half) &>> fraction
            // Where the prediction lies above its whole number the next is likelier than the one before.
            let isBelow = corrected < whole &<< fraction
            let noiseBits = min(
                noiseBitLimit, TokenAlphabet.noiseBits(level: around.level, fractionBits: number.fractionBitCount))
            let folding = Folding(isReversed: isBelow, below: whole &- range.low, above: range.high &- whole)
            let coded = coder.code(
                folding.fold(Int32(number.value(of: exact)) &- whole), level: around.level, noiseBits: noiseBits)
            // Only a damaged chunk reaches beyond the range.
            actual = max(range.low, min(range.high, whole &+ folding.unfold(coded)))
        }
        let missed = actual &<< fraction &- prediction
        bias[0] = bias[0] &+ (missed << 8 &- bias[0]) >> 6
        return actual
    }
}
