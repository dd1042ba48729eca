internal import VolumeModel

/// The grid that a model works on: slices x rows x columns of blocks of voxels, or of resized pixels.
struct PixelGrid {
    let axes: AxisMap
    /// Along the model's slices, rows and columns: which of the turned volume's voxels it covers.
    let spans: [Range<Int>]
    /// Voxels a pixel along each; not whole when slices are resized.
    let steps: [Double]
    /// Slices, rows, columns.
    let counts: [Int]

    /// Slices x rows x columns.
    var pixelCount: Int { counts[0] * counts[1] * counts[2] }
    /// Of one pixel, through all of its depth.
    var millilitres: Double { (0..<3).reduce(0.001) { $0 * axes.spacing[$1] * steps[$1] } }

    /// The distance between slices that are looked at first: nothing worth keeping fits between two. Thick slices, and few, are all looked at.
    var firstStep: Int {
        counts[0] >= Self.minCoarseCount ? max(1, min(4, Int(Self.coarseMillimetres / (axes.spacing[0] * steps[0])))) : 1
    }

    /// A lesion of half a millilitre is about ten millimetres across.
    private static let coarseMillimetres = 8.0
    private static let minCoarseCount = 16

    /// Lays the grid over a body's box.
    /// - Parameter body: over the voxels of the volume as it stands; nil when there is none.
    init(_ axes: AxisMap, body: Box?, shape: Shape, description: ModelDescription) {
        let box = description.crops ? body ?? shape.box : shape.box
        let ranges = [box.x, box.y, box.z]
        self.axes = axes
        spans = (0..<3).map { axis in
            let range = ranges[axes.source[axis]]
            let count = axes.counts[axis]
            return axes.isFlipped[axis] ? count - range.upperBound..<count - range.lowerBound : range
        }
        switch description.sampling {
        case .blocks(let millimetres):
            // A quarter of a block of tolerance, so that 0.9 mm voxels still make blocks of two.
            steps = axes.spacing.map { min(1024, max(1, (millimetres / $0 + 0.25).rounded(.down))) }
            counts = zip(spans, steps).map { ($0.count + Int($1) - 1) / Int($1) }
        case .resized(let rows, let columns):
            steps = [1, Double(spans[1].count) / Double(rows), Double(spans[2].count) / Double(columns)]
            counts = [spans[0].count, rows, columns]
        }
    }

    /// Index strides of slices, rows and columns in the volume's memory, and where the turned volume's first voxel lies.
    func addressing(_ shape: Shape) -> (strides: [Int], origin: Int) {
        let memory = [1, shape.columns, shape.sliceVoxelCount]
        var origin = 0
        let strides = (0..<3).map { axis in
            let stride = memory[axes.source[axis]]
            guard axes.isFlipped[axis] else { return stride }
            origin += (axes.counts[axis] - 1) * stride
            return -stride
        }
        return (strides, origin)
    }
}

/// One modality on the grid.
struct PixelImage {
    /// Normalised; `outside` where there is no body.
    let values: [Float]
    /// 1 where there is body.
    let isBody: [UInt8]
    /// Means over blocks, before they are normalised; empty where slices are resized.
    private let means: [Float]

    /// Samples and normalises a body.
    init(_ body: Body, on grid: PixelGrid, shape: Shape, description: ModelDescription) {
        switch description.sampling {
        case .blocks:
            let (means, isBody) = Self.pooled(body, grid, shape)
            self.isBody = isBody
            self.means = means
            values = Normalisation(description).apply(to: means, isBody: isBody)
        case .resized:
            // As published: a slice is normalised voxel by voxel and resized afterwards.
            let (voxels, isBody) = Self.turned(body, grid, shape)
            let normalised = Normalisation(description).apply(to: voxels, isBody: isBody)
            values = Self.resized(normalised, grid)
            means = []
            self.isBody = Self.resized(isBody.map(Float.init), grid).map { $0 >= 0.5 ? 1 : 0 }
        }
    }

    private init(means: [Float], isBody: [UInt8], description: ModelDescription) {
        self.means = means
        self.isBody = isBody
        values = Normalisation(description).apply(to: means, isBody: isBody)
    }

    /// The same blocks, of which only these are body.
    func restricted(to isBody: [UInt8], _ description: ModelDescription) -> PixelImage {
        PixelImage(means: means, isBody: zip(self.isBody, isBody).map { $0 & $1 }, description: description)
    }

