/// Predicts by the weights that would have served best nearby: least squares over blocks of voxels, once over those around the voxel's own block, in
/// its slice and the one before, and once over all before it, the older the less.
struct BlockLeastSquares {
    /// Voxels a block is learned from, along columns and rows.
    private static let sampleSide = 8
    private static let sampleCount = sampleSide * sampleSide
    /// Samples lie within this, either way, so that products over all that is added up stay within 31 bits.
    static let sampleLimit: Int32 = 1023
    /// The most blocks a slice is cut into; larger slices have larger blocks, and not every voxel of theirs is learned from.
    private static let blockLimit = 4096
    /// Fewer samples than this say too little.
    private static let minSamples = 60
    /// For fewer voxels than this the weights stay what they are.
    private static let minVoxels = 12

    private let columns: Int
    private let rows: Int
    /// log2 of the voxels from one sample to the next.
    private let spacing: Int
    /// log2 of a block's side.
    private let side: Int
    private let across: Int
    private let down: Int
    /// Samples of the row of blocks that runs: block x feature x sample, what was to be predicted after the features.
    private let samples: UnsafeMutablePointer<Int16>
    private let sampleCounts: UnsafeMutablePointer<Int>
    /// Products of blocks that are done, of this slice and the one before: slice x block x triangle.
    private let products: UnsafeMutablePointer<Int32>
    private let productCounts: UnsafeMutablePointer<Int>
    private let sum: UnsafeMutablePointer<Int32>
    private let all: UnsafeMutablePointer<Int64>
    private let nearWeights: UnsafeMutablePointer<Int16>
    private let allWeights: UnsafeMutablePointer<Int16>
    private let equations = NormalEquations()

