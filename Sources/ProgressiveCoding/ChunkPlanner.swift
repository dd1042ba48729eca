internal import ExactCodec
package import VolumeModel
package import WireFormat

/// Cuts a volume's layers into chunks.
package enum ChunkPlanner {
    /// The most bytes of voxels a chunk covers.
    static let voxelByteLimit = 32 << 20
    /// The bits a second up to which chunks of exact voxels are long.
    private static let longChunkLimit = 1e6

    /// Makes boxes that do not touch each other and lie within the content, of the shape the settings ask for.
    package static func regions(_ found: [Box], content: Box?, shape: Shape, settings: EncodingSettings) -> [Box] {
        guard let content else { return [] }
        var regions = found.compactMap { box in
            (settings.regionShape == .square ? squared(box, within: shape.box) : box).intersection(content)
        }
        // A pair that overlaps becomes one box, which may reach into a third.
        var index = 0
        while index < regions.count {
            if let other = regions.indices.first(where: { $0 > index && regions[$0].intersection(regions[index]) != nil }) {
                regions[index] = regions[index].union(regions.remove(at: other))
                index = 0
            } else {
                index += 1
            }
        }
        // Too many to name each: the two become one whose joint box adds the least, until they fit.
        if regions.count > WireLimits.regionCount {
            let pairs = regions.indices.flatMap { a in regions.indices.filter { $0 > a }.map { (a, $0) } }
            let cheapest = pairs.min { joint($0, regions) < joint($1, regions) }
            if let (a, b) = cheapest {
                let merged = regions[a].union(regions.remove(at: b))
                regions[a] = merged
            }
            return self.regions(regions, content: content, shape: shape, settings: settings)
        }
        return regions.sorted {
            ($0.z.lowerBound, $0.y.lowerBound, $0.x.lowerBound) < ($1.z.lowerBound, $1.y.lowerBound, $1.x.lowerBound)
        }
    }

    /// Voxels the box around two adds to them.
    private static func joint(_ pair: (Int, Int), _ boxes: [Box]) -> Int {
        boxes[pair.0].union(boxes[pair.1]).voxelCount - boxes[pair.0].voxelCount - boxes[pair.1].voxelCount
    }

    private static func squared(_ box: Box, within limits: Box) -> Box {
        let side = max(box.x.count, box.y.count)
        func widen(_ range: Range<Int>, _ limit: Range<Int>) -> Range<Int> {
            let length = min(side, limit.count)
            let start = min(max(limit.lowerBound, range.lowerBound - (length - range.count) / 2), limit.upperBound - length)
            return start..<start + length
        }
        return (try? Box(x: widen(box.x, limits.x), y: widen(box.y, limits.y), z: box.z)) ?? box
    }

    /// The chunks of a volume in the order of their layers.
    /// - Parameters:
    ///   - maxError: what no voxel of the regions may be off by more than, whatever the goal; 0 makes them exact.
    ///   - bitsPerSecond: what the link is expected to carry; nil where nobody knows.
    package static func plan(
        shape: Shape, voxelType: VoxelType, content: Box?, regions: [Box], hasExtensions: Bool, needsValueTable: Bool,
        maxError: Int? = nil, goal: Goal, bitsPerSecond: Double? = nil, settings: EncodingSettings
    ) -> [PlannedChunk] {
        guard let content else { return hasExtensions && goal > .roi ? [PlannedChunk(layer: .extensions, box: shape.box)] : [] }
        let cutter = Cutter(shape: shape, voxelByteCount: voxelType.byteCount, sliceCount: settings.chunkSliceCount)
        let regionChunks = regions.enumerated().flatMap { index, region in cutter.cut(region).map { (index, $0) } }
        let previews = previews(of: content, regions: regions, shape, voxelType, goal, bitsPerSecond, settings)
        var plan = previews.regions ? regionChunks.map { PlannedChunk(layer: .roiBase, region: $0, box: $1) } : []
        /// Tells whether one region leaves nothing of a box to the background.
        func isCovered(_ box: Box) -> Bool {
            regions.contains { region in
                region.x.contains(box.x) && region.y.contains(box.y) && box.z.allSatisfy { region.z.contains($0 % shape.slices) }
            }
        }
        if goal > .roi {
            let backgroundBox = settings.backgroundCrop == .full ? shape.box : content
            if previews.background {
                plan += cutter.cut(backgroundBox).filter { !isCovered($0) }.map { PlannedChunk(layer: .backgroundBase, box: $0) }
            }
            if hasExtensions { plan.append(PlannedChunk(layer: .extensions, box: shape.box)) }
        }
        let exact = Cutter(
            shape: shape, voxelByteCount: voxelType.byteCount, sliceCount: exactSliceCount(settings, bitsPerSecond))
        let exactRegionChunks = regions.enumerated().flatMap { index, region in exact.cut(region).map { (index, $0) } }
        let slabs = exact.cut(content)
        let isRoiExact = goal == .lossless || maxError == 0
        if goal == .lossless { plan += slabs.map { PlannedChunk(layer: .mask, box: $0) } }
        if needsValueTable && isRoiExact { plan.append(PlannedChunk(layer: .valueTable, box: shape.box)) }
        if maxError ?? 0 > 0 { plan += exactRegionChunks.map { PlannedChunk(layer: .roiBounded, region: $0, box: $1) } }
        if isRoiExact { plan += exactRegionChunks.map { PlannedChunk(layer: .roiRefinement, region: $0, box: $1) } }
        if goal == .lossless {
            plan += slabs.filter { !isCovered($0) }.map { PlannedChunk(layer: .backgroundRefinement, box: $0) }
        }
        return plan
    }

    /// The slices of a chunk of exact voxels: 32 even where the base is one chunk, so that they arrive piece by piece. Where the link decides, twice as
    /// many on a thin one: the coder has learned more by the end of a long chunk, which is about 1 % of the bytes, while on a fast link the next
    /// chunk is better begun.
    private static func exactSliceCount(_ settings: EncodingSettings, _ bitsPerSecond: Double?) -> Int {
        let usual = settings.chunkSliceCount ?? 32
        let isDecidedByLink = settings.previews == .whereTheyPay && !settings.exactCoder.coder.usesBase
        let isThin = bitsPerSecond.map { $0 <= longChunkLimit } ?? false
        return isDecidedByLink && isThin ? 2 * usual : usual
    }

    /// Which base layers are planned. Where they are all there is to come, both.
    private static func previews(
        of content: Box, regions: [Box], _ shape: Shape, _ voxelType: VoxelType, _ goal: Goal, _ bitsPerSecond: Double?,
        _ settings: EncodingSettings
    ) -> (regions: Bool, background: Bool) {
        guard goal == .lossless else { return (true, true) }
        guard PreviewRule.holds(shape) else { return (false, false) }
        switch settings.previews {
        case .always: return (true, true)
        case .never: return (false, false)
        case .whereTheyPay:
            let rule = PreviewRule(bitsPerSecond: bitsPerSecond)
            return (
                rule.paysForRegions(voxelCount: regions.reduce(0) { $0 + $1.voxelCount } * shape.timepoints),
                rule.paysForBackground(voxelByteCount: content.voxelCount * shape.timepoints * voxelType.byteCount)
            )
        }
    }

    /// Cuts boxes over one time point into boxes over stacked slices.
    private struct Cutter {
        let shape: Shape
        let voxelByteCount: Int
        let sliceCount: Int?

        func cut(_ box: Box) -> [Box] {
            // Slices that follow each other in memory through all time points form one stack.
            let runs =
                box.z.count == shape.slices
                ? [0..<shape.stackedSliceCount]
                : (0..<shape.timepoints).map { box.z.lowerBound + $0 * shape.slices..<box.z.upperBound + $0 * shape.slices }
            let most = max(1, ChunkPlanner.voxelByteLimit / max(1, box.x.count * box.y.count * voxelByteCount))
            return runs.flatMap { run -> [Box] in
                // As many chunks as come nearest to the length asked for, and more where one would be too large.
                let wanted = sliceCount.map { (run.count + $0 / 2) / $0 } ?? 1
                let parts = max(1, wanted, (run.count + most - 1) / most)
                // Even lengths, so that cores working on a region finish together.
                return (0..<parts).compactMap { part in
                    let start = run.lowerBound + run.count * part / parts
                    let end = run.lowerBound + run.count * (part + 1) / parts
                    return try? box.over(slices: start..<end)
                }
            }
        }
    }
}
