/// Adaptive probabilities under several contexts, and guesses from elsewhere, mixed: what the bits of one residual are coded with.
///
/// `contextCount` contexts a bit, and `guessCount` guesses that come from elsewhere.
struct MixingModel<let contextCount: Int, let guessCount: Int> {
    /// Those, and a constant.
    @inline(__always)
    private static var width: Int { contextCount + guessCount + 1 }
    /// Bits that are told apart within a context.
    private let nodeCount: Int

    private let counters: UnsafeMutablePointer<UInt32>
    private let firsts: InlineArray<contextCount, Int>
    /// In 65536ths.
    private let firstWeights: UnsafeMutablePointer<Int32>
    private let secondWeights: UnsafeMutablePointer<Int32>
    /// Logits of the bit that comes: contexts, guesses, and what stays the same.
    private let inputs: UnsafeMutablePointer<Int16>
    private let corrections: UnsafeMutablePointer<UInt32>
    private let squash: UnsafeMutablePointer<UInt16>
    private let stretch: UnsafeMutablePointer<Int16>
    private let rates: UnsafeMutablePointer<Int32>

    /// A place in each context's table, set once a voxel.
    private var offsets = InlineArray<contextCount, Int>(repeating: 0)
    private var selector = 0

    /// - Parameters:
    ///   - contextSizes: how many values each context takes.
    ///   - nodeCount: bits that are told apart within a context; each has mixing weights of its own.
    ///   - selectorCount: sets of weights of the second mixer, chosen once a voxel.
    ///   - weight: what every input counts for at first, in 65536ths.
    init(contextSizes: InlineArray<contextCount, Int>, nodeCount: Int, selectorCount: Int, weight: Int32) {
        self.nodeCount = nodeCount
        var start = 0
        var firsts = InlineArray<contextCount, Int>(repeating: 0)
        for index in contextSizes.indices {
            firsts[index] = start
            start += contextSizes[index] * nodeCount
        }
        self.firsts = firsts
        counters = .allocate(capacity: start)
        counters.initialize(repeating: UInt32(1 << 31), count: start)
        firstWeights = .allocate(capacity: nodeCount * Self.width)
        firstWeights.initialize(repeating: weight, count: nodeCount * Self.width)
        secondWeights = .allocate(capacity: selectorCount * Self.width)
        secondWeights.initialize(repeating: weight, count: selectorCount * Self.width)
        inputs = .allocate(capacity: Self.width)
        inputs.initialize(repeating: 0, count: Self.width)
        inputs[Self.width - 1] = 256
        corrections = .allocate(capacity: nodeCount * 33)
        squash = .allocate(capacity: Logistic.squash.count)
        squash.initialize(from: Logistic.squash, count: Logistic.squash.count)
        stretch = .allocate(capacity: Logistic.stretch.count)
        stretch.initialize(from: Logistic.stretch, count: Logistic.stretch.count)
        rates = .allocate(capacity: Logistic.rates.count)
        rates.initialize(from: Logistic.rates, count: Logistic.rates.count)
        for node in 0..<nodeCount {
            for knot in 0..<33 {
                let logit = min(6143, max(0, (knot - 16) * 192 + 3072))
                corrections[node * 33 + knot] = UInt32(Logistic.squash[logit]) << 16
            }
        }
    }

    func deallocate() {
        counters.deallocate()
        firstWeights.deallocate()
        secondWeights.deallocate()
        inputs.deallocate()
        corrections.deallocate()
        squash.deallocate()
        stretch.deallocate()
        rates.deallocate()
    }

    /// Sets the contexts of the voxel that comes.
    @inline(__always)
    mutating func set(_ contexts: InlineArray<contextCount, Int32>, selector: Int) {
        for index in 0..<contextCount { offsets[index] = firsts[index] &+ Int(contexts[index]) &* nodeCount }
        self.selector = selector
    }

    /// Sets a guess for the bit that comes.
    /// - Parameter probability: that it is 1, in 4096ths, 0 to 4095.
    @inline(__always)
    func guess(_ index: Int, _ probability: UInt32) { inputs[contextCount &+ index] = stretch[Int(probability)] }

    /// Codes one bit of it.
    @inline(__always)
    func code<C: BinaryCoder>(_ bit: Int, node: Int, with coder: inout C) -> Int {
        for index in 0..<contextCount { inputs[index] = stretch[Int(counters[offsets[index] &+ node] >> 20)] }
        let first = firstWeights + node &* Self.width
        let second = secondWeights + selector &* Self.width
        var logit1: Int32 = 0
        var logit2: Int32 = 0
        for index in 0..<Self.width {
            logit1 = logit1 &+ Int32(Int16(truncatingIfNeeded: first[index] &>> 3)) &* Int32(inputs[index])
            logit2 = logit2 &+ Int32(Int16(truncatingIfNeeded: second[index] &>> 3)) &* Int32(inputs[index])
        }
        let clamped1 = max(-3072, min(3071, logit1 &>> 13))
        let clamped2 = max(-3072, min(3071, logit2 &>> 13))
        let joint = (clamped1 &+ clamped2) &>> 1
        let mixed = Int32(squash[Int(joint &+ 3072)])
        // The last word: what came of such mixed probabilities before, between two knots.
        let place = (joint &+ 3072) &* 32
        let knot = Int(place / 6144)
        let share = Int64((place % 6144) / 192)
        let row = corrections + (node &* 33 &+ knot)
        let corrected = Int32((Int64(row[0] >> 16) &* (32 - share) &+ Int64(row[1] >> 16) &* share) >> 5)
        let probability = UInt32(max(32, min(65504, (mixed &+ corrected) &>> 1)))
        let bit = coder.code(bit, probability: probability)
        // Learn.
        let target: Int32 = bit != 0 ? 65535 : 0
        let error1 = Int16(truncatingIfNeeded: (target &- Int32(squash[Int(clamped1 &+ 3072)])) &>> 1)
        let error2 = Int16(truncatingIfNeeded: (target &- Int32(squash[Int(clamped2 &+ 3072)])) &>> 1)
        for index in 0..<Self.width {
            let moved1 = first[index] &+ ((Int32(inputs[index]) &* Int32(error1) &+ (1 << 14)) &>> 15) &* 2
            let moved2 = second[index] &+ ((Int32(inputs[index]) &* Int32(error2) &+ (1 << 14)) &>> 15) &* 2
            first[index] = max(-262144, min(262143, moved1))
            second[index] = max(-262144, min(262143, moved2))
        }
        let near = share >= 16 ? row + 1 : row
        let aim = Int64(bit != 0 ? 0xffff_ffff : 0)
        near.pointee = UInt32(truncatingIfNeeded: Int64(near.pointee) &+ (aim &- Int64(near.pointee)) >> 7)
        for index in 0..<contextCount { learn(counters + (offsets[index] &+ node), bit) }
        return bit
    }

    @inline(__always)
    private func learn(_ cell: UnsafeMutablePointer<UInt32>, _ bit: Int) {
        let seen = cell.pointee & 1023
        let p = Int64(cell.pointee >> 10)
        let goal = Int64(bit) << 22 &- Int64(bit)
        let moved = p &+ ((goal &- p) &* Int64(rates[Int(seen)])) >> 16
        cell.pointee = UInt32(truncatingIfNeeded: moved) << 10 | (seen < Self.timeout ? seen &+ 1 : seen)
    }

    /// Number of bits that a probability learns from as if all counted the same.
    private static var timeout: UInt32 { 400 }
}
