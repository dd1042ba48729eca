/// Codes the voxels of one chunk, or decodes them: one walk for both.
///
/// Every voxel is predicted from its causal neighbours in three dimensions and from the decoded base, which is known everywhere. What is left
/// is coded bit by bit under contexts of how well the neighbourhood was predicted (error energies as in CALIC, Wu and Memon 1997).
struct ResidualCoding {
    private let columns: Int
    private let rows: Int
    private let slices: Int
    private let stride: Int
    private let plane: Int
    private let greatest: Int32
    /// Features are shifted down by this, so that they fit twelve bits.
    private let featureShift: Int32
    private let known: [UInt8]
    /// Padded: two columns, two rows before and one behind, two slices before and one behind.
    private let base: UnsafeMutablePointer<Int32>
    /// Exact less base, in the same places; 0 where that is not known.
    private let difference: UnsafeMutablePointer<Int32>
    /// How far each prediction was off.
    private let missed: UnsafeMutablePointer<UInt16>
    /// 1 where a prediction was made.
    private let isCoded: UnsafeMutablePointer<UInt8>

    init(_ context: RefinementContext) {
        columns = context.columns
        rows = context.rows
        slices = context.slices
        stride = columns + 4
        plane = stride * (rows + 4)
        greatest = Int32(context.greatestCode)
        featureShift = Int32(max(0, 4 - context.greatestCode.leadingZeroBitCount))
        known = context.known
        let count = plane * (slices + 3)
        base = .allocate(capacity: count)
        base.initialize(repeating: 0, count: count)
        difference = .allocate(capacity: count)
        difference.initialize(repeating: 0, count: count)
        missed = .allocate(capacity: count)
        missed.initialize(repeating: 0, count: count)
        isCoded = .allocate(capacity: count)
        isCoded.initialize(repeating: 0, count: count)
        // What the base holds at known voxels may depend on what else has arrived, so the voxel before stands in for it.
        var last: Int32 = 0
        for z in 0..<slices {
            for y in 0..<rows {
                let source = (z * rows + y) * columns
                let target = (z + 2) * plane + (y + 2) * stride + 2
                for x in 0..<columns {
                    if known[source + x] == 0 { last = Int32(context.base[source + x]) }
                    base[target + x] = last
                }
            }
        }
        // Beyond its edges it goes on as it ends there.
        for slice in -2..<slices + 1 {
            let z = max(0, min(slices - 1, slice)) + 2
            for row in -2..<rows + 2 {
                let source = base + (z * plane + (max(0, min(rows - 1, row)) + 2) * stride)
                let target = base + ((slice + 2) * plane + (row + 2) * stride)
                if target != source { target.update(from: source, count: stride) }
                for rim in 0..<2 {
                    target[rim] = source[2]
                    target[columns + 2 + rim] = source[columns + 1]
                }
            }
        }
    }

    func deallocate() {
        base.deallocate()
        difference.deallocate()
        missed.deallocate()
        isCoded.deallocate()
    }

    private static let contextSizes = [64, 16 * 9 * 4, 16 * 12 * 4, 16 * 81, 12 * 12 * 8, 16 * 32, 16 * 64]

