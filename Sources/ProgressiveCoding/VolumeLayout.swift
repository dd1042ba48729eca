public import NIfTIFile
public import VolumeModel
public import WireFormat

/// A volume's manifest, checked: what a decoder may rely on.
public struct VolumeLayout: Sendable {
    /// As it was sent.
    public let manifest: VolumeManifest
    /// The NIfTI header.
    public let header: NIfTIHeader
    /// Time points x slices x rows x columns.
    public let shape: Shape
    /// Between stored values and samples.
    public let map: SampleMap
    /// For each planned chunk, those that have to be applied before it.
    public let prerequisites: [[Int]]

    /// The most memory a receiver gives a session unless it is told otherwise, in bytes.
    public static let defaultMemoryLimit = 1 << 30

    /// What the volume takes while it comes together: each voxel, a byte for its quality and two for its base, and what stands around the voxels.
    public var memoryByteCount: Int { Self.memoryByteCount(manifest, header) }

    private static func memoryByteCount(_ manifest: VolumeManifest, _ header: NIfTIHeader) -> Int {
        header.voxelByteCount + 3 * header.shape.voxelCount + manifest.extensionByteCount + manifest.trailerByteCount
    }

    /// Checks a manifest.
    /// - Throws: `CodingError.Code.invalidManifest` or `.tooLarge`; nothing of the volume's size is allocated.
    public init(_ manifest: VolumeManifest, memoryLimit: Int = defaultMemoryLimit) throws(CodingError) {
        do {
            header = try NIfTIHeader(bytes: manifest.header)
        } catch {
            throw CodingError(.invalidManifest, "'\(manifest.name)': \(error.message)")
        }
        self.manifest = manifest
        shape = header.shape
        let memoryByteCount = Self.memoryByteCount(manifest, header)
        guard memoryByteCount <= memoryLimit else {
            throw CodingError(
                .tooLarge, "'\(manifest.name)' takes \(memoryByteCount) bytes of memory, above the limit of \(memoryLimit)")
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

    /// The parts of a row of a box that belong to no region of interest; z over stacked slices.
    func spansOutsideRegions(x: Range<Int>, y: Int, z: Int) -> [Range<Int>] {
        var spans = [x]
        for region in manifest.regions where region.y.contains(y) && region.z.contains(z % shape.slices) {
            spans = spans.flatMap { span -> [Range<Int>] in
                let cut = region.x.clamped(to: span)
                if cut.isEmpty { return [span] }
                return [span.lowerBound..<cut.lowerBound, cut.upperBound..<span.upperBound].filter { !$0.isEmpty }
            }
        }
        return spans
    }
}

extension Layer {
    /// Whether its chunks hold exact values, voxel by voxel.
    var isExact: Bool { self == .roiRefinement || self == .backgroundRefinement || self == .mask }
    /// Whether its chunks belong to one region of interest each.
    var isOfRegion: Bool { self == .roiBase || self == .roiBounded || self == .roiRefinement }
}
