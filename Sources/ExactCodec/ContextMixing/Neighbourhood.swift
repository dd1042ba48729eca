/// The voxels of a chunk as they come to be known, and their base, with a rim so that every voxel has all its neighbours: two columns at both ends, two
/// rows before and behind, two slices before and one behind.
struct Neighbourhood {
    let columns: Int
    let rows: Int
    let slices: Int
    /// From a row to the next, and from a slice to the next.
    let stride: Int
    let plane: Int
    /// Places in all.
    let count: Int
    /// As the context has it: slices x rows x columns, without a rim.
    let known: [UInt8]
    /// Decoded base.
    let base: UnsafeMutablePointer<Int32>
    /// Exact codes; the base where those are not known.
    let exact: UnsafeMutablePointer<Int32>
    /// Absolute error of each prediction.
    let missed: UnsafeMutablePointer<UInt16>
    /// 1 where a prediction was made.
    let isCoded: UnsafeMutablePointer<UInt8>
    /// Absolute errors of each predictor, one predictor after another.
    let predictorMisses: UnsafeMutablePointer<UInt16>

    static let predictorCount = 3

    init(_ context: ExactContext) {
        columns = context.columns
        rows = context.rows
        slices = context.slices
        stride = columns + 4
        plane = stride * (rows + 4)
        count = plane * (slices + 3)
        known = context.known
        func zeros<T: FixedWidthInteger>(_ count: Int) -> UnsafeMutablePointer<T> {
            let memory = UnsafeMutablePointer<T>.allocate(capacity: count)
            memory.initialize(repeating: 0, count: count)
            return memory
        }
        base = zeros(count)
        exact = zeros(count)
        missed = zeros(count)
        isCoded = zeros(count)
        predictorMisses = zeros(count * Self.predictorCount)
        // For a voxel that stands aside the base of the one before stands in.
        var last: Int32 = 0
        for z in 0..<slices {
            for y in 0..<rows {
                let source = (z * rows + y) * columns
                let target = base + place(y, z)
                for x in 0..<columns {
                    if known[source + x] != ExactContext.aside { last = Int32(context.base[source + x]) }
                    target[x] = last
                }
            }
        }
        // Beyond its edges the base goes on as it ends there.
        for slice in -2..<slices + 1 {
            for row in -2..<rows + 2 {
                let source = base + (place(max(0, min(rows - 1, row)), max(0, min(slices - 1, slice))) - 2)
                let target = base + (place(row, slice) - 2)
                if target != source { target.update(from: source, count: stride) }
                for rim in 0..<2 {
                    target[rim] = source[2]
                    target[columns + 2 + rim] = source[columns + 1]
                }
            }
        }
        exact.update(from: base, count: count)
    }

    func deallocate() {
        base.deallocate()
        exact.deallocate()
        missed.deallocate()
        isCoded.deallocate()
        predictorMisses.deallocate()
    }

    /// Returns the place of a row's first voxel.
    @inline(__always)
    func place(_ row: Int, _ slice: Int) -> Int { (slice &+ 2) &* plane &+ (row &+ 2) &* stride &+ 2 }

    /// The mean difference of the three next neighbours that are known: what features are told from.
    @inline(__always)
    func mean(_ i: Int) -> Int32 {
        let e = exact + i
        let b = base + i
        return (e[-1] &- b[-1] &+ e[-stride] &- b[-stride] &+ e[-plane] &- b[-plane]) / 3
    }

