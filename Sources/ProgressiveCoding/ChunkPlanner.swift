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
        regions = BoxSet(regions).apart
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
    ///   - isCentreOut: whether a region's middle slices go before its others.
    package static func plan(
        shape: Shape, voxelType: VoxelType, content: Box?, regions: [Box], hasExtensions: Bool, needsValueTable: Bool,
        maxError: Int? = nil, goal: Goal, bitsPerSecond: Double? = nil, isCentreOut: Bool = false, settings: EncodingSettings
    ) -> [PlannedChunk] {
        // Chunks without voxels name those of the first time point.
        let noVoxels = StackedBox(uncheckedX: shape.box.x, y: shape.box.y, z: shape.box.z)
        guard let content else { return hasExtensions && goal > .roi ? [PlannedChunk(layer: .extensions, box: noVoxels)] : [] }
        let cutter = Cutter(shape: shape, voxelByteCount: voxelType.byteCount, sliceCount: settings.chunkSliceCount)
        func regionChunks(_ cutter: Cutter) -> [(Int, StackedBox)] {
            regions.enumerated().flatMap { index, region in
                (isCentreOut ? centreOut(cutter.cut(region), of: region, shape) : cutter.cut(region)).map { (index, $0) }
            }
        }
        let previews = previews(of: content, regions: regions, shape, voxelType, goal, bitsPerSecond, settings)
        var plan = previews.regions ? regionChunks(cutter).map { PlannedChunk(layer: .roiBase, region: $0, box: $1) } : []
        let regionSet = BoxSet(regions)
        if goal > .roi {
            let backgroundBox = settings.backgroundCrop == .full ? shape.box : content
            if previews.background {
                plan += cutter.cut(backgroundBox).filter { !regionSet.covers($0, in: shape) }.map {
                    PlannedChunk(layer: .backgroundBase, box: $0)
                }
            }
            if hasExtensions { plan.append(PlannedChunk(layer: .extensions, box: noVoxels)) }
        }
        let exact = Cutter(
            shape: shape, voxelByteCount: voxelType.byteCount, sliceCount: exactSliceCount(settings, bitsPerSecond))
        let exactRegionChunks = regionChunks(exact)
        let slabs = exact.cut(content)
        let isRoiExact = goal == .lossless || maxError == 0
        if goal == .lossless { plan += slabs.map { PlannedChunk(layer: .mask, box: $0) } }
        if needsValueTable && isRoiExact { plan.append(PlannedChunk(layer: .valueTable, box: noVoxels)) }
        if maxError ?? 0 > 0 { plan += exactRegionChunks.map { PlannedChunk(layer: .roiBounded, region: $0, box: $1) } }
        if isRoiExact { plan += exactRegionChunks.map { PlannedChunk(layer: .roiRefinement, region: $0, box: $1) } }
        if goal == .lossless {
            plan += slabs.filter { !regionSet.covers($0, in: shape) }.map { PlannedChunk(layer: .backgroundRefinement, box: $0) }
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

    /// The same chunks in another order: time point by time point, the nearest to a region's middle slice first.
    private static func centreOut(_ chunks: [StackedBox], of region: Box, _ shape: Shape) -> [StackedBox] {
        func distance(_ box: StackedBox) -> (Int, Int) {
            let (timepoint, slice) = shape.position(ofStacked: box.z.lowerBound)
            return (timepoint, abs(2 * slice + box.z.count - region.z.lowerBound - region.z.upperBound))
        }
        return chunks.sorted { distance($0) < distance($1) }
    }

    /// Cuts boxes over one time point into boxes over stacked slices.
    private struct Cutter {
        let shape: Shape
        let voxelByteCount: Int
        let sliceCount: Int?

        func cut(_ box: Box) -> [StackedBox] {
            // Slices that follow each other in memory through all time points form one stack.
            let runs =
                box.z.count == shape.slices
                ? [0..<shape.stackedSliceCount]
                : (0..<shape.timepoints).map { box.z.lowerBound + $0 * shape.slices..<box.z.upperBound + $0 * shape.slices }
            let most = max(1, ChunkPlanner.voxelByteLimit / max(1, box.x.count * box.y.count * voxelByteCount))
            return runs.flatMap { run -> [StackedBox] in
                // As many chunks as come nearest to the length asked for, and more where one would be too large.
                let wanted = sliceCount.map { (run.count + $0 / 2) / $0 } ?? 1
                let parts = max(1, wanted, (run.count + most - 1) / most)
                // Even lengths, so that cores working on a region finish together.
                return (0..<parts).compactMap { part in
                    let start = run.lowerBound + run.count * part / parts
                    let end = run.lowerBound + run.count * (part + 1) / parts
                    return try? StackedBox(x: box.x, y: box.y, z: start..<end)
                }
            }
        }
    }
}
