internal import Faults
package import NIfTIFile
package import VolumeModel
package import WireFormat

/// A volume's manifest, checked: what a decoder may rely on.
package struct VolumeLayout: Sendable {
    /// As it was sent.
    package let manifest: VolumeManifest
    /// The NIfTI header.
    package let header: NIfTIHeader
    /// Time points x slices x rows x columns.
    package let shape: Shape
    /// Between stored values and samples.
    package let map: SampleMap
    /// For each planned chunk, those that have to be applied before it.
    package let prerequisites: [[Int]]
    /// True when masks are planned, which say where the body is.
    let hasMasks: Bool

    /// The most memory a receiver gives a session unless it is told otherwise, in bytes.
    package static let defaultMemoryLimit = 1 << 30

    /// The most disk a receiver gives a session's volumes while they come together, those that are too large for memory.
    package static let defaultDiskLimit = 4 << 30

    /// Bytes of memory the volume takes while it comes together: each voxel, a byte for its quality and two for its base, where they do not lie
    /// on disk; what stands around the voxels; what is kept of each planned chunk; and what those who follow it keep of each piece of it.
    package var memoryByteCount: Int { Self.memoryByteCount(header, manifest) }

    /// Bytes of disk it takes meanwhile.
    package var diskByteCount: Int { Self.diskByteCount(header) }

    private static func diskByteCount(_ header: NIfTIHeader) -> Int {
        voxelArrays(header).reduce(0) { $0 + Paging.current.diskByteCount($1) }
    }

    private static func memoryByteCount(_ header: NIfTIHeader, _ manifest: VolumeManifest) -> Int {
        voxelArrays(header).reduce(0) { $0 + Paging.current.memoryByteCount($1) } + manifest.extensionByteCount
            + manifest.trailerByteCount
            + plannedByteCount * manifest.plan.count + pieceByteCount * pieceLimit(header.shape)
    }

    /// Bytes of the arrays with something for each voxel: its value, its quality, its base.
    private static func voxelArrays(_ header: NIfTIHeader) -> [Int] {
        [header.voxelByteCount, header.shape.voxelCount, 2 * header.shape.voxelCount]
    }

    /// Bytes kept of each planned chunk, above what was measured: its entry, its digest and error, the chunks it rests on, a task.
    private static let plannedByteCount = 1 << 10
    /// Bytes kept of each piece by those who follow a volume, above what was measured: its box, when it changed.
    private static let pieceByteCount = 1 << 7

    /// The most pieces that those who follow the volume may cut it into: a page is told of changes piece by piece. One a time point and
    /// one for every 2^17 voxels are always granted.
    package var pieceLimit: Int { Self.pieceLimit(shape) }

    /// As ``pieceLimit``, of any shape.
    package static func pieceLimit(_ shape: Shape) -> Int {
        max(shape.timepoints + 2 * (shape.voxelCount >> 17), min(1 << 16, max(1 << 8, shape.voxelCount >> 10)))
    }

    /// Checks a manifest.
    /// - Throws: `CodingError.Code.invalidManifest` or `.tooLarge`; nothing of the volume's size is allocated.
    package init(_ manifest: VolumeManifest, memoryLimit: Int = defaultMemoryLimit, diskLimit: Int = defaultDiskLimit)
        throws(CodingError)
    {
        do {
            header = try NIfTIHeader(bytes: manifest.header)
        } catch {
            throw CodingError(.invalidManifest, "'\(manifest.name)': \(error.message)")
        }
        self.manifest = manifest
        hasMasks = manifest.plan.contains { $0.layer == .mask }
        shape = header.shape
        let memoryByteCount = Self.memoryByteCount(header, manifest)
        guard memoryByteCount <= memoryLimit else {
            throw CodingError(
                .tooLarge, "'\(manifest.name)' takes \(memoryByteCount) bytes of memory, above the limit of \(memoryLimit)")
        }
        let diskByteCount = Self.diskByteCount(header)
        guard diskByteCount <= diskLimit else {
            throw CodingError(
                .tooLarge,
                "'\(manifest.name)' takes \(diskByteCount) bytes of disk to come together, above the limit of \(diskLimit)")
        }
        try ManifestGrammar(manifest: manifest, header: header).check()
        map = SampleMap(
            low: manifest.low, high: manifest.high, bitDepth: Int(manifest.bitDepth), knee: manifest.knee,
            voxelType: header.voxelType)
        guard let prerequisites = Self.prerequisites(manifest.plan) else {
            throw CodingError(.invalidManifest, "'\(manifest.name)': its chunks overlap each other by the thousand")
        }
        self.prerequisites = prerequisites
    }

    /// The most pairs of chunks of which one rests on the other; an honest plan has a few for each chunk.
    private static let prerequisiteLimit = 1 << 18

    /// Nil beyond the limit.
    private static func prerequisites(_ plan: [PlannedChunk]) -> [[Int]]? {
        let byLayer = Dictionary(grouping: plan.indices) { plan[$0].layer }
        var result: [[Int]] = []
        var count = 0
        for chunk in plan {
            let layers: [Layer] =
                switch chunk.layer {
                case .roiBounded: [.roiBase, .mask]
                case .roiRefinement: [.roiBase, .mask, .valueTable, .roiBounded]
                // Regions that are exact by then are neighbours to go by.
                case .backgroundRefinement: [.backgroundBase, .mask, .valueTable, .roiRefinement]
                default: []
                }
            let needed = layers.flatMap { layer in
                (byLayer[layer] ?? []).filter { index in
                    let other = plan[index]
                    return layer == .valueTable
                        || other.box.intersection(chunk.box) != nil
                            && (!layer.isOfRegion || !chunk.layer.isOfRegion || other.region == chunk.region)
                }
            }
            count += needed.count
            guard count <= prerequisiteLimit else { return nil }
            result.append(needed)
        }
        return result
    }

    /// The chunks that have to be in before one that a coder made which looks at the base or does not.
    func prerequisites(of index: Int, usesBase: Bool) -> [Int] {
        // What keeps a bound is painted over a base of the same quality, so that one waits for it in any case.
        guard !usesBase, manifest.plan[index].layer != .roiBounded else { return prerequisites[index] }
        return prerequisites[index].filter { ![.roiBase, .backgroundBase].contains(manifest.plan[$0].layer) }
    }

    /// The chunks that have to be coded before one: where the coder looks at no base, no voxels, only what says how they are coded.
    package func codingPrerequisites(of index: Int, usesBase: Bool) -> [Int] {
        usesBase ? prerequisites[index] : prerequisites[index].filter { [.mask, .valueTable].contains(manifest.plan[$0].layer) }
    }

    /// The header of the companion file that says how good each voxel is.
    /// - Throws: `NIfTIError`.
    package func qualityHeader() throws -> NIfTIHeader {
        try header.companion(description: "Fovea quality: 0 missing 1 background 2 ROI 3 exact", maxValue: Quality.exact)
    }

    /// The chunks of the regions' exact voxels.
    var regionChunks: [Int] { manifest.plan.indices.filter { [.roiBounded, .roiRefinement].contains(manifest.plan[$0].layer) } }

    /// The chunks that those rest on.
    package var neededByRegions: Set<Int> { Set(regionChunks.flatMap { prerequisites[$0] }) }

    /// The step on the way to exact: intervals of codes; nil when there is none.
    func bound(_ coding: ExactCoding) -> ErrorBound? {
        guard case .integers(_, let greatest) = coding, let maxError = manifest.maxError, maxError > 0 else { return nil }
        return ErrorBound(maxError: UInt16(maxError), maxCode: greatest)
    }

    /// The parts of a row that belong to no region of interest.
    func spansOutsideRegions(x: Range<Int>, y: Int, stackedSlice: Int) -> [Range<Int>] {
        BoxSet(manifest.regions).spansOutside(x: x, y: y, stackedSlice: stackedSlice, in: shape)
    }
}

extension Layer {
    /// True of layers whose chunks hold exact values, voxel by voxel.
    var isExact: Bool { self == .roiRefinement || self == .backgroundRefinement || self == .mask }
    /// True of layers about what lies outside the regions of interest; masks are about both.
    var isOfRest: Bool { self == .backgroundBase || self == .mask || self == .backgroundRefinement }
    /// True of layers whose chunks belong to one region of interest each.
    var isOfRegion: Bool { self == .roiBase || self == .roiBounded || self == .roiRefinement }
}

extension VolumeManifest {
    /// The layer whose chunks show the regions of interest first: their base, or their exact voxels where no base is planned.
    package var showsRegionsBy: Layer { plan.contains { $0.layer == .roiBase } ? .roiBase : .roiRefinement }
}
