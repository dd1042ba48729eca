internal import Confinement
internal import Foundation
public import NIfTIFile
public import ProgressiveCoding
public import WireFormat

/// .fovea files: a session's chunks in a file instead of on a link.
public enum FoveaFile {
    /// What writing one showed.
    public struct Written: Sendable {
        /// Bytes of chunk records by layer.
        public let bytesByLayer: [Layer: Int]
        /// Bytes of the file.
        public let byteCount: Int
        /// What the base layers leave to be refined.
        public let fidelity: [Layer: LayerFidelity]
        /// What each volume becomes.
        public let outcomes: [Receipt.Volume]
    }

    /// Codes a prepared session into a file, its chunks in the order they would be sent.
    /// - Parameter onProgress: how many of how many chunks are coded.
    /// - Throws: `CodingError`, or `NIfTIError.Code.cannotWrite`.
    public static func write(
        _ prepared: Preparation.Result, to path: String, pool: CodingPool,
        onProgress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> Written {
        // First of all, so that a place that cannot be written is said before the work.
        let file = try AtomicFile(path: path)
        let chunks = Mailbox<EncodedChunk>()
        let count = Int(prepared.encoder.manifest.tableOrdinal) + 1
        let (table, _) = try await prepared.encoder.run(on: pool) { onProgress(chunks.put($0), count) }
        try file.write(FoveaContainer.header)
        var byteCount = FoveaContainer.header.count
        var bytesByLayer: [Layer: Int] = [:]
        for chunk in chunks.takeAll().sorted(by: { $0.rank < $1.rank }) {
            let entry = FoveaContainer.entry(ordinal: chunk.ordinal, record: chunk.record)
            try file.write(entry)
            byteCount += entry.count
            bytesByLayer[chunk.layer, default: 0] += chunk.record.count
        }
        try file.commit()
        return Written(
            bytesByLayer: bytesByLayer, byteCount: byteCount, fidelity: LayerFidelity.byLayer(table, prepared),
            outcomes: table.outcomes)
    }

    /// The most memory a file may take, in bytes.
    static let memoryLimit = 4 << 30

    /// Which layers to decode.
    public enum Layers: String, Sendable, CaseIterable {
        /// The regions of interest at base quality.
        case roi
        /// The whole volume at base quality.
        case lossy
        /// All there is.
        case all

        /// Whether a volume's layer is among them. What is promised of the regions, `maxError`, is kept at every choice.
        func contains(_ layer: Layer, maxError: Int?) -> Bool {
            let promise: [Layer] =
                switch maxError {
                case nil: []
                case 0?: [.mask, .valueTable, .roiRefinement]
                default: [.mask, .roiBounded]
                }
            return switch self {
            case .roi: layer == .roiBase || promise.contains(layer)
            case .lossy: layer == .roiBase || layer == .backgroundBase || layer == .extensions || promise.contains(layer)
            case .all: true
            }
        }
    }

    /// A volume read from a file.
    public struct Decoded: Sendable {
        /// Its name.
        public let name: Name
        /// The volume as far as the layers go.
        public let image: NIfTIImage
        /// What it is, and its digest.
        public let outcome: Receipt.Volume
    }

    /// Reads the manifest and the records' sizes.
    /// - Throws: `WireError`, or `NIfTIError` when the file cannot be read.
    public static func open(_ path: String) throws -> (manifest: Manifest, chunks: [(ordinal: UInt32, record: [UInt8])]) {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw NIfTIError(.notFound, "\(path): no such file, or not readable")
        }
        do {
            let chunks = try FoveaContainer.chunks(of: Array(data))
            guard let first = chunks.first, first.ordinal == 0 else {
                throw WireError(.invalidField, "the first chunk is no manifest")
            }
            return (try Manifest(decoding: ChunkRecord(decoding: first.record).payload), chunks)
        } catch let error as WireError {
            throw WireError(error.code, "\(path): \(error.message)")
        }
    }

    /// Decodes a file, its chunks in processes that can do nothing else.
    /// - Throws: `WireError`, `CodingError`, or `NIfTIError`, naming the file.
    public static func decode(_ path: String, layers: Layers, pool: CodingPool, workerExecutable: String = "/proc/self/exe")
        async throws
        -> [Decoded]
    {
        let (manifest, chunks) = try open(path)
        let workers = ConfinedDecoder(pool: pool, executable: workerExecutable)
        let decoder = try SessionDecoder(manifest, decoder: workers, memoryLimit: memoryLimit)
        let records = Dictionary(chunks.map { ($0.ordinal, $0.record) }) { first, _ in first }
        // In the plan's order every chunk comes after those it rests on.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, planned) in manifest.plan.enumerated()
            where layers.contains(planned.chunk.layer, maxError: manifest.volumes[planned.volume].maxError) {
                let ordinal = UInt32(index + 1)
                guard let record = records[ordinal] else {
                    throw WireError(.truncated, "\(path): chunk \(ordinal) of the plan is missing")
                }
                group.addTask {
                    do {
                        try await decoder.apply(ordinal, record: record) { _ in }
                    } catch {
                        await decoder.cancel(error)
                        throw error
                    }
                }
            }
            try await group.waitForAll()
        }
        var table: ChunkTable?
        if layers == .all {
            guard let record = records[manifest.tableOrdinal] else {
                throw WireError(.truncated, "\(path): the chunk table is missing")
            }
            let content = try ChunkTable(decoding: ChunkRecord(decoding: record).payload)
            try await decoder.check(content)
            table = content
        }
        var decoded: [Decoded] = []
        for index in manifest.volumes.indices {
            let outcome = try await decoder.outcome(volume: index)
            if let table, table.outcomes[index] != outcome {
                throw CodingError(
                    .verificationFailed, "\(path): '\(manifest.volumes[index].name)' does not have the digest it must have")
            }
            decoded.append(
                Decoded(
                    name: manifest.volumes[index].name, image: try await decoder.snapshot(volume: index).image(), outcome: outcome))
        }
        return decoded
    }
}
