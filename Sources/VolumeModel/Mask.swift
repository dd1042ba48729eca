public import Faults

/// A set of voxels: what a segmenter found, or labels above zero.
public struct Mask: Sendable, Equatable {
    /// Slices x rows x columns; one time point.
    public let shape: Shape
    /// One byte a voxel, 0 or 1, columns fastest.
    public let bits: PagedArray<UInt8>

    /// Makes a mask.
    /// - Throws: `VolumeError` when `bits` does not fit the shape.
    public init(shape: Shape, bits: PagedArray<UInt8>) throws(VolumeError) {
        guard shape.timepoints == 1, bits.count == shape.voxelCount else {
            throw VolumeError(.voxelCountMismatch, "a mask of \(shape) needs \(shape.voxelCount) voxels, not \(bits.count)")
        }
        self.shape = shape
        self.bits = bits
    }

    /// Makes a mask in memory.
    /// - Throws: `VolumeError` when `bits` does not fit the shape.
    public init(shape: Shape, bits: [UInt8]) throws(VolumeError) { try self.init(shape: shape, bits: try PagedArray(bits)) }

    /// Every voxel of a box, which lies in the shape.
    /// - Throws: `VolumeError` when it does not.
    public init(filling box: Box, in shape: Shape) throws(VolumeError) {
        guard shape.box.contains(box) else { throw VolumeError(.invalidBox, "box \(box) reaches out of \(shape)") }
        var bits = try PagedArray<UInt8>(zeros: shape.sliceVoxelCount * shape.slices)
        try bits.withUnsafeMutableBufferPointer { bits in
            for z in box.z {
                for y in box.y {
                    let row = (z * shape.rows + y) * shape.columns
                    for x in box.x { bits[row + x] = 1 }
                }
            }
        }
        try self.init(shape: try Shape(columns: shape.columns, rows: shape.rows, slices: shape.slices), bits: bits)
    }

    /// Voxels of the volume's first time point that are above zero, in physical units.
    public init(labels volume: Volume) throws(VolumeError) {
        struct Thresholder: VoxelVisitor {
            let volume: Volume
            let bits: UnsafeMutableBufferPointer<UInt8>
            func visit<V: Voxel>(_ type: V.Type) {
                let scaling = volume.scaling
                volume.withVoxels(as: type) { voxels in
                    guard scaling.slope != 0, scaling.slope.isFinite, scaling.slope < 0 || scaling.intercept != 0 else {
                        let zero = V(nearest: 0)
                        for index in bits.indices { bits[index] = voxels[index] > zero ? 1 : 0 }
                        return
                    }
                    let intercept = scaling.intercept.isFinite ? scaling.intercept : 0
                    for index in bits.indices {
                        bits[index] = voxels[index].doubleValue * scaling.slope + intercept > 0 ? 1 : 0
                    }
                }
            }
        }
        let shape = volume.shape
        var bits = try PagedArray<UInt8>(zeros: shape.sliceVoxelCount * shape.slices)
        try bits.withUnsafeMutableBufferPointer { bits in
            var thresholder = Thresholder(volume: volume, bits: bits)
            volume.voxelType.accept(&thresholder)
        }
        try self.init(shape: try Shape(columns: shape.columns, rows: shape.rows, slices: shape.slices), bits: bits)
    }

    /// Number of voxels that are in.
    public var voxelCount: Int { bits.withUnsafeBufferPointer { $0.reduce(0) { $0 + Int($1) } } }

    /// The smallest box that holds every voxel of the mask; nil when it is empty.
    public var boundingBox: Box? {
        bits.withUnsafeBufferPointer { bits in
            var x = (shape.columns, 0)
            var y = (shape.rows, 0)
            var z = (shape.slices, 0)
            for slice in 0..<shape.slices {
                for row in 0..<shape.rows {
                    let start = (slice * shape.rows + row) * shape.columns
                    guard let first = (0..<shape.columns).first(where: { bits[start + $0] != 0 }),
                        let last = (0..<shape.columns).last(where: { bits[start + $0] != 0 })
                    else { continue }
                    x = (min(x.0, first), max(x.1, last + 1))
                    y = (min(y.0, row), max(y.1, row + 1))
                    z = (min(z.0, slice), max(z.1, slice + 1))
                }
            }
            return x.0 < x.1 ? Box(uncheckedX: x.0..<x.1, y: y.0..<y.1, z: z.0..<z.1) : nil
        }
    }

    /// Dice's coefficient, 2|A and B| / (|A| + |B|); 1 when both are empty.
    /// - Throws: `VolumeError.Code.shapesDiffer`.
    public func dice(with other: Mask) throws(VolumeError) -> Double {
        guard shape == other.shape else {
            throw VolumeError(.shapesDiffer, "masks of \(shape) and \(other.shape) cannot be compared")
        }
        var both = 0
        for index in bits.indices where bits[index] != 0 && other.bits[index] != 0 { both += 1 }
        let sum = voxelCount + other.voxelCount
        return sum == 0 ? 1 : 2 * Double(both) / Double(sum)
    }
}