    /// Walks through the chunk.
    /// - Parameters:
    ///   - exact: what is coded; ignored by a decoder.
    ///   - output: what a decoder finds.
    func run<C: BinaryCoder>(_ coder: inout C, exact: UnsafePointer<UInt16>?, output: UnsafeMutablePointer<UInt16>?) {
        var model = MixingModel(contextSizes: Self.contextSizes, nodeCount: 64, selectorCount: 64)
        defer { model.deallocate() }
        let slow = AdaptivePredictor(shift: 9)
        let fast = AdaptivePredictor(shift: 6)
        var squares = LeastSquaresPredictor()
        var slowMiss: Int32 = 64
        var fastMiss: Int32 = 64
        var squaresMiss: Int32 = 64
        var typical: Int32 = 64
        let (s, p) = (stride, plane)
        let biases = UnsafeMutablePointer<SIMD2<Int32>>.allocate(capacity: 4096)
        biases.initialize(repeating: SIMD2(0, 0), count: 4096)
        defer { biases.deallocate() }
        let f = UnsafeMutablePointer<Int32>.allocate(capacity: AdaptivePredictor.count)
        f.initialize(repeating: 0, count: AdaptivePredictor.count)
        defer {
            f.deallocate()
            slow.deallocate()
            fast.deallocate()
            squares.deallocate()
        }
        var flag = 0
        for z in 0..<slices {
            for y in 0..<rows {
                let start = (z + 2) * p + (y + 2) * s + 2
                for x in 0..<columns {
                    if known[flag] != 0 {
                        flag &+= 1
                        continue
                    }
                    let i = start &+ x
                    let d = difference + i
                    let b = base + i
                    // Neighbours: west, north, previous slice, and around.
                    let w = d[-1], n = d[-s], q = d[-p]
                    let mean = (w &+ n &+ q) / 3
                    let here = b[0]
                    f[0] = w &- mean
                    f[1] = n &- mean
                    f[2] = q &- mean
                    f[3] = d[-s &- 1] &- mean
                    f[4] = d[-s &+ 1] &- mean
                    f[5] = d[-2] &- mean
                    f[6] = d[-2 &* s] &- mean
                    f[7] = d[-p &- 1] &- mean
                    f[8] = d[-p &+ 1] &- mean
                    f[9] = d[-p &- s] &- mean
                    f[10] = d[-p &+ s] &- mean
                    f[11] = d[-p &- s &- 1] &- mean
                    f[12] = d[-p &- s &+ 1] &- mean
                    f[13] = d[-p &+ s &- 1] &- mean
                    f[14] = d[-p &+ s &+ 1] &- mean
                    f[15] = d[-2 &* p] &- mean
                    f[16] = d[-s &+ 2] &- mean
                    f[17] = d[-s &- 2] &- mean
                    f[18] = d[-2 &* s &+ 1] &- mean
                    f[19] = d[-p &+ 2] &- mean
                    f[20] = d[-p &+ 2 &* s] &- mean
                    f[21] = b[-1] &- here
                    f[22] = b[1] &- here
                    f[23] = b[-s] &- here
                    f[24] = b[s] &- here
                    f[25] = b[-p] &- here
                    f[26] = b[p] &- here
                    f[27] = mean
                    f[28] = b[s &+ 1] &- here
                    f[29] = b[s &- 1] &- here
                    f[30] = d[-2 &* p &+ 1] &- mean
                    f[31] = d[-2 &* p &+ s] &- mean
                    var energy: Int64 = 0
                    for index in 0..<AdaptivePredictor.count { f[index] = max(-2047, min(2047, f[index] &>> featureShift)) }
                    for index in 0..<AdaptivePredictor.count { energy = energy &+ Int64(f[index] &* f[index]) }
                    let slowGuess = slow.predict(f)
                    let fastGuess = fast.predict(f)
                    let squaresGuess = squares.predict(f)
                    // The better ones of late count for more, by the inverse square of what they missed.
                    let slowShare = (1 << 28) / (slowMiss &* slowMiss)
                    let fastShare = (1 << 28) / (fastMiss &* fastMiss)
                    let squaresShare = (1 << 28) / (squaresMiss &* squaresMiss)
                    let guess = Int32(
                        truncatingIfNeeded: (Int64(slowGuess) &* Int64(slowShare) &+ Int64(fastGuess) &* Int64(fastShare) &+ Int64(
                            squaresGuess) &* Int64(squaresShare))
                            / Int64(slowShare &+ fastShare &+ squaresShare &+ 1))
                    let anchor = ((here &+ mean) &<< 4)

                    // How well the neighbourhood was predicted.
                    let e = missed + i
                    let v = isCoded + i
                    let near =
                        3 &* Int32(e[-1]) &+ 3 &* Int32(e[-s]) &+ 2 &* Int32(e[-s &- 1]) &+ 2 &* Int32(e[-s &+ 1]) &+ Int32(e[-2])
                        &+ Int32(e[-2 &* s])
                    let nearCount =
                        3 &* Int32(v[-1]) &+ 3 &* Int32(v[-s]) &+ 2 &* Int32(v[-s &- 1]) &+ 2 &* Int32(v[-s &+ 1]) &+ Int32(v[-2])
                        &+ Int32(v[-2 &* s])
                    let back =
                        4 &* Int32(e[-p]) &+ 2 &* (Int32(e[-p &- 1]) &+ Int32(e[-p &+ 1]) &+ Int32(e[-p &- s]) &+ Int32(e[-p &+ s]))
                        &+ Int32(e[-p &+ s &+ 1]) &+ Int32(e[-p &+ s &- 1])
                    let backCount =
                        4 &* Int32(v[-p]) &+ 2 &* (Int32(v[-p &- 1]) &+ Int32(v[-p &+ 1]) &+ Int32(v[-p &- s]) &+ Int32(v[-p &+ s]))
                        &+ Int32(v[-p &+ s &+ 1]) &+ Int32(v[-p &+ s &- 1])
                    let count = nearCount &+ backCount
                    // In 16ths; what is typical stands in where there is little to go by.
                    let expected = (16 &* (near &+ back) &+ 2 &* typical) / (count &+ 2)
                    let level = Self.level(expected)
                    let scale = Int32(max(0, (31 - Int32((expected | 1).leadingZeroBitCount)) - 5))
                    let octave = min(15, scale)
                    let part = level & 3
                    let nearLevel = Self.level((16 &* near &+ expected) / (nearCount &+ 1))
                    let backLevel = Self.level((16 &* back &+ expected) / (backCount &+ 1))
                    let spread = Self.level(abs(squaresGuess &- slowGuess))
                    let slope = Self.level(
                        16 &* (abs(f[22]) &+ abs(f[24]) &+ abs(f[26]) &+ abs(f[21]) &+ abs(f[23]) &+ abs(f[25])) / 6)
                    let relative = { (a: Int32) -> Int32 in max(0, min(8, a &- level &+ 4)) }

                    // Bias that was left in such places.
                    let signs =
                        (w > mean ? 1 : 0) | (n > mean ? 2 : 0) | (q > mean ? 4 : 0) | (f[8] > 0 ? 8 : 0) | (f[10] > 0 ? 16 : 0)
                        | (f[4] > 0 ? 32 : 0)
                    let place = biases + ((Int(octave) & 15) &* 64 &+ signs)
                    let bias = place.pointee[0] / (place.pointee[1] &+ 1)
                    let full = anchor &+ (guess &<< featureShift) &+ bias
                    let predicted = max(0, min(greatest &<< 4, full))
                    let centre = (predicted &+ 8) &>> 4

                    // Contexts, each with how wide the steps of this octave are.
                    let ew = Self.signed(w &+ b[-1] &- here &- mean, scale)
                    let en = Self.signed(n &- mean &+ b[-s] &- here, scale)
                    let contexts = SIMD8<Int32>(
                        min(63, level), (octave &* 9 &+ relative(nearLevel)) &* 4 &+ part,
                        (octave &* 12 &+ min(11, slope / 4)) &* 4 &+ part,
                        octave &* 81 &+ relative(nearLevel) &* 9 &+ relative(backLevel),
                        (ew &* 12 &+ en) &* 8 &+ (predicted &>> 1) & 7,
                        octave &* 32 &+ min(31, spread), octave &* 64 &+ Int32(signs), 0)
                    model.set(contexts, selector: Int(min(63, level)))

                    let value: Int32
                    if let exact { value = Int32(exact[flag]) } else { value = 0 }
                    let residual = Self.code(value &- centre, scale: scale, model, &coder)
                    let found = max(0, min(greatest, centre &+ residual))
                    output?[flag] = UInt16(truncatingIfNeeded: found)

                    // Learn.
                    let actual = found &- here
                    d[0] = actual
                    let miss16 = (found &<< 4) &- predicted
                    e[0] = UInt16(min(65535, (abs(miss16) &+ 8) &>> 4))
                    v[0] = 1
                    typical = typical &+ ((abs(miss16) &- typical) &>> 7)
                    let goal = ((found &<< 4) &- anchor) &>> featureShift
                    let slowError = goal &- slowGuess
                    let fastError = goal &- fastGuess
                    slow.learn(f, error: max(-32767, min(32767, slowError)), energy: energy)
                    fast.learn(f, error: max(-32767, min(32767, fastError)), energy: energy)
                    squares.learn(f, target: goal &>> 4)
                    slowMiss = slowMiss &+ ((min(4095, abs(slowError)) &* 4 &- slowMiss) &>> 5)
                    fastMiss = fastMiss &+ ((min(4095, abs(fastError)) &* 4 &- fastMiss) &>> 5)
                    squaresMiss = squaresMiss &+ ((min(4095, abs(goal &- squaresGuess)) &* 4 &- squaresMiss) &>> 5)
                    slowMiss = max(4, slowMiss)
                    fastMiss = max(4, fastMiss)
                    squaresMiss = max(4, squaresMiss)
                    var sum = place.pointee
                    sum[0] = sum[0] &+ max(-65535, min(65535, (found &<< 4) &- (full &- bias)))
                    sum[1] = sum[1] &+ 1
                    if sum[1] >= 128 { sum = SIMD2(sum[0] / 2, sum[1] / 2) }
                    place.pointee = sum
                    flag &+= 1
                }
                squares.endRow()
            }
        }
    }

