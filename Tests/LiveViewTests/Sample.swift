import Concurrency
import HEVCCodec
import NIfTIFile
import ProgressiveCoding
import ExactCodec
import TestSupport
import VolumeModel
import WireFormat

/// A head-like volume of 48 x 40 x 36 voxels in two time points, with two regions, coded.
struct Sample {
    let image: NIfTIImage
    let manifest: Manifest
    /// The plan's chunks, in the plan's order.
    let chunks: [EncodedChunk]

    static let regions = ["8:20,8:20,5:19", "30:40,10:30,20:30"]

    init(seed: UInt64 = 7, goal: Goal = .lossless, hasPreviews: Bool = true) async throws {
        image = try Self.image(seed: seed)
        let settings = try EncodingSettings(
            name: "test", roi: HEVCParameters(crf: 20, preset: "ultrafast"),
            background: HEVCParameters(crf: 40, preset: "ultrafast"), chunkSliceCount: 8,
            exactCoder: hasPreviews ? .contextMixing : .linear, previews: hasPreviews ? .always : .never)
        let encoder = try VolumeEncoder(
            image: image, name: Name("volume"), title: "Kopf \u{202e}Müller",
            regions: try Self.regions.map { try Box(parsing: $0) }, regionSource: .model, regionCertainty: 93,
            goal: goal,
            settings: settings)
        let session = try SessionEncoder([encoder], goal: goal, order: .roiFirst)
        let collected = Collected()
        _ = try await session.run(on: CodingPool(threadCount: 2)) { collected.add($0) }
        manifest = session.manifest
        chunks = collected.all.filter { $0.layer != .manifest && $0.layer != .table }.sorted { $0.ordinal < $1.ordinal }
    }

    /// A decoder that has nothing yet.
    func decoder() throws -> SessionDecoder {
        try SessionDecoder(manifest, decoder: LocalChunkDecoder(pool: CodingPool(threadCount: 2)))
    }

    static func image(seed: UInt64 = 7) throws -> NIfTIImage {
        let shape = try Shape(columns: 48, rows: 40, slices: 36, timepoints: 2)
        var random = Seeded(seed)
        var values: [Int16] = []
        for _ in 0..<shape.stackedSliceCount {
            for y in 0..<shape.rows {
                for x in 0..<shape.columns {
                    let isInside = (4..<44).contains(x) && (3..<37).contains(y)
                    values.append(isInside ? Int16(100 + random.next() % 50) : 0)
                }
            }
        }
        let header = try NIfTIHeader.make(shape: shape, voxelType: .int16, affine: .identity, description: "test")
        return try NIfTIImage(header: header, voxels: values.withUnsafeBytes { Array($0) })
    }
}

extension SessionDecoder {
    func apply(_ chunks: some Sequence<EncodedChunk>) async throws {
        for chunk in chunks { try await apply(chunk.ordinal, record: chunk.record) { _ in } }
    }
}
