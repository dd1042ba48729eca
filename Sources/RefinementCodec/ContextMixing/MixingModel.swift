/// Adaptive probabilities under several contexts, mixed: what the bits of one residual are coded with.
struct MixingModel {
    /// Contexts a bit.
    static let contextCount = 7
    /// Bits that are told apart within a context.
    private let nodeCount: Int

    private let counters: UnsafeMutablePointer<UInt32>
    private let firsts: SIMD8<Int32>
    private let firstWeights: UnsafeMutablePointer<Int32>
    private let secondWeights: UnsafeMutablePointer<Int32>
    /// Logits of the bit that comes; the last stays what it is.
    private let inputs: UnsafeMutablePointer<Int32>
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
    init(contextSizes: [Int], nodeCount: Int, selectorCount: Int) {
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
        firstWeights = .allocate(capacity: nodeCount * 8)
        firstWeights.initialize(repeating: 14000, count: nodeCount * 8)
        secondWeights = .allocate(capacity: selectorCount * 8)
        secondWeights.initialize(repeating: 14000, count: selectorCount * 8)
        inputs = .allocate(capacity: 8)
        inputs.initialize(repeating: 256, count: 8)
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
        let first = firstWeights + node &* 8
        let second = secondWeights + selector &* 8
        var logit1: Int32 = 0
        var logit2: Int32 = 0
        for index in 0..<8 {
            logit1 = logit1 &+ (first[index] &>> 2) &* inputs[index]
            logit2 = logit2 &+ (second[index] &>> 2) &* inputs[index]
        }
        logit1 = logit1 &>> 14
        logit2 = logit2 &>> 14
        let clamped1 = max(-3072, min(3071, logit1))
        let clamped2 = max(-3072, min(3071, logit2))
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
        let error1 = target &- Int32(squash[Int(clamped1 &+ 3072)])
        let error2 = target &- Int32(squash[Int(clamped2 &+ 3072)])
        for index in 0..<8 {
            let moved1 = first[index] &+ ((inputs[index] &* error1 &+ (1 << 15)) &>> 16) &* 3
            let moved2 = second[index] &+ ((inputs[index] &* error2 &+ (1 << 15)) &>> 16) &* 2
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
    private func logit(_ cell: UnsafeMutablePointer<UInt32>) -> Int32 { Int32(stretch[Int(cell.pointee >> 20)]) }

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
