import Concurrency
import HEVCCodec
import NIfTIFile
import ProgressiveCoding
import Synchronization
import TestSupport
import VolumeModel
import WireFormat

enum Fixtures {
    /// Fast settings with every feature of the default ones.
    static func settings(chunkSliceCount: Int? = 8) throws -> EncodingSettings {
        try EncodingSettings(
            name: "test", roi: HEVCParameters(crf: 20, preset: "ultrafast"),
            background: HEVCParameters(crf: 40, preset: "ultrafast"),
            chunkSliceCount: chunkSliceCount)
    }

    /// A bright ball in a textured larger one in emptiness, of any type: slices x rows x columns of small whole numbers.
    static func image(_ shape: Shape, _ type: VoxelType, seed: UInt64 = 1, offset: Double = 0, scale: Double = 1) throws
        -> NIfTIImage
    {
        var random = Seeded(seed)
        var values: [Double] = []
        for _ in 0..<shape.timepoints {
            for z in 0..<shape.slices {
                for y in 0..<shape.rows {
                    for x in 0..<shape.columns {
                        func unit(_ a: Int, _ n: Int) -> Double { n == 1 ? 0 : 2 * Double(a) / Double(n - 1) - 1 }
                        let r =
                            unit(x, shape.columns) * unit(x, shape.columns) + unit(y, shape.rows) * unit(y, shape.rows) + unit(
                                z, shape.slices) * unit(z, shape.slices)
                        let noise = Double(random.next() % 9)
                        let value = r > 0.8 ? 0 : r < 0.1 ? 100 + noise : 40 + noise
                        values.append(value == 0 ? offset : value * scale + offset)
                    }
                }
            }
        }
        struct Store: VoxelVisitor {
            let values: [Double]
            func visit<V: Voxel>(_ type: V.Type) -> [UInt8] { values.map { V(nearest: $0) }.withUnsafeBytes { Array($0) } }
        }
        var store = Store(values: values)
        let header = try NIfTIHeader.make(shape: shape, voxelType: type, affine: .identity, description: "test")
        return try NIfTIImage(header: header, voxels: type.accept(&store))
    }

    static func shape(_ columns: Int, _ rows: Int, _ slices: Int, _ timepoints: Int = 1) throws -> Shape {
        try Shape(columns: columns, rows: rows, slices: slices, timepoints: timepoints)
    }

    static func encode(
        _ image: NIfTIImage, regions: [Box], goal: Goal = .lossless, order: TransmissionOrder = .roiFirst,
        settings: EncodingSettings? = nil
    ) async throws -> (manifest: Manifest, chunks: [EncodedChunk], table: ChunkTable) {
        let encoder = try VolumeEncoder(
            image: image, name: Name("volume"), regions: regions, regionSource: .box, goal: goal,
            settings: try settings ?? self.settings())
        let session = try SessionEncoder([encoder], goal: goal, order: order)
        let chunks = Collected()
        let (table, _) = try await session.run(on: CodingPool(threadCount: 2)) { chunks.add($0) }
        return (session.manifest, chunks.all, table)
    }

    final class Collected: Sendable {
        private let chunks = Mutex<[EncodedChunk]>([])
        func add(_ chunk: EncodedChunk) { chunks.withLock { $0.append(chunk) } }
        var all: [EncodedChunk] { chunks.withLock { $0 } }
    }

    static func decoder(_ manifest: Manifest) throws -> SessionDecoder {
        // As it would come over the link.
        try SessionDecoder(Manifest(decoding: manifest.encoded()), decoder: LocalChunkDecoder(pool: CodingPool(threadCount: 2)))
    }

    /// Applies all chunks of the plan at once, each waiting for what it rests on.
    static func apply(_ chunks: [EncodedChunk], to decoder: SessionDecoder) async throws -> [Milestone] {
        try await withThrowingTaskGroup(of: [Milestone].self) { group in
            for chunk in chunks where chunk.layer != .manifest && chunk.layer != .table {
                group.addTask { try await decoder.applying(chunk.ordinal, record: chunk.record) }
            }
            var milestones: [Milestone] = []
            for try await reached in group { milestones += reached }
            return milestones
        }
    }

    static func bytes(_ image: NIfTIImage) -> [UInt8] {
        var bytes: [UInt8] = []
        image.forEachPart { bytes += $0 }
        return bytes
    }
}

extension SessionDecoder {
    /// Applies a chunk and gives back the milestones it brought.
    func applying(_ ordinal: UInt32, record: [UInt8]) async throws -> [Milestone] {
        let reached = Mutex<[Milestone]>([])
        try await apply(ordinal, record: record) { applied in reached.withLock { $0 = applied.milestones } }
        return reached.withLock { $0 }
    }
}
