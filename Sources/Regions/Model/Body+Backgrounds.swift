internal import VolumeModel

extension Body {
    /// The body before a background that is nearly one value, or nearly two.
    ///
    /// A voxel in none of the background's bands is body where most of its neighbours are, too, and where it hangs together with the
    /// rest. The ringing of a resampler lies round a body a few voxels deep, and hardly differs from the background: that goes.
    /// - Parameter volume: its first time point is looked at.
    /// - Returns: nil where there is no such background, or no body before it; nil, too, of so many voxels that looking for it would
    ///   hold up the first chunk.
    /// - Throws: `VolumeError.Code.noRoom`.
    static func beforeBackgrounds(of volume: Volume) throws(VolumeError) -> Body? {
        guard volume.shape.sliceVoxelCount * volume.shape.slices <= voxelLimit else { return nil }
        var values = try physicalValues(of: volume)
        let shape = try Shape(columns: volume.shape.columns, rows: volume.shape.rows, slices: volume.shape.slices)
        let backgrounds = Backgrounds(in: values)
        let (bands, span) = (backgrounds.bands, backgrounds.span)
        guard span > 0, bands.allSatisfy({ $0.upperBound - $0.lowerBound <= widthLimit * span }) else { return nil }
        let content = try VoxelMarks(values, shape) { value in value.isFinite && !bands.contains { $0.contains(value) } }
        // Noise beyond its band is sparse; a body is dense.
        guard let part = try content.neighbours(atLeast: 14).largestPart() else { return nil }
        var isBody = try part.neighbours(atLeast: 1).kept { content[$0] }
        for _ in 0..<ringDepth {
            let isInner = try isBody.neighbours(atLeast: 27)
            var (layerCount, faintCount) = (0, 0)
            let withoutFaint = try isBody.kept { index in
                guard !isInner[index] else { return true }
                layerCount += 1
                let isFaint = bands.contains { abs(values[index] - $0.nearest(to: values[index])) < faintShare * span }
                faintCount += isFaint ? 1 : 0
                return !isFaint
            }
            // Of a body's own surface few voxels are faint.
            guard 2 * faintCount > layerCount else { break }
            isBody = withoutFaint
        }
        try values.withUnsafeMutableBufferPointer { values in
            for index in values.indices where !isBody[index] { values[index] = .nan }
        }
        let fill = bands.first.map { ($0.lowerBound + $0.upperBound) / 2 } ?? 0
        let body = Body(values: values, fill: fill, shape: shape)
        return body.box == nil ? nil : body
    }

    /// A head of 512 x 512 x 120 voxels has about as many, and takes two seconds more for it.
    private static let voxelLimit = 1 << 25
    /// As a share of the range: a wider background is air full of noise, and what stands in it is no prepared brain.
    private static let widthLimit: Float = 0.08
    /// So near a background's band, as a share of the range, ringing is.
    private static let faintShare: Float = 0.03
    /// So many voxels deep it lies round a body.
    private static let ringDepth = 3
}

extension ClosedRange<Float> {
    fileprivate func nearest(to value: Float) -> Float { Swift.min(Swift.max(value, lowerBound), upperBound) }
}

/// One byte a voxel: 1 where something is so.
private struct VoxelMarks {
    private let shape: Shape
    private var bits: PagedArray<UInt8>

    init(_ values: PagedArray<Float>, _ shape: Shape, _ isMarked: (Float) -> Bool) throws(VolumeError) {
        self.shape = shape
        bits = try PagedArray(zeros: values.count)
        try bits.withUnsafeMutableBufferPointer { bits in
            values.withUnsafeBufferPointer { values in
                for index in bits.indices { bits[index] = isMarked(values[index]) ? 1 : 0 }
            }
        }
    }

    private init(_ bits: PagedArray<UInt8>, _ shape: Shape) { (self.bits, self.shape) = (bits, shape) }

    subscript(index: Int) -> Bool { bits[index] != 0 }

    /// The marks that are to stay.
    func kept(where stays: (Int) -> Bool) throws(VolumeError) -> VoxelMarks {
        var kept = bits
        try kept.withUnsafeMutableBufferPointer { kept in
            for index in kept.indices where kept[index] != 0 && !stays(index) { kept[index] = 0 }
        }
        return VoxelMarks(kept, shape)
    }

    /// The largest part that hangs together through faces; nil where nothing is marked.
    func largestPart() throws(VolumeError) -> VoxelMarks? {
        let parts = ConnectedComponents.find(in: try Mask(shape: shape, bits: bits), connectivity: 6)
        guard let largest = parts.components.max(by: { $0.voxelCount < $1.voxelCount }) else { return nil }
        return VoxelMarks(try parts.bits(of: [largest]), shape)
    }

    /// Marks the voxels of which so many are marked among themselves and the 26 around them; beyond the grid nothing is.
    func neighbours(atLeast limit: UInt8) throws(VolumeError) -> VoxelMarks {
        var sums = bits
        try sums.withUnsafeMutableBufferPointer { sums in
            let (columns, rows, slices) = (shape.columns, shape.rows, shape.slices)
            for row in 0..<rows * slices {
                var before: UInt8 = 0
                for index in row * columns..<(row + 1) * columns {
                    let here = sums[index]
                    let after = index + 1 < (row + 1) * columns ? sums[index + 1] : 0
                    sums[index] = before + here + after
                    before = here
                }
            }
            var lines = LineSums(columns: columns)
            for slice in 0..<slices { lines.add(in: sums, from: slice * rows * columns, step: columns, count: rows) }
            for row in 0..<rows { lines.add(in: sums, from: row * columns, step: rows * columns, count: slices) }
            for index in sums.indices { sums[index] = sums[index] >= limit ? 1 : 0 }
        }
        return VoxelMarks(sums, shape)
    }
}

/// Adds to each of a row of lines the one before it and the one after it.
private struct LineSums {
    private let columns: Int
    private var before: [UInt8]
    private var here: [UInt8]

    init(columns: Int) {
        self.columns = columns
        before = [UInt8](repeating: 0, count: columns)
        here = before
    }

    mutating func add(in values: UnsafeMutableBufferPointer<UInt8>, from start: Int, step: Int, count: Int) {
        for column in 0..<columns { before[column] = 0 }
        for line in 0..<count {
            let first = start + line * step
            for column in 0..<columns { here[column] = values[first + column] }
            if line + 1 < count {
                for column in 0..<columns { values[first + column] += before[column] + values[first + step + column] }
            } else {
                for column in 0..<columns { values[first + column] += before[column] }
            }
            swap(&before, &here)
        }
    }
}
