internal import Faults

/// The shape and seed of a synthetic head.
///
/// The anatomy fills the same fraction of the field of view whatever the shape,
/// so a small shape is a coarse picture of the whole head and not a crop.
package struct PhantomParameters: Sendable, Equatable {
    /// The lengths a side may have, in voxels.
    package static let sideRange: ClosedRange<Int> = 16...1024

    /// The most voxels a head may have.
    package static let maximumVoxels = 1 << 28

    /// The default head: seed 1, 240 columns, 240 rows, 155 slices, with a tumour.
    package static let standard = PhantomParameters(
        uncheckedSeed: 1, columns: 240, rows: 240, slices: 155, hasTumour: true)

    /// Everything random in the head follows from this number.
    package let seed: UInt64

    /// Voxels along x, the fastest axis; x grows towards the patient's left.
    package let columns: Int

    /// Voxels along y; y grows towards the back of the head.
    package let rows: Int

    /// Voxels along z, the slowest axis; z grows towards the top of the head.
    package let slices: Int

    /// True when the head carries a glioma.
    package let hasTumour: Bool

    /// The number of voxels in the head.
    package var voxelCount: Int { columns * rows * slices }

    /// Checks the shape and keeps it.
    ///
    /// - Throws: ``PhantomError`` when a side lies outside ``sideRange`` or the
    ///   product of the sides exceeds ``maximumVoxels``.
    package init(
        seed: UInt64 = 1, columns: Int = 240, rows: Int = 240, slices: Int = 155,
        hasTumour: Bool = true
    ) throws(PhantomError) {
        for (name, side) in [("columns", columns), ("rows", rows), ("slices", slices)]
        where !Self.sideRange.contains(side) {
            throw PhantomError(
                .sideOutOfRange, "\(name) is \(side); it must lie in 16...1024.")
        }
        // The sides are at most 1024 here, so the product cannot overflow.
        guard columns * rows * slices <= Self.maximumVoxels else {
            throw PhantomError(
                .tooManyVoxels, "\(columns) x \(rows) x \(slices) exceeds \(Self.maximumVoxels) voxels.")
        }
        self.init(
            uncheckedSeed: seed, columns: columns, rows: rows, slices: slices,
            hasTumour: hasTumour)
    }

    private init(uncheckedSeed: UInt64, columns: Int, rows: Int, slices: Int, hasTumour: Bool) {
        self.seed = uncheckedSeed
        self.columns = columns
        self.rows = rows
        self.slices = slices
        self.hasTumour = hasTumour
    }
}
