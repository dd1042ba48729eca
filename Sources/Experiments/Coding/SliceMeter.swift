internal import VolumeModel

/// Compares looks of one slice with the source's.
struct SliceMeter: Sendable {
    private let source: Volume?
    private let peak: Double
    /// The content in this slice; nil where there is none.
    private let content: Box?
    /// The regions of interest in this slice, apart from each other.
    private let regions: [Box]
    /// The boxes in which windows touch a region: apart from each other too.
    private let surroundings: [Box]

    /// The side of the structural similarity's window.
    private static let window = 7

    init(slice: Int, source: Volume, content: Box?, regions: [Box], peak: Double) {
        let shape = source.shape
        let byteCount = shape.sliceVoxelCount * source.voxelType.byteCount
        self.peak = peak
        // One slice of its own, z being 0.
        let flat = try? Shape(columns: shape.columns, rows: shape.rows, slices: 1)
        self.source = flat.flatMap {
            try? Volume(
                shape: $0, voxelType: source.voxelType, voxels: source.voxels.values(slice * byteCount..<(slice + 1) * byteCount))
        }
        let z = shape.position(ofStacked: slice).slice
        func flattened(_ box: Box) -> Box? { box.z.contains(z) ? try? box.over(slices: 0..<1) : nil }
        let inside = content.flatMap(flattened)
        self.content = inside
        self.regions = regions.compactMap { region in inside.flatMap { flattened(region)?.intersection($0) } }
        surroundings =
            BoxSet(
                self.regions.compactMap { region in
                    inside.flatMap { Self.grown(region, by: Self.window - 1, within: $0) }
                }
            ).apart
    }

    private static func grown(_ box: Box, by margin: Int, within limits: Box) -> Box? {
        try? Box(
            x: max(limits.x.lowerBound, box.x.lowerBound - margin)..<min(limits.x.upperBound, box.x.upperBound + margin),
            y: max(limits.y.lowerBound, box.y.lowerBound - margin)..<min(limits.y.upperBound, box.y.upperBound + margin), z: box.z)
    }

    /// - Parameter voxels: the slice's stored values.
    func measure(_ voxels: [UInt8]) -> QualityTable.Pair {
        guard let source, let content, let shown = try? Volume(shape: source.shape, voxelType: source.voxelType, voxels: voxels)
        else {
            return QualityTable.Pair()
        }
        var pair = QualityTable.Pair()
        for region in regions { pair.roi = pair.roi + look(shown, source, region) }
        var all = look(shown, source, content)
        // What is left of the content: voxels that are in no region, and windows that touch none.
        all.voxelCount -= pair.roi.voxelCount
        all.squaredErrorSum = max(0, all.squaredErrorSum - pair.roi.squaredErrorSum)
        for box in surroundings {
            let (sum, count) = similarity(shown, source, box)
            all.similaritySum -= sum
            all.windowCount -= count
        }
        pair.background = all
        return pair
    }

    private func look(_ shown: Volume, _ source: Volume, _ box: Box) -> QualityTable.Look {
        let fidelity = (try? Fidelity.compare(source, shown, box: box)) ?? Fidelity()
        let (sum, count) = similarity(shown, source, box)
        return QualityTable.Look(
            voxelCount: fidelity.voxelCount, squaredErrorSum: fidelity.squaredErrorSum, similaritySum: sum, windowCount: count)
    }

    /// The sum over the windows inside a box, and how many there are.
    private func similarity(_ shown: Volume, _ source: Volume, _ box: Box) -> (sum: Double, count: Int) {
        let count = max(0, box.x.count - Self.window + 1) * max(0, box.y.count - Self.window + 1)
        guard count > 0, let mean = (try? StructuralSimilarity.mean(source, shown, box: box, peak: peak)) ?? nil else {
            return (0, 0)
        }
        return (mean * Double(count), count)
    }
}
