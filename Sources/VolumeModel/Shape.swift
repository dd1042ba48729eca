public import Faults

/// The extent of a volume: time points x slices x rows x columns.
public struct Shape: Sendable, Hashable, CustomStringConvertible {
    /// Voxels along x, the fastest axis in memory.
    public let columns: Int
    /// Voxels along y.
    public let rows: Int
    /// Voxels along z; 1 for a 2-D image.
    public let slices: Int
    /// Volumes along t; 1 for a 3-D volume.
    public let timepoints: Int

    /// The most voxels a volume may have: 2^31, 4 GiB of int16.
    public static let voxelLimit = 1 << 31

    /// Makes a shape.
    /// - Throws: `VolumeError.Code.invalidShape` when a side is below 1 or the product passes ``voxelLimit``.
    public init(columns: Int, rows: Int, slices: Int, timepoints: Int = 1) throws(VolumeError) {
        var product = 1
        for side in [columns, rows, slices, timepoints] {
            guard side >= 1 else { throw VolumeError(.invalidShape, "a volume's sides must be at least 1, not \(side)") }
            let (next, overflow) = product.multipliedReportingOverflow(by: side)
            guard !overflow, next <= Self.voxelLimit else {
                throw VolumeError(
                    .invalidShape,
                    "\(columns)x\(rows)x\(slices)x\(timepoints) voxels are more than the limit of \(Self.voxelLimit)")
            }
            product = next
        }
        self.columns = columns
        self.rows = rows
        self.slices = slices
        self.timepoints = timepoints
    }

    /// Rows x columns.
    public var sliceVoxelCount: Int { columns * rows }
    /// Time points x slices x rows x columns.
    public var voxelCount: Int { columns * rows * slices * timepoints }
    /// All slices of all time points, as they lie in memory one after another.
    public var stackedSliceCount: Int { slices * timepoints }
    /// The box that holds every voxel of one time point.
    public var box: Box { Box(uncheckedX: 0..<columns, y: 0..<rows, z: 0..<slices) }
    /// The same box over stacked slices: z runs through every time point.
    public var stackedBox: StackedBox { StackedBox(uncheckedX: 0..<columns, y: 0..<rows, z: 0..<stackedSliceCount) }

    /// A box at one time point; nil when it is none of this shape, or there is no such time point.
    public func stacked(_ box: Box, timepoint: Int) -> StackedBox? {
        guard (0..<timepoints).contains(timepoint), self.box.contains(box) else { return nil }
        let first = timepoint * slices
        return StackedBox(uncheckedX: box.x, y: box.y, z: box.z.lowerBound + first..<box.z.upperBound + first)
    }

    /// A box at every time point; none when it is none of this shape.
    public func stacked(_ box: Box) -> [StackedBox] { (0..<timepoints).compactMap { stacked(box, timepoint: $0) } }

    /// The time point of a slice that is counted through all of them, and its index there.
    public func position(ofStacked slice: Int) -> (timepoint: Int, slice: Int) { (slice / slices, slice % slices) }

    public var description: String {
        timepoints == 1 ? "\(columns)x\(rows)x\(slices)" : "\(columns)x\(rows)x\(slices)x\(timepoints)"
    }
}
