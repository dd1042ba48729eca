/// Adaptive probabilities under several contexts, mixed: what the bits of one residual are coded with.
struct MixingModel {
    /// Contexts a bit.
    static let contextCount = 7
    /// Bits that are told apart within a context.
    static let nodeCount = 64
    /// Sets of weights of the second mixer.
    static let selectorCount = 64

    private let counters: UnsafeMutablePointer<UInt32>
    private let contextSizes: [Int]
    private let starts: [Int]
    private let firstWeights: UnsafeMutablePointer<SIMD8<Int32>>
    private let secondWeights: UnsafeMutablePointer<SIMD8<Int32>>
    private let corrections: UnsafeMutablePointer<UInt32>
    private let squash: UnsafeMutablePointer<UInt16>
    private let stretch: UnsafeMutablePointer<Int16>
    private let rates: UnsafeMutablePointer<Int32>

    /// A place in each context's table, set once a voxel.
    var offsets = SIMD8<Int32>(repeating: 0)
    var selector = 0

    /// - Parameter contextSizes: how many values each context takes.
    init(contextSizes: [Int]) {
        self.contextSizes = contextSizes
        var start = 0
        var starts: [Int] = []
        for size in contextSizes {
            starts.append(start)
            start += size * Self.nodeCount
        }
        self.starts = starts
        counters = .allocate(capacity: start)
        counters.initialize(repeating: UInt32(1 << 31), count: start)
        firstWeights = .allocate(capacity: Self.nodeCount)
        firstWeights.initialize(repeating: SIMD8(repeating: 14000), count: Self.nodeCount)
        secondWeights = .allocate(capacity: Self.selectorCount)
        secondWeights.initialize(repeating: SIMD8(repeating: 14000), count: Self.selectorCount)
        corrections = .allocate(capacity: Self.nodeCount * 33)
        squash = .allocate(capacity: Logistic.squash.count)
        squash.initialize(from: Logistic.squash, count: Logistic.squash.count)
        stretch = .allocate(capacity: Logistic.stretch.count)
        stretch.initialize(from: Logistic.stretch, count: Logistic.stretch.count)
        rates = .allocate(capacity: Logistic.rates.count)
        rates.initialize(from: Logistic.rates, count: Logistic.rates.count)
        for node in 0..<Self.nodeCount {
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
        corrections.deallocate()
        squash.deallocate()
        stretch.deallocate()
        rates.deallocate()
    }

    /// Sets the contexts of the voxel that comes.
    @inline(__always)
    mutating func set(_ contexts: SIMD8<Int32>, selector: Int) {
        for index in 0..<Self.contextCount {
            offsets[index] = Int32(truncatingIfNeeded: starts[index]) &+ contexts[index] &* Int32(Self.nodeCount)
        }
        self.selector = selector
    }

    /// Codes one bit of it.
    @inline(__always)
    func code<C: BinaryCoder>(_ bit: Int, node: Int, with coder: inout C) -> Int {
        var inputs = SIMD8<Int32>(repeating: 256)
        var cells = SIMD8<UInt32>(repeating: 0)
        for index in 0..<Self.contextCount {
            let cell = counters[Int(offsets[index]) &+ node]
            cells[index] = cell
            inputs[index] = Int32(stretch[Int(cell >> 20)])
        }
        let first = firstWeights[node]
        let second = secondWeights[selector]
        let logit1 = ((first &>> 2) &* inputs).wrappedSum() &>> 14
        let logit2 = ((second &>> 2) &* inputs).wrappedSum() &>> 14
        let clamped1 = max(-3072, min(3071, logit1))
        let clamped2 = max(-3072, min(3071, logit2))
        let logit = (clamped1 &+ clamped2) &>> 1
        let mixed = Int32(squash[Int(logit &+ 3072)])
        // The last word: what came of such mixed probabilities before, between two knots.
        let place = (logit &+ 3072) &* 32
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
        firstWeights[node] = (first &+ ((inputs &* error1 &+ (1 << 15)) &>> 16 &* 3)).clamped(
            lowerBound: SIMD8(repeating: -262144), upperBound: SIMD8(repeating: 262143))
        secondWeights[selector] = (second &+ ((inputs &* error2 &+ (1 << 15)) &>> 16 &* 2)).clamped(
            lowerBound: SIMD8(repeating: -262144), upperBound: SIMD8(repeating: 262143))
        let near = share >= 16 ? row + 1 : row
        let aim = Int64(bit != 0 ? 0xffff_ffff : 0)
        near.pointee = UInt32(truncatingIfNeeded: Int64(near.pointee) &+ (aim &- Int64(near.pointee)) >> 7)
        for index in 0..<Self.contextCount {
            let cell = cells[index]
            let seen = cell & 1023
            let p = Int64(cell >> 10)
            let goal = Int64(bit) << 22 &- Int64(bit)
            let moved = p &+ ((goal &- p) &* Int64(rates[Int(seen)])) >> 16
            counters[Int(offsets[index]) &+ node] =
                UInt32(truncatingIfNeeded: moved) << 10 | (seen < Self.patience ? seen &+ 1 : seen)
        }
        return bit
    }

    /// How many bits a probability learns from as if all counted the same.
    private static let patience: UInt32 = 400
}
