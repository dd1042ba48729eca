/// A skull-stripped FLAIR head with a labelled tumour.
///
/// Both arrays hold `slices` x `rows` x `columns` voxels in NIfTI order: voxel
/// (x, y, z) is element `(z * rows + y) * columns + x`. x grows towards the
/// patient's left, y towards the back and z towards the top of the head, which is
/// what the BraTS affine `diag(-1, -1, 1)` says of its voxels.
package struct PhantomHead: Sendable {
    /// Stored FLAIR values, `slices` x `rows` x `columns`; exactly 0 outside the brain.
    package let flair: [Int16]

    /// BraTS labels, `slices` x `rows` x `columns`: 0 background, 1 necrotic core,
    /// 2 oedema, 4 enhancing tumour.
    package let labels: [UInt8]

    /// Voxels along x, the fastest axis.
    package let columns: Int

    /// Voxels along y.
    package let rows: Int

    /// Voxels along z, the slowest axis.
    package let slices: Int

    /// Makes the head these parameters describe.
    ///
    /// The result depends on the parameters alone: the arithmetic is limited to
    /// operations that IEEE 754 defines to the last bit.
    package static func generate(_ parameters: PhantomParameters) -> PhantomHead {
        var random = SeededGenerator(seed: parameters.seed)
        let frame = HeadFrame(parameters)
        let subject = Subject(drawing: &random)
        // Drawn whether wanted or not, so that the same seed with and without a
        // tumour shows the same person.
        let drawn = Tumour(drawing: &random)
        let tumour = parameters.hasTumour ? drawn : nil
        let spots = WhiteMatterSpots(drawing: &random)
        let lattice = FieldLattice(frame: frame)
        lattice.fill(subject: subject, tumour: tumour)
        let model = TissueModel(subject: subject, spots: spots, tumour: tumour)
        var scanner = Scanner(frame: frame, random: random)
        let (flair, labels) = scanner.acquire(lattice: lattice, model: model)
        return PhantomHead(
            flair: flair, labels: labels, columns: parameters.columns, rows: parameters.rows,
            slices: parameters.slices)
    }
}
