package import Concurrency
package import EncodingInput
internal import Files
internal import NIfTIFile
package import ProgressiveCoding
package import WireFormat

/// .fovea files: a session's chunks in a file instead of on a link.
package enum FoveaFile {
    /// The results of writing one.
    package struct Written: Sendable {
        /// Bytes of chunk records by layer.
        package let bytesByLayer: [Layer: Int]
        /// Bytes of the file.
        package let byteCount: Int
        /// The fidelity of the base layers: what they leave to be refined.
        package let fidelity: [Layer: LayerFidelity]
        /// The outcome for each volume.
        package let outcomes: [Receipt.Volume]
    }

    /// Codes a prepared session into a file, its chunks in the order they would be sent.
    /// - Parameters:
    ///   - replacing: whether a file of that name gives way.
    ///   - onProgress: how many of how many chunks are coded.
    /// - Throws: `CodingError`, or `FileError.Code.cannotWrite`, `.alreadyExists`.
    package static func write(
        _ prepared: Preparation.Result, to path: String, replacing: Bool = true, pool: CodingPool,
        onProgress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> Written {
        // First of all, so that a place that cannot be written is said before the work.
        let file = try AtomicFile(path: path, replacing: replacing)
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
            bytesByLayer: bytesByLayer, byteCount: byteCount, fidelity: LayerFidelity.byLayer(prepared.encoder),
            outcomes: table.outcomes)
    }

    /// The most memory a file's volumes may take, and the most disk where they are too large for memory, in bytes.
    static let memoryLimit = 4 << 30
    static let diskLimit = 16 << 30

    /// Which layers to decode.
    package enum Layers: String, Sendable, CaseIterable {
        /// The regions of interest at base quality.
        case roi
        /// The whole volume at base quality.
        case lossy
        /// All there is.
        case all

        /// Tells whether a volume's layer is among them. What is promised of the regions, `maxError`, is kept at every choice.
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
}