    init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
        var spacing = 0
        func blocks(_ voxels: Int) -> Int { (voxels + (Self.sampleSide << spacing) - 1) / (Self.sampleSide << spacing) }
        while blocks(columns) * blocks(rows) > Self.blockLimit { spacing += 1 }
        self.spacing = spacing
        side = spacing + 3
        across = blocks(columns)
        down = blocks(rows)
        func zeros<T: FixedWidthInteger>(_ count: Int) -> UnsafeMutablePointer<T> {
            let memory = UnsafeMutablePointer<T>.allocate(capacity: count)
            memory.initialize(repeating: 0, count: count)
            return memory
        }
        samples = zeros(across * NormalEquations.rowCount * Self.sampleCount)
        sampleCounts = zeros(across)
        products = zeros(2 * across * down * NormalEquations.productCount)
        productCounts = zeros(2 * across * down)
        sum = zeros(NormalEquations.productCount)
        all = zeros(NormalEquations.productCount)
        nearWeights = zeros(across * Features.count)
        allWeights = zeros(Features.count)
    }

    func deallocate() {
        samples.deallocate()
        sampleCounts.deallocate()
        products.deallocate()
        productCounts.deallocate()
        sum.deallocate()
        all.deallocate()
        nearWeights.deallocate()
        allWeights.deallocate()
        equations.deallocate()
    }

    /// In 16ths of a feature's unit, by what lies near.
    @inline(__always)
    func predictNear(_ features: UnsafePointer<Int16>, x: Int) -> Int32 {
        Features.dot(nearWeights + (x &>> side) &* Features.count, features) &>> 8
    }

    /// In 16ths of a feature's unit, by all before.
    @inline(__always)
    func predictAll(_ features: UnsafePointer<Int16>) -> Int32 { Features.dot(allWeights, features) &>> 8 }

    /// Tells whether a voxel is one to learn from.
    @inline(__always)
    func takes(x: Int, y: Int) -> Bool { (x | y) & (1 &<< spacing &- 1) == 0 }

    /// Takes a voxel to learn from.
    /// - Parameters:
    ///   - weight: what features and target are multiplied by, in 4096ths, below 2^21.
    ///   - target: what was to be predicted, in 16ths.
    @inline(__always)
    func learn(_ features: UnsafePointer<Int16>, weight: Int64, target: Int64, x: Int) {
        let block = x &>> side
        let place = samples + (block &* NormalEquations.rowCount &* Self.sampleCount &+ sampleCounts[block])
        // A factor of 14 bits and a shift, so that products are those of 16-bit numbers.
        let excess = Int32(max(0, 50 &- Int(weight.leadingZeroBitCount)))
        let factor = Int16(truncatingIfNeeded: weight &>> Int64(excess))
        let shift = 12 &- excess
        for index in 0..<Features.count {
            let scaled = (Int32(features[index]) &* Int32(factor)) &>> shift
            place[index &* Self.sampleCount] = Int16(truncatingIfNeeded: max(-Self.sampleLimit, min(Self.sampleLimit, scaled)))
        }
        let limit = Int64(Self.sampleLimit)
        let scaled = (target &* weight) &>> 16
        place[Features.count &* Self.sampleCount] = Int16(truncatingIfNeeded: max(-limit, min(limit, scaled)))
        sampleCounts[block] &+= 1
    }

    /// To be called before a row of voxels: finds the weights of a row of blocks where one begins.
    /// - Parameter isKnown: flags of the slice: rows x columns.
    func beginRow(_ y: Int, slice: Int, isKnown: UnsafePointer<UInt8>) {
        guard y & (1 << side - 1) == 0 else { return }
        let row = y >> side
        for block in 0..<across where isWorthSolving(block, row, isKnown) {
            sum.update(repeating: 0, count: NormalEquations.productCount)
            var count = 0
            func add(_ x: Int, _ y: Int, _ slice: Int, _ weight: Int32) {
                guard x >= 0, x < across, y >= 0, y < down, slice >= 0 else { return }
                let index = ((slice & 1) * down + y) * across + x
                guard productCounts[index] > 0 else { return }
                count += productCounts[index]
                let other = products + index * NormalEquations.productCount
                for index in 0..<NormalEquations.productCount { sum[index] = sum[index] &+ other[index] &* weight }
            }
            add(block, row - 2, slice, 1)
            for x in block - 1...block + 1 {
                add(x, row - 1, slice, x == block ? 2 : 1)
                for y in row - 1...row + 1 { add(x, y, slice - 1, x == block && y == row ? 2 : 1) }
            }
            if count >= Self.minSamples { equations.solve(sum, into: nearWeights + block * Features.count) }
        }
        samples.update(repeating: 0, count: across * NormalEquations.rowCount * Self.sampleCount)
        sampleCounts.update(repeating: 0, count: across)
    }

    /// To be called after a row of voxels: adds up what a row of blocks has taught where one ends.
    func endRow(_ y: Int, slice: Int) {
        guard y & (1 << side - 1) == 1 << side - 1 || y == rows - 1 else { return }
        let start = ((slice & 1) * down + y >> side) * across
        var isNew = false
        for block in 0..<across {
            productCounts[start + block] = sampleCounts[block]
            guard sampleCounts[block] > 0 else { continue }
            if !isNew {
                isNew = true
                for index in 0..<NormalEquations.productCount { all[index] = all[index] &- all[index] &>> 3 }
            }
            let own = samples + block * NormalEquations.rowCount * Self.sampleCount
            let triangle = products + (start + block) * NormalEquations.productCount
            for i in 0..<NormalEquations.rowCount {
                for j in 0...i {
                    triangle[NormalEquations.row(i) &+ j] = Self.dot(own + i &* Self.sampleCount, own + j &* Self.sampleCount)
                }
            }
            for index in 0..<NormalEquations.productCount { all[index] = all[index] &+ Int64(triangle[index]) }
        }
        guard isNew else { return }
        var greatest: Int64 = 1
        for row in 0..<NormalEquations.rowCount { greatest = max(greatest, all[NormalEquations.row(row) + row]) }
        let shift = Int64(max(0, 34 - greatest.leadingZeroBitCount))
        for index in 0..<NormalEquations.productCount { sum[index] = Int32(truncatingIfNeeded: all[index] &>> shift) }
        equations.solve(sum, into: allWeights)
    }

    /// Tells whether so many of a block's voxels are to be coded that better weights pay.
    private func isWorthSolving(_ block: Int, _ row: Int, _ isKnown: UnsafePointer<UInt8>) -> Bool {
        var count = 0
        for y in row << side..<min(rows, (row + 1) << side) {
            for x in block << side..<min(columns, (block + 1) << side) where isKnown[y &* columns &+ x] == 0 { count &+= 1 }
        }
        return count >= Self.minVoxels
    }

    @inline(__always)
    private static func dot(_ a: UnsafePointer<Int16>, _ b: UnsafePointer<Int16>) -> Int32 {
        var sum: Int32 = 0
        for index in 0..<sampleCount { sum = sum &+ Int32(a[index]) &* Int32(b[index]) }
        return sum
    }
}
