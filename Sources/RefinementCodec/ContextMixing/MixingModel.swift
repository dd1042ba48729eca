/// Adaptive probabilities under several contexts, and guesses from elsewhere, mixed: what the bits of one residual are coded with.
struct MixingModel {
    /// Contexts a bit.
    static let contextCount = 7
    /// Guesses a bit that come from elsewhere.
    static let guessCount = 4
    /// Those, and a constant.
    private static let width = contextCount + guessCount + 1
    /// Bits that are told apart within a context.
    private let nodeCount: Int

    private let counters: UnsafeMutablePointer<UInt32>
    private let firsts: SIMD8<Int32>
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
    private var offsets = SIMD8<Int32>(repeating: 0)
    private var selector = 0

    /// - Parameters:
    ///   - contextSizes: how many values each context takes.
    ///   - nodeCount: bits that are told apart within a context; each has mixing weights of its own.
    ///   - selectorCount: sets of weights of the second mixer, chosen once a voxel.
    ///   - weight: what every input counts for at first, in 65536ths.
    init(contextSizes: [Int], nodeCount: Int, selectorCount: Int, weight: Int32) {
        self.nodeCount = nodeCount
        var start = 0
        var firsts = SIMD8<Int32>(repeating: 0)
        for (index, size) in contextSizes.enumerated() {
            firsts[index] = Int32(start)
            start += size * nodeCount
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
    mutating func set(_ contexts: SIMD8<Int32>, selector: Int) {
        offsets = firsts &+ contexts &* Int32(nodeCount)
        self.selector = selector
    }

    /// Sets a guess for the bit that comes.
    /// - Parameter probability: that it is 1, in 4096ths, 0 to 4095.
    @inline(__always)
    func guess(_ index: Int, _ probability: UInt32) { inputs[Self.contextCount &+ index] = stretch[Int(probability)] }

    /// Codes one bit of it.
    @inline(__always)
    func code<C: BinaryCoder>(_ bit: Int, node: Int, with coder: inout C) -> Int {
        let cell0 = counters + (Int(offsets[0]) &+ node)
        let cell1 = counters + (Int(offsets[1]) &+ node)
        let cell2 = counters + (Int(offsets[2]) &+ node)
        let cell3 = counters + (Int(offsets[3]) &+ node)
        let cell4 = counters + (Int(offsets[4]) &+ node)
        let cell5 = counters + (Int(offsets[5]) &+ node)
        let cell6 = counters + (Int(offsets[6]) &+ node)
        inputs[0] = logit(cell0)
        inputs[1] = logit(cell1)
        inputs[2] = logit(cell2)
        inputs[3] = logit(cell3)
        inputs[4] = logit(cell4)
        inputs[5] = logit(cell5)
        inputs[6] = logit(cell6)
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
        learn(cell0, bit)
        learn(cell1, bit)
        learn(cell2, bit)
        learn(cell3, bit)
        learn(cell4, bit)
        learn(cell5, bit)
        learn(cell6, bit)
        return bit
    }

    @inline(__always)
    private func logit(_ cell: UnsafeMutablePointer<UInt32>) -> Int16 { stretch[Int(cell.pointee >> 20)] }

    @inline(__always)
    private func learn(_ cell: UnsafeMutablePointer<UInt32>, _ bit: Int) {
        let seen = cell.pointee & 1023
        let p = Int64(cell.pointee >> 10)
        let goal = Int64(bit) << 22 &- Int64(bit)
        let moved = p &+ ((goal &- p) &* Int64(rates[Int(seen)])) >> 16
        cell.pointee = UInt32(truncatingIfNeeded: moved) << 10 | (seen < Self.patience ? seen &+ 1 : seen)
    }

    /// How many bits a probability learns from as if all counted the same.
    private static let patience: UInt32 = 400
}
