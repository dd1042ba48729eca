/// Codes the voxels of one chunk, or decodes them: one walk for both.
///
/// Every voxel is predicted from its causal neighbours in three dimensions and from the decoded base, which is known everywhere. What is left
/// is coded bit by bit under contexts of how well the neighbourhood was predicted (error energies as in CALIC, Wu and Memon 1997).
struct ResidualCoding {
    private let space: Neighbourhood
    private let greatest: Int32
    /// Greatest difference that a voxel can have from its base.
    private let reach: Int32
    /// Features are shifted down by this, so that they fit twelve bits.
    private let featureShift: Int32

    init(_ context: ExactContext) {
        space = Neighbourhood(context)
        greatest = Int32(context.maxCode)
        reach = Int32(context.reach)
        featureShift = Int32(max(0, 4 - context.maxCode.leadingZeroBitCount))
    }

    func deallocate() { space.deallocate() }

    /// Sets the curves that the bits of a voxel are guessed by: the blend's, then each predictor's.
    @inline(__always)
    private func expect(
        _ bits: ResidualBits, _ corrected: Int32, _ anchor: Int32, _ guesses: SIMD4<Int32>, deviation: Int32,
        _ bounds: (low: Int32, high: Int32)
    ) {
        bits.expect(0, mean: corrected, deviation: deviation, bounds: bounds)
        bits.expect(1, mean: anchor &+ (guesses[2] &<< featureShift), deviation: deviation, bounds: bounds)
        bits.expect(2, mean: anchor &+ (guesses[1] &<< featureShift), deviation: deviation, bounds: bounds)
        bits.expect(3, mean: anchor &+ (guesses[0] &<< featureShift), deviation: deviation, bounds: bounds)
    }

    private static let contextSizes: InlineArray<3, Int> = [16 * 9 * 4, 16 * 12 * 4, 12 * 12 * 8]

    /// The models that learn while a chunk is walked through.
    private struct Parts {
        let model = ResidualBits.Model(
            contextSizes: ResidualCoding.contextSizes, nodeCount: ResidualBits.nodeCount, selectorCount: 64, weight: 10000)
        let bits = ResidualBits()
        let adaptive = AdaptivePredictor(shift: 6)
        let squares: BlockLeastSquares
        let bias = BiasTable()
        let raw = UnsafeMutablePointer<Int32>.allocate(capacity: 64)
        let features = UnsafeMutablePointer<Int16>.allocate(capacity: Features.count)

        init(_ space: Neighbourhood) { squares = BlockLeastSquares(columns: space.columns, rows: space.rows) }

        func deallocate() {
            model.deallocate()
            bits.deallocate()
            adaptive.deallocate()
            squares.deallocate()
            bias.deallocate()
            raw.deallocate()
            features.deallocate()
        }
    }

