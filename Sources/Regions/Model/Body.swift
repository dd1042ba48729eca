internal import VolumeModel

/// The body in a volume's first time point, as physical values.
struct Body {
    /// Slices x rows x columns as the volume has them; not-a-number where there is fill.
    let values: PagedArray<Float>
    /// The value of what lies around the body.
    let fill: Float
    /// The smallest box with all of it; nil when there is none.
    let box: Box?

    /// Fill is the value most frequent on the six faces; what is not finite counts as fill.
    /// - Throws: `VolumeError.Code.noRoom`.
    init(of volume: Volume) throws(VolumeError) {
        let shape = volume.shape
        var values = try Self.physicalValues(of: volume)
        let fill = Self.fill(values, shape)
        try values.withUnsafeMutableBufferPointer { values in
            for index in values.indices where values[index] == fill || !values[index].isFinite { values[index] = .nan }
        }
        self.init(values: values, fill: fill, shape: shape)
    }

    /// A body whose surroundings are not-a-number already.
    init(values: PagedArray<Float>, fill: Float, shape: Shape) {
        self.values = values
        self.fill = fill
        box = Self.box(values, shape)
    }

    /// The values of the first time point, scaled.
    static func physicalValues(of volume: Volume) throws(VolumeError) -> PagedArray<Float> {
        var values = try PagedArray<Float>(zeros: volume.shape.sliceVoxelCount * volume.shape.slices)
        try values.withUnsafeMutableBufferPointer { values in
            var reader = Reader(volume: volume, output: values)
            volume.voxelType.accept(&reader)
        }
        return values
    }

    private struct Reader: VoxelVisitor {
        let volume: Volume
        let output: UnsafeMutableBufferPointer<Float>

        func visit<V: Voxel>(_ type: V.Type) {
            let slope = volume.scaling.slope
            let hasScaling = slope != 0 && slope.isFinite
            let intercept = volume.scaling.intercept.isFinite ? volume.scaling.intercept : 0
            volume.withVoxels(as: type) { voxels in
                if hasScaling {
                    for index in output.indices { output[index] = Float(voxels[index].doubleValue * slope + intercept) }
                } else {
                    for index in output.indices { output[index] = Float(voxels[index].doubleValue) }
                }
            }
        }
    }

    /// The smaller one of two equally frequent values; edges belong to each of their faces.
    private static func fill(_ values: PagedArray<Float>, _ shape: Shape) -> Float {
        var faces: [Float] = []
        let (columns, rows, slices) = (shape.columns, shape.rows, shape.slices)
        faces.reserveCapacity(2 * (columns * rows + columns * slices + rows * slices))
        values.withUnsafeBufferPointer { values in
            func add(_ index: Int) { faces.append(values[index].isFinite ? values[index] : 0) }
            for slice in [0, slices - 1] {
                for index in 0..<columns * rows { add(slice * columns * rows + index) }
            }
            for slice in 0..<slices {
                for row in [0, rows - 1] {
                    for column in 0..<columns { add((slice * rows + row) * columns + column) }
                }
                for row in 0..<rows {
                    for column in [0, columns - 1] { add((slice * rows + row) * columns + column) }
                }
            }
        }
        faces.sort()
        var best: (value: Float, count: Int) = (0, 0)
        var start = 0
        while start < faces.count {
            var end = start + 1
            while end < faces.count, faces[end] == faces[start] { end += 1 }
            if end - start > best.count { best = (faces[start], end - start) }
            start = end
        }
        return best.value
    }

    private static func box(_ values: PagedArray<Float>, _ shape: Shape) -> Box? {
        values.withUnsafeBufferPointer { values in
            var x = (shape.columns, 0)
            var y = (shape.rows, 0)
            var z = (shape.slices, 0)
            for slice in 0..<shape.slices {
                for row in 0..<shape.rows {
                    let start = (slice * shape.rows + row) * shape.columns
                    var first = 0
                    while first < shape.columns, values[start + first].isNaN { first += 1 }
                    guard first < shape.columns else { continue }
                    var end = shape.columns
                    while values[start + end - 1].isNaN { end -= 1 }
                    x = (min(x.0, first), max(x.1, end))
                    y = (min(y.0, row), max(y.1, row + 1))
                    z = (min(z.0, slice), max(z.1, slice + 1))
                }
            }
            return x.0 < x.1 ? try? Box(x: x.0..<x.1, y: y.0..<y.1, z: z.0..<z.1) : nil
        }
    }
}