    /// Collects what a voxel is predicted from.
    /// - Parameters:
    ///   - raw: room for as many numbers as there are features.
    ///   - shift: features are shifted down by this, so that they fit twelve bits.
    @inline(__always)
    func collect(
        _ i: Int, mean: Int32, shift: Int32, raw f: UnsafeMutablePointer<Int32>, into features: UnsafeMutablePointer<Int16>
    ) {
        let (s, p) = (stride, plane)
        let (e, b) = (exact + i, base + i)
        let here = b[0]
        let anchor = here &+ mean
        // Next neighbours in the slice and the one before.
        f[0] = e[-1] &- anchor
        f[1] = e[-s] &- anchor
        f[2] = e[-p] &- anchor
        f[3] = e[-s &- 1] &- anchor
        f[4] = e[-s &+ 1] &- anchor
        f[5] = e[-p &- 1] &- anchor
        f[6] = e[-p &+ 1] &- anchor
        f[7] = e[-p &- s] &- anchor
        f[8] = e[-p &+ s] &- anchor
        f[9] = e[-p &- s &- 1] &- anchor
        f[10] = e[-p &- s &+ 1] &- anchor
        f[11] = e[-p &+ s &- 1] &- anchor
        f[12] = e[-p &+ s &+ 1] &- anchor
        // Those two steps away.
        f[13] = e[-2] &- anchor
        f[14] = e[-2 &* s] &- anchor
        f[15] = e[-2 &* s &- 1] &- anchor
        f[16] = e[-2 &* s &+ 1] &- anchor
        f[17] = e[-s &- 2] &- anchor
        f[18] = e[-s &+ 2] &- anchor
        f[19] = e[-p &- 2] &- anchor
        f[20] = e[-p &+ 2] &- anchor
        f[21] = e[-p &- 2 &* s] &- anchor
        f[22] = e[-p &+ 2 &* s] &- anchor
        f[23] = e[-2 &* p] &- anchor
        f[24] = e[-2 &* p &- 1] &- anchor
        f[25] = e[-2 &* p &+ 1] &- anchor
        f[26] = e[-2 &* p &- s] &- anchor
        f[27] = e[-2 &* p &+ s] &- anchor
        f[28] = mean
        // The base, on all sides; its six next neighbours first.
        f[29] = b[-1] &- here
        f[30] = b[1] &- here
        f[31] = b[-s] &- here
        f[32] = b[s] &- here
        f[33] = b[-p] &- here
        f[34] = b[p] &- here
        f[35] = b[-p &- s] &- here
        f[36] = b[-p &+ s] &- here
        f[37] = b[-p &- 1] &- here
        f[38] = b[-p &+ 1] &- here
        f[39] = b[-2] &- here
        f[40] = b[2] &- here
        f[41] = b[-2 &* s] &- here
        f[42] = b[2 &* s] &- here
        f[43] = b[-2 &* p] &- here
        f[44] = b[-2 &* p &- 1] &- here
        f[45] = b[-2 &* p &+ 1] &- here
        f[46] = b[-2 &* p &- s] &- here
        f[47] = b[-2 &* p &+ s] &- here
        Features.pack(f, shift: shift, into: features)
    }

    /// Returns about sixteen times a predictor's absolute error around a voxel; the nearer a voxel, the more it counts.
    @inline(__always)
    func missesAround(_ i: Int, predictor: Int) -> Int32 {
        let e = predictorMisses + (predictor &* count &+ i)
        let (s, p) = (stride, plane)
        let beside =
            2 &* (Int32(e[-1]) &+ Int32(e[-s])) &+ Int32(e[-s &- 1]) &+ Int32(e[-s &+ 1]) &+ Int32(e[-2]) &+ Int32(e[-2 &* s])
        let before = 2 &* Int32(e[-p]) &+ Int32(e[-p &- 1]) &+ Int32(e[-p &+ 1]) &+ Int32(e[-p &- s]) &+ Int32(e[-p &+ s])
        return beside &+ before
    }
}

extension Neighbourhood {
    /// Mean absolute error of the predictions around a voxel, in 16ths of a code.
    struct Energy {
        /// All together; above 0.
        let expected: Int32
        /// In its slice.
        let beside: Int32
    }

    /// - Parameter typical: what stands in where there is little to go by.
    @inline(__always)
    func energy(_ i: Int, typical: Int32) -> Energy {
        let beside = besideSum(missed + i)
        let before = beforeSum(missed + i)
        let besideCount = besideSum(isCoded + i)
        let beforeCount = beforeSum(isCoded + i)
        let expected = (16 &* (beside &+ before) &+ 2 &* typical) / (besideCount &+ beforeCount &+ 2)
        return Energy(expected: max(1, expected), beside: (16 &* beside &+ expected) / (besideCount &+ 1))
    }

    @inline(__always)
    private func besideSum<T: FixedWidthInteger>(_ e: UnsafeMutablePointer<T>) -> Int32 {
        let s = stride
        let next = 3 &* (Int32(e[-1]) &+ Int32(e[-s]))
        return next &+ 2 &* (Int32(e[-s &- 1]) &+ Int32(e[-s &+ 1])) &+ Int32(e[-2]) &+ Int32(e[-2 &* s])
    }

    @inline(__always)
    private func beforeSum<T: FixedWidthInteger>(_ e: UnsafeMutablePointer<T>) -> Int32 {
        let (s, p) = (stride, plane)
        let next = 2 &* (Int32(e[-p &- 1]) &+ Int32(e[-p &+ 1]) &+ Int32(e[-p &- s]) &+ Int32(e[-p &+ s]))
        return 4 &* Int32(e[-p]) &+ next &+ Int32(e[-p &+ s &+ 1]) &+ Int32(e[-p &+ s &- 1])
    }
}