    /// Walks through the chunk.
    /// - Parameters:
    ///   - exact: what is coded; nil at a decoder.
    ///   - output: what a decoder finds.
    func run<C: BinaryCoder>(_ coder: inout C, exact: UnsafePointer<UInt16>?, output: UnsafeMutablePointer<UInt16>?) {
        let parts = Parts(space)
        defer { parts.deallocate() }
        var (model, blend) = (parts.model, PredictorBlend())
        let (bits, adaptive, squares, bias) = (parts.bits, parts.adaptive, parts.squares, parts.bias)
        let (raw, features) = (parts.raw, parts.features)
        var (typical, flag) = (Int32(64), 0)
        space.known.withUnsafeBufferPointer { known in
            guard let known = known.baseAddress else { return }
            for z in 0..<space.slices {
                for y in 0..<space.rows {
                    squares.beginRow(y, slice: z, isKnown: known + z &* space.rows &* space.columns)
                    let start = space.place(y, z)
                    for x in 0..<space.columns {
                        defer { flag &+= 1 }
                        guard known[flag] == 0 else { continue }
                        let i = start &+ x
                        let mean = space.mean(i)
                        space.collect(i, mean: mean, shift: featureShift, raw: raw, into: features)
                        let (here, anchor) = (space.base[i], (space.base[i] &+ mean) &<< 4)
                        // In 16ths of what features count in.
                        let guesses = SIMD4<Int32>(
                            adaptive.predict(features), squares.predictAll(features), squares.predictNear(features, x: x), 0)
                        let guess = blend.blend(guesses, space, i)
                        let energy = space.energy(i, typical: typical)
                        let level = Self.level(energy.expected)
                        let octave = min(15, max(0, (31 &- Int32((energy.expected | 1).leadingZeroBitCount)) &- 5))
                        let signs = Self.signs(features)
                        let corrected = anchor &+ (guess &<< featureShift) &+ bias.of(octave, signs)
                        let bounds = (low: max(0, here &- reach), high: min(greatest, here &+ reach))
                        let predicted = max(bounds.low &<< 4, min(bounds.high &<< 4, corrected))
                        let centre = (predicted &+ 8) &>> 4
                        let contexts = contexts(i, raw, features, energy, level: level, octave: octave, predicted: predicted)
                        model.set(contexts, selector: Int(min(63, level)))
                        expect(bits, corrected, anchor, guesses, deviation: energy.expected, bounds)
                        let value = exact.map { Int32($0[flag]) } ?? 0
                        let coded = bits.code(value, centre: centre, scale: octave, bounds: bounds, model, &coder)
                        let found = max(bounds.low, min(bounds.high, coded))
                        output?[flag] = UInt16(truncatingIfNeeded: found)

                        // Learn.
                        space.exact[i] = found
                        let miss = abs((found &<< 4) &- predicted)
                        space.missed[i] = UInt16(min(65535, (miss &+ 8) &>> 4))
                        space.isCoded[i] = 1
                        typical = typical &+ ((miss &- typical) &>> 7)
                        bias.learn((found &<< 4) &- anchor &- (guess &<< featureShift), octave, signs)
                        let goal = ((found &<< 4) &- anchor) &>> featureShift
                        blend.learn(goal, guesses, space, i)
                        adaptive.learn(features, error: max(-32767, min(32767, goal &- guesses[0])))
                        guard squares.takes(x: x, y: y) else { continue }
                        // Where much is missed anyway, a miss counts for less.
                        let weight = (16 << 16) / Int64(energy.expected &>> featureShift &+ 4)
                        squares.learn(features, weight: weight, target: Int64(goal), x: x)
                    }
                    squares.endRow(y, slice: z)
                }
            }
        }
    }

    /// Returns the contexts on which the bits of a voxel depend, each with the width of the steps of its octave.
    @inline(__always)
    private func contexts(
        _ i: Int, _ raw: UnsafePointer<Int32>, _ features: UnsafePointer<Int16>, _ energy: Neighbourhood.Energy, level: Int32,
        octave: Int32, predicted: Int32
    ) -> InlineArray<3, Int32> {
        let part = level & 3
        let beside = max(0, min(8, Self.level(energy.beside) &- level &+ 4))
        @inline(__always) func size(_ index: Int) -> Int32 { abs(Int32(features[index])) }
        let slope = Self.level(16 &* (size(29) &+ size(30) &+ size(31) &+ size(32) &+ size(33) &+ size(34)) / 6)
        // How the neighbours themselves differ from the base here.
        let west = Self.signed(raw[0], octave)
        let north = Self.signed(raw[1], octave)
        return [
            (octave &* 9 &+ beside) &* 4 &+ part, (octave &* 12 &+ min(11, slope / 4)) &* 4 &+ part,
            (west &* 12 &+ north) &* 8 &+ (predicted &>> 1) & 7,
        ]
    }

    /// Which of some neighbours lie above their mean.
    @inline(__always)
    private static func signs(_ features: UnsafePointer<Int16>) -> Int32 {
        @inline(__always) func sign(_ index: Int, _ bit: Int32) -> Int32 { features[index] > 0 ? bit : 0 }
        return sign(0, 1) | sign(1, 2) | sign(2, 4) | sign(6, 8) | sign(8, 16) | sign(4, 32)
    }

    /// About four levels an octave.
    @inline(__always)
    static func level(_ value: Int32) -> Int32 {
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
}
