public import Faults

/// A medical volume as it was stored: voxels bit for bit, and where they lie in the patient.
public struct Volume: Sendable {
    /// Time points x slices x rows x columns.
    public let shape: Shape
    /// Storage type of each voxel.
    public let voxelType: VoxelType
    /// Stored values in this machine's byte order, columns fastest, then rows, slices, time points.
    public var voxels: PagedArray<UInt8>
    /// From voxel indices to millimetres.
    public let affine: Affine
    /// From stored values to physical ones.
    public let scaling: Scaling

    /// Makes a volume.
    /// - Throws: `VolumeError.Code.voxelCountMismatch` when `voxels` is not as long as shape and type say.
    public init(
        shape: Shape, voxelType: VoxelType, voxels: PagedArray<UInt8>, affine: Affine = .identity, scaling: Scaling = .none
    ) throws(VolumeError) {
        guard voxels.count == shape.voxelCount * voxelType.byteCount else {
            throw VolumeError(
                .voxelCountMismatch,
                "\(shape) voxels of \(voxelType) are \(shape.voxelCount * voxelType.byteCount) bytes, not \(voxels.count)")
        }
        self.shape = shape
        self.voxelType = voxelType
        self.voxels = voxels
        self.affine = affine
        self.scaling = scaling
    }

    /// Makes a volume in memory.
    /// - Throws: `VolumeError.Code.voxelCountMismatch` when `voxels` is not as long as shape and type say.
    public init(shape: Shape, voxelType: VoxelType, voxels: [UInt8], affine: Affine = .identity, scaling: Scaling = .none)
        throws(VolumeError)
    {
        try self.init(shape: shape, voxelType: voxelType, voxels: try PagedArray(voxels), affine: affine, scaling: scaling)
    }

    /// Makes a volume in memory from typed voxels.
    /// - Throws: `VolumeError.Code.voxelCountMismatch` when their count is not the shape's or the type is not theirs.
    public init<V: Voxel>(shape: Shape, voxelType: VoxelType, values: [V], affine: Affine = .identity, scaling: Scaling = .none)
        throws(VolumeError)
    {
        var check = StoresVoxelsAs<V>()
        guard voxelType.accept(&check) else {
            throw VolumeError(.voxelCountMismatch, "values of \(V.self) are no voxels of \(voxelType)")
        }
        try self.init(
            shape: shape, voxelType: voxelType, voxels: values.withUnsafeBytes { Array($0) }, affine: affine, scaling: scaling)
    }

    /// The stored values as their Swift type. `type` must be the one ``VoxelType/accept(_:)`` hands over.
    @inlinable
    public func withVoxels<V: Voxel, R>(as type: V.Type, _ body: (UnsafeBufferPointer<V>) throws -> R) rethrows -> R {
        try voxels.withUnsafeBytes { (raw) throws -> R in try body(raw.bindMemory(to: V.self)) }
    }

    /// Every stored value as a double: for display and measures, not for coding.
    public func doubles() -> [Double] {
        struct Reader: VoxelVisitor {
            let volume: Volume
            func visit<V: Voxel>(_ type: V.Type) -> [Double] { volume.withVoxels(as: type) { $0.map(\.doubleValue) } }
        }
        var reader = Reader(volume: self)
        return voxelType.accept(&reader)
    }

    /// The least and greatest finite stored values; 0...0 when there is none.
    public func finiteRange() -> ClosedRange<Double> {
        struct Scanner: VoxelVisitor {
            let volume: Volume
            func visit<V: Voxel>(_ type: V.Type) -> ClosedRange<Double> {
                volume.withVoxels(as: type) { voxels in
                    guard var low = voxels.first(where: { $0.doubleValue.isFinite }) else { return 0...0 }
                    var high = low
                    for voxel in voxels {
                        // Comparisons with not-a-number are false; infinities are told apart by the check.
                        if voxel < low, voxel.doubleValue.isFinite { low = voxel }
                        if voxel > high, voxel.doubleValue.isFinite { high = voxel }
                    }
                    return low.doubleValue...high.doubleValue
                }
            }
        }
        var scanner = Scanner(volume: self)
        return voxelType.accept(&scanner)
    }
}

/// Tells whether voxels of a type are stored as one Swift type.
private struct StoresVoxelsAs<Stored: Voxel>: VoxelVisitor {
    func visit<V: Voxel>(_ type: V.Type) -> Bool { V.self == Stored.self }
}

/// From stored values to physical ones: `slope * stored + intercept`; a slope of 0 means there is none.
public struct Scaling: Sendable, Equatable {
    /// Physical units a stored unit.
    public let slope: Double
    /// Physical value of a stored zero.
    public let intercept: Double
    /// Stored values are the physical ones.
    public static let none = Scaling(slope: 0, intercept: 0)
    /// Makes a scaling.
    public init(slope: Double, intercept: Double) {
        self.slope = slope
        self.intercept = intercept
    }
}

/// The upper three rows of the matrix from voxel indices (i, j, k, 1) to millimetres (x right, y anterior, z superior).
public struct Affine: Sendable, Equatable {
    /// Row after row, four numbers each.
    public let rows: [[Double]]
    /// Indices are millimetres.
    public static let identity = Affine(rows: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]])
    /// Makes an affine of three rows of four.
    public init(rows: [[Double]]) { self.rows = rows }
}
