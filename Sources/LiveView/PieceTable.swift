package import VolumeModel
package import WireFormat

/// The pieces that a page fetches a volume in, cut once for all.
///
/// Cuts depend on the volume and its plan alone, so that a voxel lies in the same piece whatever changes it: a page that comes late
/// takes each piece once, however often it has changed. There are never more of them than the volume's layout allows for.
package struct PieceTable: Sendable {
    /// Within the regions of interest, in the order of their slices.
    package private(set) var regionPieces: [StackedBox] = []
    /// Beyond them.
    package private(set) var restPieces: [StackedBox] = []
    /// Which region each piece of one lies in.
    private var owners: [Int] = []
    private let shape: Shape
    private let regions: [Box]
    /// True when regions have pieces of their own.
    private var hasRegionPieces = true

    /// About as many voxels as one piece has.
    static let voxelCount = 1 << 18

    /// Description of what is to be cut.
    private struct Cut {
        /// Over one time point: beyond it nothing ever changes.
        let content: Box
        let sliceCount: Int
        let boundaries: [Int]
        let regions: [Box]
        let limit: Int
    }

    /// Cuts a volume.
    /// - Parameters:
    ///   - content: over one time point: beyond it nothing ever changes; nil where nothing does at all.
    ///   - plan: its chunks; wherever one begins or ends, a piece does.
    ///   - limit: the most pieces, of which one a time point and one for every 2^17 voxels are taken in any case. Where the
    ///     plan would make more, they are cut without regard to it, and then without regard to regions.
    package init(shape: Shape, content: Box?, regions: [Box], plan: [PlannedChunk], limit: Int) {
        self.shape = shape
        self.regions = regions
        guard let content else { return }
        let area = content.x.count * content.y.count
        let sliceCount = max(1, Self.voxelCount / area)
        let boundaries = Set(plan.flatMap { [$0.box.z.lowerBound, $0.box.z.upperBound] }).sorted()
        for (boundaries, regions) in [(boundaries, regions), ([], regions)] {
            let cut = Cut(content: content, sliceCount: sliceCount, boundaries: boundaries, regions: regions, limit: limit)
            if fill(cut) { return }
        }
        hasRegionPieces = false
        _ = fill(Cut(content: content, sliceCount: sliceCount, boundaries: [], regions: [], limit: .max))
    }

    /// Makes the pieces; false where they are too many.
    private mutating func fill(_ cut: Cut) -> Bool {
        (regionPieces, restPieces, owners) = ([], [], [])
        let regions = BoxSet(cut.regions)
        var boundary = 0
        for timepoint in 0..<shape.timepoints {
            let first = timepoint * shape.slices
            var start = first + cut.content.z.lowerBound
            let last = first + cut.content.z.upperBound
            while start < last {
                while boundary < cut.boundaries.count, cut.boundaries[boundary] <= start { boundary += 1 }
                let next = ((start - first) / cut.sliceCount + 1) * cut.sliceCount + first
                let end = min(next, last, boundary < cut.boundaries.count ? cut.boundaries[boundary] : .max)
                for slab in rows(of: cut.content, slices: start..<end) {
                    add(slab, regions)
                    guard regionPieces.count + restPieces.count <= cut.limit else { return false }
                }
                start = end
            }
        }
        return true
    }

    /// A slice that is too large on its own is cut by rows.
    private func rows(of content: Box, slices: Range<Int>) -> [StackedBox] {
        let rowCount = max(1, Self.voxelCount / content.x.count)
        guard content.y.count > 2 * rowCount else { return (try? [StackedBox(x: content.x, y: content.y, z: slices)]) ?? [] }
        return stride(from: content.y.lowerBound, to: content.y.upperBound, by: rowCount).compactMap {
            try? StackedBox(x: content.x, y: $0..<min($0 + rowCount, content.y.upperBound), z: slices)
        }
    }

    private mutating func add(_ slab: StackedBox, _ regions: BoxSet) {
        let (within, rest) = regions.split(slab, in: shape)
        for (owner, box) in within {
            regionPieces.append(box)
            owners.append(owner)
        }
        restPieces += rest
    }

    /// The pieces that some chunks change, by their places. Every piece is looked at once, however many chunks there are.
    package func changed(by chunks: some Sequence<PlannedChunk>) -> (regions: [Int], rest: [Int]) {
        var everywhere = SliceSet()
        var beyond = SliceSet()
        var within: [Int: SliceSet] = [:]
        for chunk in chunks {
            switch chunk.layer {
            case .manifest, .table, .extensions, .valueTable, .focusBase: break
            case .roiBase, .roiBounded, .roiRefinement:
                if hasRegionPieces { within[chunk.region, default: SliceSet()].add(chunk.box.z) } else { beyond.add(chunk.box.z) }
            case .backgroundBase, .backgroundRefinement: beyond.add(chunk.box.z)
            case .mask: everywhere.add(chunk.box.z)
            }
        }
        everywhere.settle()
        beyond.settle()
        for owner in within.keys { within[owner]?.settle() }
        return (
            regionPieces.indices.filter { index in
                everywhere.overlaps(regionPieces[index].z) || within[owners[index]]?.overlaps(regionPieces[index].z) ?? false
            }, restPieces.indices.filter { everywhere.overlaps(restPieces[$0].z) || beyond.overlaps(restPieces[$0].z) }
        )
    }

    /// The pieces that share a voxel with a box, by their places.
    package func overlapping(_ box: StackedBox) -> (regions: [Int], rest: [Int]) {
        (
            regionPieces.indices.filter { regionPieces[$0].intersection(box) != nil },
            restPieces.indices.filter { restPieces[$0].intersection(box) != nil }
        )
    }
}

/// Stacked slices, as runs that do not touch.
private struct SliceSet {
    private var runs: [Range<Int>] = []

    mutating func add(_ slices: Range<Int>) {
        // The same again, as each layer has it.
        if runs.last != slices { runs.append(slices) }
    }

    /// Puts runs in order and joins them; to be called before ``overlaps(_:)``.
    mutating func settle() {
        var joined: [Range<Int>] = []
        for run in runs.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = joined.last, run.lowerBound <= last.upperBound {
                joined[joined.count - 1] = last.lowerBound..<max(last.upperBound, run.upperBound)
            } else {
                joined.append(run)
            }
        }
        runs = joined
    }

    func overlaps(_ slices: Range<Int>) -> Bool {
        var (low, high) = (0, runs.count)
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].upperBound > slices.lowerBound { high = middle } else { low = middle + 1 }
        }
        return low < runs.count && runs[low].lowerBound < slices.upperBound
    }
}