    /// Means over each block's voxels of the body; a block is body where at least half of its voxels are.
    private static func pooled(_ body: Body, _ grid: PixelGrid, _ shape: Shape) -> ([Float], [UInt8]) {
        guard let box = body.box else {
            return ([Float](repeating: 0, count: grid.pixelCount), [UInt8](repeating: 0, count: grid.pixelCount))
        }
        var sums = [Double](repeating: 0, count: grid.pixelCount)
        var counts = [UInt32](repeating: 0, count: grid.pixelCount)
        // For every index along the volume's own axes, what it adds to the index of its block.
        let strides = [grid.counts[1] * grid.counts[2], grid.counts[2], 1]
        var offsets = [[Int]](repeating: [], count: 3)
        for axis in 0..<3 {
            let step = Int(grid.steps[axis])
            let start = grid.spans[axis].lowerBound
            offsets[grid.axes.source[axis]] = grid.axes.targets(along: axis).map { target in
                // Beyond the span there is no body; such an index is never looked at.
                max(0, min(grid.counts[axis] - 1, (target - start) / step)) * strides[axis]
            }
        }
        body.values.withUnsafeBufferPointer { values in
            sums.withUnsafeMutableBufferPointer { sums in
                counts.withUnsafeMutableBufferPointer { counts in
                    offsets[0].withUnsafeBufferPointer { columnOffsets in
                        for z in box.z {
                            for y in box.y {
                                let offset = offsets[2][z] + offsets[1][y]
                                let start = (z * shape.rows + y) * shape.columns
                                for x in box.x {
                                    let value = values[start + x]
                                    guard !value.isNaN else { continue }
                                    sums[offset + columnOffsets[x]] += Double(value)
                                    counts[offset + columnOffsets[x]] += 1
                                }
                            }
                        }
                    }
                }
            }
        }
        let half = grid.steps.reduce(1, *) / 2
        return (
            zip(sums, counts).map { Float($0 / Double(max(1, $1))) }, counts.map { Double($0) >= half ? 1 : 0 }
        )
    }

    /// Every voxel of the grid's spans, turned.
    private static func turned(_ body: Body, _ grid: PixelGrid, _ shape: Shape) -> ([Float], [UInt8]) {
        let (strides, origin) = grid.addressing(shape)
        var values: [Float] = []
        values.reserveCapacity(grid.spans.reduce(1) { $0 * $1.count })
        for z in grid.spans[0] {
            for y in grid.spans[1] {
                let row = origin + z * strides[0] + y * strides[1]
                for x in grid.spans[2] { values.append(body.values[row + x * strides[2]]) }
            }
        }
        return (values.map { $0.isNaN ? 0 : $0 }, values.map { $0.isNaN ? 0 : 1 })
    }

    /// Bilinear, between pixel centres, the edges held.
    private static func resized(_ values: [Float], _ grid: PixelGrid) -> [Float] {
        let (rows, columns) = (grid.spans[1].count, grid.spans[2].count)
        let y = (0..<grid.counts[1]).map { LinearPlace(pixel: $0, step: grid.steps[1], count: rows) }
        let x = (0..<grid.counts[2]).map { LinearPlace(pixel: $0, step: grid.steps[2], count: columns) }
        var output: [Float] = []
        output.reserveCapacity(grid.pixelCount)
        for slice in 0..<grid.counts[0] {
            let start = slice * rows * columns
            for y in y {
                let (low, high) = (start + y.low * columns, start + y.high * columns)
                for x in x {
                    let upper = x.blend(values[low + x.low], values[low + x.high])
                    let lower = x.blend(values[high + x.low], values[high + x.high])
                    output.append(y.blend(upper, lower))
                }
            }
        }
        return output
    }
}

/// Between which two samples a place lies, and how far from the first.
struct LinearPlace {
    let low: Int
    let high: Int
    let t: Float

    /// Finds the place of the middle of voxel `index` among `count` pixels of `step` voxels.
    init(voxel index: Int, step: Double, count: Int) { self.init((Double(index) + 0.5) / step - 0.5, count) }
    /// Finds the place of the middle of pixel `index`, of `step` voxels, among `count` voxels.
    init(pixel index: Int, step: Double, count: Int) { self.init((Double(index) + 0.5) * step - 0.5, count) }

    private init(_ place: Double, _ count: Int) {
        let held = max(0, min(Double(count - 1), place))
        low = Int(held)
        high = min(low + 1, count - 1)
        t = Float(held - Double(low))
    }

    @inline(__always)
    func blend(_ a: Float, _ b: Float) -> Float { a * (1 - t) + b * t }
}

/// Brings a body's values to the scale that a model was trained on.
struct Normalisation {
    let percentiles: ClosedRange<Double>
    let standardises: Bool
    let outside: Float

    init(_ description: ModelDescription) {
        percentiles = description.clipPercentiles
        standardises = description.standardises
        outside = description.outside
    }

    /// Clips to the percentiles, by nearest rank, and standardises over what is body; the rest becomes `outside`.
    func apply(to values: [Float], isBody: [UInt8]) -> [Float] {
        var inside = zip(values, isBody).filter { $1 != 0 }.map(\.0)
        guard !inside.isEmpty else { return [Float](repeating: outside, count: values.count) }
        inside.sort()
        func rank(_ percentile: Double) -> Float { inside[Int(percentile / 100 * Double(inside.count - 1) + 0.5)] }
        let low = rank(percentiles.lowerBound)
        let high = rank(percentiles.upperBound)
        var mean = 0.0
        var deviation = 1.0
        if standardises {
            let count = Double(inside.count)
            mean = inside.reduce(0) { $0 + Double(max(low, min(high, $1))) } / count
            let variance =
                inside.reduce(0) { sum, value in
                    let distance = Double(max(low, min(high, value))) - mean
                    return sum + distance * distance
                } / count
            deviation = variance > 0 ? variance.squareRoot() : 1
        }
        return zip(values, isBody).map { value, isBody in
            isBody != 0 ? Float((Double(max(low, min(high, value))) - mean) / deviation) : outside
        }
    }
}
