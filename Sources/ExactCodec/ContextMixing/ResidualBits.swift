/// Codes how far a voxel is from what was predicted: its sign, then steps of a power of two in unary, then the bits within a step. What the bounds
/// leave no choice about takes no bit.
struct ResidualBits {
    /// Distributions a value may be expected by.
    static let guessCount = 4
    typealias Model = MixingModel<3, 4>
    /// Bits that are told apart: sign, steps on either side, the first bit within the first steps, length of what is far off.
    static let nodeCount = 64
    /// Beyond these many steps Elias' gamma code follows.
    private static let maxSteps: Int32 = 20

    private let curves: UnsafeMutablePointer<LogisticCurve>
    private let table: UnsafeMutablePointer<UInt32>

    init() {
        table = .allocate(capacity: Logistic.survival.count)
        table.initialize(from: Logistic.survival, count: Logistic.survival.count)
        curves = .allocate(capacity: Self.guessCount)
        curves.initialize(
            repeating: LogisticCurve(mean: 0, deviation: 1, bounds: (0, 0), table: table), count: Self.guessCount)
    }

    func deallocate() {
        curves.deallocate()
        table.deallocate()
    }

    /// Says where one predictor expects the voxel.
    @inline(__always)
    func expect(_ index: Int, mean: Int32, deviation: Int32, bounds: (low: Int32, high: Int32)) {
        curves[index] = LogisticCurve(mean: mean, deviation: deviation, bounds: bounds, table: table)
    }

    /// Codes a value, or gives back the one that was coded.
    /// - Parameters:
    ///   - centre: what was predicted, within the bounds.
    ///   - scale: log2 of a step.
    @inline(__always)
    func code<C: BinaryCoder>(
        _ value: Int32, centre: Int32, scale: Int32, bounds: (low: Int32, high: Int32), _ model: Model, _ coder: inout C
    ) -> Int32 {
        // -1 is the first negative residual, so that no residual has two codes.
        let zero = 16 &* centre &- 8
        let isNegative = centre > bounds.low && codeSign(value < centre, zero: zero, model, &coder)
        let size = isNegative ? centre &- 1 &- value : value &- centre
        let most = isNegative ? centre &- 1 &- bounds.low : bounds.high &- centre
        let side: Int32 = isNegative ? -1 : 1
        let firstNode = isNegative ? 25 : 1
        let steps = size &>> scale
        var count: Int32 = 0
        while count < Self.maxSteps, (count &+ 1) &<< scale <= most {
            let from = zero &+ side &* ((count &<< scale) &<< 4)
            let to = zero &+ side &* (((count &+ 1) &<< scale) &<< 4)
            for index in 0..<Self.guessCount {
                let rest = curves[index].beyond(from, side: Int(side), table)
                model.guess(index, LogisticCurve.share(curves[index].beyond(to, side: Int(side), table), of: rest))
            }
            if model.code(count < steps ? 1 : 0, node: firstNode &+ Int(count), with: &coder) == 0 { break }
            count &+= 1
        }
        var found = count
        if count == Self.maxSteps {
            for index in 0..<Self.guessCount { model.guess(index, 2048) }
            found = Self.maxSteps &+ codeFarOff(steps &- Self.maxSteps, model, &coder)
        }
        var low: Int32 = 0
        var bit = scale
        while bit > 0 {
            bit &-= 1
            let upper = (found &<< scale) &+ low &+ (1 &<< bit)
            guard upper <= most else { continue }
            let given = Int(size &>> bit & 1)
            let isSet: Int
            if bit == scale &- 1 && found < 3 {
                let from = zero &+ side &* ((found &<< scale) &<< 4)
                let middle = zero &+ side &* (upper &<< 4)
                let to = zero &+ side &* (((found &+ 1) &<< scale) &<< 4)
                for index in 0..<Self.guessCount {
                    let outer = curves[index].beyond(to, side: Int(side), table)
                    let whole = curves[index].beyond(from, side: Int(side), table) &- outer
                    model.guess(
                        index, LogisticCurve.share(curves[index].beyond(middle, side: Int(side), table) &- outer, of: whole))
                }
                isSet = model.code(given, node: 21 &+ Int(found), with: &coder)
            } else {
                isSet = coder.code(given, probability: 32768)
            }
            low |= Int32(isSet) &<< bit
        }
        let magnitude = (found &<< scale) &+ low
        return isNegative ? centre &- 1 &- magnitude : centre &+ magnitude
    }

    @inline(__always)
    private func codeSign<C: BinaryCoder>(_ isBelow: Bool, zero: Int32, _ model: Model, _ coder: inout C) -> Bool {
        for index in 0..<Self.guessCount {
            let below = curves[index].beyond(zero, side: -1, table)
            model.guess(index, LogisticCurve.share(below, of: below &+ curves[index].beyond(zero, side: 1, table)))
        }
        return model.code(isBelow ? 1 : 0, node: 0, with: &coder) != 0
    }

    /// Elias' gamma code of a number from 0, its length by the model.
    private func codeFarOff<C: BinaryCoder>(_ number: Int32, _ model: Model, _ coder: inout C) -> Int32 {
        let rest = number &+ 1
        let top = rest > 0 ? 31 &- Int32(rest.leadingZeroBitCount) : 0
        var length: Int32 = 0
        while length < 17 {
            if model.code(length < top ? 1 : 0, node: 49 &+ min(13, Int(length)), with: &coder) == 0 { break }
            length &+= 1
        }
        var value: Int32 = 1
        var bit = length
        while bit > 0 {
            bit &-= 1
            value = value &<< 1 | Int32(coder.code(Int(rest &>> bit & 1), probability: 32768))
        }
        return value &- 1
    }
}
