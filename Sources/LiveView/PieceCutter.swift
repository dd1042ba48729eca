internal import ProgressiveCoding
internal import VolumeModel
internal import WireFormat

/// Cuts what a chunk has changed into pieces a page fetches one by one.
///
/// Cuts depend on the volume alone, so that a voxel lies in the same piece whatever layer changes it: a page that comes late takes
/// each piece once, however often it has changed.
struct PieceCutter: Sendable {
    private let shape: Shape
    private let regions: [Box]
    /// Over one time point.
    private let content: Box?
    private let sliceCount: Int
    /// Stacked slices at which some chunk begins or ends, in order.
    private let boundaries: [Int]

    /// About as many voxels as one piece has.
    static let voxelCount = 1 << 18

    init(_ layout: VolumeLayout) {
        shape = layout.shape
        regions = layout.manifest.regions
        content = layout.manifest.content
        boundaries = Set(layout.manifest.plan.flatMap { [$0.box.z.lowerBound, $0.box.z.upperBound] }).sorted()
        let area = max(
            1, (layout.manifest.content ?? layout.shape.box).x.count * (layout.manifest.content ?? layout.shape.box).y.count)
        var sliceCount = 1
        while sliceCount < 1024, 2 * sliceCount * area <= Self.voxelCount { sliceCount *= 2 }
        self.sliceCount = sliceCount
    }

    /// The pieces of what a chunk changes, over stacked slices; none where it changes no voxel.
    func pieces(of chunk: PlannedChunk) -> [Box] {
        switch chunk.layer {
        case .manifest, .table, .extensions, .valueTable: []
        case .roiBase, .roiBounded, .roiRefinement: cut(chunk.box)
        case .backgroundBase, .backgroundRefinement: cut(chunk.box).compactMap(withinContent).flatMap { outside(regions, $0) }
        case .focusBase: (content.map(pieces(ofContent:)) ?? []).filter { $0.intersection(chunk.box) != nil }
        case .mask: cut(chunk.box).flatMap { inside($0) + outside(regions, $0) }
        }
    }

    /// Beyond the content no voxel ever changes.
    private func withinContent(_ box: Box) -> Box? { content.flatMap { stacked($0, for: box)?.intersection(box) } }

    /// Whether a piece lies in a region of interest.
    func isOfRegion(_ piece: Box) -> Bool { regions.contains { stacked($0, for: piece)?.contains(piece) ?? false } }

    /// Every piece of some boxes over one time point, in all time points.
    func pieces(ofContent content: Box) -> [Box] {
        (0..<shape.timepoints).flatMap { timepoint -> [Box] in
            let slices = content.z.lowerBound + timepoint * shape.slices..<content.z.upperBound + timepoint * shape.slices
            guard let box = try? content.over(slices: slices) else { return [] }
            return cut(box).flatMap { inside($0) + outside(regions, $0) }
        }
    }

    /// Cut wherever a chunk of any layer begins, every so many slices, and between time points.
    private func cut(_ box: Box) -> [Box] {
        var pieces: [Box] = []
        var start = box.z.lowerBound
        while start < box.z.upperBound {
            let timepoint = start / shape.slices
            let next = ((start - timepoint * shape.slices) / sliceCount + 1) * sliceCount + timepoint * shape.slices
            let end = min(next, (timepoint + 1) * shape.slices, box.z.upperBound, boundary(after: start))
            if let piece = try? box.over(slices: start..<end) { pieces += cutRows(piece) }
            start = end
        }
        return pieces
    }

    private func boundary(after slice: Int) -> Int {
        var (low, high) = (0, boundaries.count)
        while low < high {
            let middle = (low + high) / 2
            if boundaries[middle] > slice { high = middle } else { low = middle + 1 }
        }
        return low < boundaries.count ? boundaries[low] : .max
    }

    /// A slice that is too large on its own is cut by rows.
    private func cutRows(_ box: Box) -> [Box] {
        let rowCount = max(1, Self.voxelCount / box.x.count)
        guard box.y.count > 2 * rowCount else { return [box] }
        return stride(from: box.y.lowerBound, to: box.y.upperBound, by: rowCount).compactMap {
            try? Box(x: box.x, y: $0..<min($0 + rowCount, box.y.upperBound), z: box.z)
        }
    }

    /// A region over the stacked slices of a box's time point.
    private func stacked(_ region: Box, for box: Box) -> Box? {
        let first = box.z.lowerBound / shape.slices * shape.slices
        return try? region.over(slices: region.z.lowerBound + first..<region.z.upperBound + first)
    }

    private func inside(_ box: Box) -> [Box] { regions.compactMap { stacked($0, for: box)?.intersection(box) } }

    private func outside(_ regions: [Box], _ box: Box) -> [Box] {
        regions.reduce([box]) { rest, region in
            rest.flatMap { part in stacked(region, for: box).map { part.subtracting($0) } ?? [part] }
        }
    }
}

extension Box {
    /// What is left of a box where another is taken out: boxes that do not touch.
    func subtracting(_ other: Box) -> [Box] {
        guard let hole = intersection(other) else { return [self] }
        let sides: [(Range<Int>, Range<Int>, Range<Int>)] = [
            (x, y, z.lowerBound..<hole.z.lowerBound), (x, y, hole.z.upperBound..<z.upperBound),
            (x, y.lowerBound..<hole.y.lowerBound, hole.z), (x, hole.y.upperBound..<y.upperBound, hole.z),
            (x.lowerBound..<hole.x.lowerBound, hole.y, hole.z), (hole.x.upperBound..<x.upperBound, hole.y, hole.z),
        ]
        return sides.compactMap { x, y, z in x.isEmpty || y.isEmpty || z.isEmpty ? nil : try? Box(x: x, y: y, z: z) }
    }
}