    /// About four levels an octave.
    @inline(__always)
    private static func level(_ value: Int32) -> Int32 {
        guard value > 3 else { return max(0, value) }
        let top = 31 &- Int32(value.leadingZeroBitCount)
        return (top &- 1) &* 4 &+ (value &>> (top &- 2)) & 3
    }

    /// A signed value in twelve classes relative to a step's width.
    @inline(__always)
    private static func signed(_ value: Int32, _ scale: Int32) -> Int32 {
        let size = (abs(value) &<< 1) &>> scale
        let level: Int32 = size == 0 ? 0 : size < 3 ? 1 : size < 6 ? 2 : size < 11 ? 3 : size < 20 ? 4 : 5
        return value < 0 ? 5 &- level : 6 &+ level
    }

    /// Codes a residual in steps of 2^scale: sign and steps in unary, each bit with its own probability, then the bits within a step.
    @inline(__always)
    private static func code<C: BinaryCoder>(_ residual: Int32, scale: Int32, _ model: MixingModel, _ coder: inout C) -> Int32 {
        let isNegative = model.code(residual < 0 ? 1 : 0, node: 0, with: &coder) != 0
        // -1 is the first negative residual, so that no residual has two codes.
        let size = isNegative ? -1 &- residual : residual
        let steps = size &>> scale
        let side = isNegative ? 24 : 0
        var count: Int32 = 0
        while count < 20 {
            if model.code(count < steps ? 1 : 0, node: 1 &+ side &+ Int(count), with: &coder) == 0 { break }
            count &+= 1
        }
        var found = count
        if count == 20 {
            // Far off: Elias' gamma code of the rest.
            let rest = steps &- 19
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
            found = value &+ 19
        }
        var low: Int32 = 0
        var bit = scale
        while bit > 0 {
            bit &-= 1
            if bit == scale &- 1 && found < 3 {
                low = low &<< 1 | Int32(model.code(Int(size &>> bit & 1), node: 21 &+ Int(found), with: &coder))
            } else {
                low = low &<< 1 | Int32(coder.code(Int(size &>> bit & 1), probability: 32768))
            }
        }
        let magnitude = found &<< scale &+ low
        return isNegative ? -1 &- magnitude : magnitude
    }
}
