import Regions
import Bytes
import Concurrency
import EncodingInput
import Foundation
import NIfTIFile
import Profiles
import ProgressiveCoding
import Synchronization
import VolumeModel
import WireFormat

/// A small session as an honest sender would send it, chunk by chunk, to be changed.
struct CodedSession {
    var manifest: Manifest
    var records: [UInt32: [UInt8]] = [:]
    var table: ChunkTable

    /// A textured block in emptiness, coded to the lossless end.
    static func make(_ scratch: Scratch, _ type: VoxelType = .int16, goal: Goal = .lossless) async throws -> CodedSession {
        let path = scratch.file("v.nii.gz")
        try NIfTIFile.write(try image(type), to: path)
        var preparation = Preparation(
            paths: [path], encoding: try EncodingProfile.load(Program.project.path + "/profiles/encoding/fast.yaml"))
        preparation.regionChoice = .box(try Box(parsing: "8:16,8:16,2:6"))
        preparation.goal = goal
        let pool = CodingPool(threadCount: 2)
        let prepared = try await preparation.run(on: pool)
        let collected = Mutex<[UInt32: [UInt8]]>([:])
        let (table, _) = try await prepared.encoder.run(on: pool) { chunk in collected.withLock { $0[chunk.ordinal] = chunk.record }
        }
        return CodedSession(manifest: prepared.encoder.manifest, records: collected.withLock { $0 }, table: table)
    }

    private static func image(_ type: VoxelType) throws -> NIfTIImage {
        struct Store: VoxelVisitor {
            let values: [Double]
            func visit<V: Voxel>(_ type: V.Type) -> [UInt8] { values.map { V(nearest: $0) }.withUnsafeBytes { Array($0) } }
        }
        let shape = try Shape(columns: 30, rows: 28, slices: 8)
        let values = (0..<shape.voxelCount).map { index -> Double in
            let (x, y) = (index % 30, index / 30 % 28)
            return x < 3 || x > 26 || y < 3 || y > 24 ? 0 : Double(40 + index * 7919 % 23) / (type == .float32 ? 7 : 1)
        }
        var store = Store(values: values)
        let header = try NIfTIHeader.make(shape: shape, voxelType: type, affine: .identity, description: "test")
        return try NIfTIImage(header: header, voxels: type.accept(&store))
    }

    /// Puts another manifest in place, and what the table says of it.
    mutating func replace(manifest new: Manifest) throws {
        manifest = new
        try replace(record: ChunkRecord(coder: 1, payload: new.encoded()).encoded(), at: 0)
    }

    /// Puts another record in a chunk's place, and what the table says of it.
    mutating func replace(record: [UInt8], at ordinal: UInt32) throws {
        records[ordinal] = record
        let content = try ChunkRecord(decoding: record)
        var entries = table.entries
        entries[Int(ordinal)] = ChunkTable.Entry(
            byteCount: record.count, digest: ChunkRecord.digest(of: record) ?? Digest(of: []),
            maxAbsoluteError: content.maxAbsoluteError, meanSquaredError: content.meanSquaredError)
        try replace(table: ChunkTable(entries: entries, outcomes: table.outcomes))
    }

    mutating func replace(table new: ChunkTable) throws {
        table = new
        records[manifest.tableOrdinal] = try ChunkRecord(coder: 1, payload: new.encoded()).encoded()
    }

    /// In the order of their ordinals.
    var chunks: [(UInt32, [UInt8])] { records.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }

    /// The end of an honest sender.
    var end: Digest? { records[manifest.tableOrdinal].flatMap { ChunkRecord.digest(of: $0) } }

    /// The chunks as a .fovea file, but for those left out.
    func write(to path: String, without left: Set<UInt32> = []) throws {
        let entries = chunks.filter { !left.contains($0.0) }.flatMap { FoveaContainer.entry(ordinal: $0.0, record: $0.1) }
        try Data(FoveaContainer.header + entries).write(to: URL(fileURLWithPath: path))
    }

    /// The ordinal of the first chunk of a layer.
    func ordinal(of layer: Layer) -> UInt32? { manifest.plan.firstIndex { $0.chunk.layer == layer }.map { UInt32($0 + 1) } }
}

extension VolumeManifest {
    /// The same, but for what its source's bytes are said to be.
    func claiming(_ digest: Digest) -> VolumeManifest {
        VolumeManifest(
            name: name, header: header, extensionByteCount: extensionByteCount, trailerByteCount: trailerByteCount,
            sourceDigest: digest,
            low: low, high: high, bitDepth: bitDepth, knee: knee, fill: fill, content: content, regionSource: regionSource,
            regions: regions, maxError: maxError, plan: plan)
    }
}
