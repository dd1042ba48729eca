internal import Faults
internal import NIfTIFile
internal import VolumeModel
internal import WireFormat

/// The rules a volume's manifest obeys beyond its fields' own, checked before anything of the volume's size is made of it. Docs/WireFormat.md, "Manifest",
/// says them for other programs.
struct ManifestGrammar {
    let manifest: VolumeManifest
    let header: NIfTIHeader

    private var shape: Shape { header.shape }
    private var needsTable: Bool {
        ExactCoding.withoutTable(low: manifest.low, high: manifest.high, type: header.voxelType) == nil
    }

    /// - Throws: `CodingError.Code.invalidManifest`.
    func check() throws(CodingError) {
        try checkValues()
        try require(
            header.bytes.count + manifest.extensionByteCount == header.voxelOffset,
            "\(manifest.extensionByteCount) bytes of extensions do not reach its voxels at \(header.voxelOffset)")
        try require(manifest.trailerByteCount <= NIfTIFile.trailerLimit, "\(manifest.trailerByteCount) bytes after its voxels")
        try checkBoxes()
        for chunk in manifest.plan { try check(chunk) }
        try checkLayers()
    }

    private func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(CodingError) {
        guard condition else { throw CodingError(.invalidManifest, "'\(manifest.name)': \(message())") }
    }

    /// Codes and samples are counted from the ends of the range, so those have to be values of the type; so has what fills the outside.
    private func checkValues() throws(CodingError) {
        var storable = StorableCheck(values: [manifest.low, manifest.high] + (manifest.knee.map { [$0.value] } ?? []))
        try require(header.voxelType.accept(&storable), "\(manifest.low) to \(manifest.high) is no range of \(header.voxelType)")
        let fill = StoredValue.double(manifest.fill, header.voxelType)
        try require(
            needsTable || manifest.low <= fill && fill <= manifest.high,
            "it is filled with \(fill), beyond \(manifest.low) to \(manifest.high)")
    }

    private func checkBoxes() throws(CodingError) {
        if let content = manifest.content {
            try require(shape.box.contains(content), "content \(content) reaches out of \(shape)")
        }
        for (index, region) in manifest.regions.enumerated() {
            try require(manifest.content?.contains(region) ?? false, "region \(region) reaches out of the content")
            try require(
                !manifest.regions[..<index].contains { $0.intersection(region) != nil }, "region \(region) overlaps another")
        }
    }

    private func check(_ chunk: PlannedChunk) throws(CodingError) {
        try require(shape.stackedBox.contains(chunk.box), "a chunk over \(chunk.box) reaches out of \(shape)")
        try require(
            chunk.box.voxelCount * header.voxelType.byteCount <= WireLimits.chunkByteCount
                || !chunk.layer.isExact && chunk.layer != .roiBounded,
            "a chunk over \(chunk.box) is too large")
        if chunk.layer == .roiBase || chunk.layer == .backgroundBase {
            try require(
                chunk.box.voxelCount * 2 <= WireLimits.chunkByteCount || chunk.box.z.count == 1,
                "a chunk over \(chunk.box) is too large")
        }
        if chunk.layer.isOfRegion {
            try require(chunk.region < manifest.regions.count, "a chunk of region \(chunk.region)")
            let region = manifest.regions[chunk.region]
            try require(
                region.x == chunk.box.x && region.y == chunk.box.y, "a chunk over \(chunk.box) is not one of region \(region)")
        }
        try require(chunk.layer != .roiBounded || !needsTable && manifest.maxError ?? 0 > 0, "a bound for voxels without one")
        try require(chunk.layer != .valueTable || needsTable, "a value table for voxels of \(header.voxelType) that need none")
    }

    /// Checks the chunks of each layer together. A plan that names voxels again and again would cost far more work than its volume has voxels.
    private func checkLayers() throws(CodingError) {
        try require(
            manifest.maxError ?? 0 == 0 || manifest.regions.isEmpty || manifest.plan.contains { $0.layer == .roiBounded },
            "a bound that no chunk brings about")
        for (layer, chunks) in Dictionary(grouping: manifest.plan, by: \.layer) {
            switch layer {
            case .extensions, .valueTable:
                try require(chunks.count == 1, "\(chunks.count) chunks of \(layer.name), where there is one")
            default:
                // Each is within the volume, and there are few enough of them, so that the sum is far from overflowing.
                let voxelCount = chunks.reduce(0) { $0 + $1.box.voxelCount }
                try require(
                    voxelCount <= shape.voxelCount,
                    "its \(layer.name) chunks cover \(voxelCount) voxels, and it has \(shape.voxelCount)")
            }
        }
    }
}

/// Tells whether numbers are values of a storage type: a range a peer announces has to be, since codes are counted from its ends.
private struct StorableCheck: VoxelVisitor {
    let values: [Double]
    func visit<V: Voxel>(_ type: V.Type) -> Bool { values.allSatisfy { V(nearest: $0).doubleValue == $0 } }
}
