internal import RefinementCodec
public import VolumeModel
public import WireFormat

/// A chunk ready to go.
public struct EncodedChunk: Sendable {
    /// Its place in the plan; 0 is the manifest, the last the table.
    public let ordinal: UInt32
    /// Lower goes first.
    public let rank: UInt64
    /// What it is for.
    public let layer: Layer
    /// The record's bytes.
    public let record: [UInt8]
}

/// Codes all the volumes of a session, in the order they are to be sent, on as many cores as there are.
public final class SessionEncoder: Sendable {
    /// The session's manifest.
    public let manifest: Manifest
    let encoders: [VolumeEncoder]
    /// Which chunk goes before which.
    public let order: TransmissionOrder

    /// Makes a session of planned volumes.
    /// - Throws: `CodingError.Code.tooLarge` beyond 16 volumes or too many chunks, `.invalidSettings` when two share a name.
    public init(_ encoders: [VolumeEncoder], goal: Goal, order: TransmissionOrder) throws(CodingError) {
        guard (1...WireLimits.volumeCount).contains(encoders.count) else {
            throw CodingError(.tooLarge, "\(encoders.count) volumes; a session takes 1 to \(WireLimits.volumeCount)")
        }
        guard Set(encoders.map { $0.layout.manifest.name }).count == encoders.count else {
            throw CodingError(.invalidSettings, "two volumes have one name")
        }
        let manifest = Manifest(goal: goal, volumes: encoders.map(\.layout.manifest))
        guard Int(manifest.tableOrdinal) < WireLimits.chunkCount else {
            throw CodingError(.tooLarge, "\(manifest.tableOrdinal) chunks, above the limit of \(WireLimits.chunkCount)")
        }
        self.manifest = manifest
        self.encoders = encoders
        self.order = order
    }

    /// What a base layer of the first volume leaves to be refined, over the chunks coded so far; nil where none is.
    public func fidelity(of layer: Layer) -> Fidelity? { encoders[0].fidelity(of: layer) }
    /// What errors in the first volume are held against.
    public var robustRange: RobustRange { encoders[0].robustRange }

    /// Codes everything.
    /// - Parameters:
    ///   - proceed: called once the manifest has been handed out, and before anything costly is done; what it throws ends the coding.
    ///   - handOut: takes each chunk as soon as it is coded and checked, slice by slice as soon as those before it are too: the manifest first, the
    ///   table last.
    /// - Returns: the table, and the digest of the record that carries it.
    /// - Throws: `CodingError`, or `CancellationError` when the task is cancelled.
    public func run(
        on pool: CodingPool, proceed: @Sendable () async throws -> Void = {},
        emit handOut: @escaping @Sendable (EncodedChunk) -> Void
    ) async throws -> (table: ChunkTable, digest: Digest) {
        let board = CompletionBoard()
        let emit = order == .fifo ? strictly(handOut) : handOut
        let manifestRecord = ChunkRecord(coder: 1, payload: manifest.encoded())
        let manifestBytes = try manifestRecord.encoded()
        emit(EncodedChunk(ordinal: 0, rank: TransmissionOrder.manifestRank, layer: .manifest, record: manifestBytes))
        var entries: [ChunkTable.Entry?] = Array(repeating: nil, count: Int(manifest.tableOrdinal))
        entries[0] = Self.entry(manifestRecord, manifestBytes)
        try await proceed()
        try await withThrowingTaskGroup(of: (Int, ChunkTable.Entry).self) { group in
            var first = 1
            for encoder in encoders {
                for (index, chunk) in encoder.layout.manifest.plan.enumerated() {
                    let ordinal = first + index
                    let rank = order.rank(of: chunk, ordinal: UInt32(ordinal))
                    let codingRank = order.codingRank(of: chunk, ordinal: UInt32(ordinal))
                    let usesBase = encoder.settings.exactCoder.coder.usesBase
                    let needed = encoder.layout.prerequisites(of: index, usesBase: usesBase).map { [first] in first + $0 }
                    group.addTask {
                        do {
                            try await board.wait(for: needed)
                            let (record, bytes) = try await pool.run(rank: codingRank) {
                                let record = try encoder.encode(index)
                                return (record, try record.encoded())
                            }
                            try Task.checkCancellation()
                            emit(EncodedChunk(ordinal: UInt32(ordinal), rank: rank, layer: chunk.layer, record: bytes))
                            await board.complete(ordinal)
                            return (ordinal, Self.entry(record, bytes))
                        } catch {
                            await board.fail(error)
                            throw error
                        }
                    }
                }
                first += encoder.layout.manifest.plan.count
            }
            for try await (ordinal, entry) in group { entries[ordinal] = entry }
        }
        let outcomes = try await pool.run { [encoders] in try encoders.map { try $0.outcome() } }
        let table = ChunkTable(entries: entries.compactMap { $0 }, outcomes: outcomes)
        let record = try ChunkRecord(coder: 1, payload: table.encoded()).encoded()
        emit(EncodedChunk(ordinal: manifest.tableOrdinal, rank: TransmissionOrder.tableRank, layer: .table, record: record))
        return (table, ChunkRecord.digest(of: record) ?? Digest(of: record))
    }

    private func strictly(_ emit: @escaping @Sendable (EncodedChunk) -> Void) -> @Sendable (EncodedChunk) -> Void {
        let planned = manifest.plan.enumerated().map { order.rank(of: $1.chunk, ordinal: UInt32($0 + 1)) }
        let outlet = RankedOutlet(
            ranks: [TransmissionOrder.manifestRank] + planned + [TransmissionOrder.tableRank], emit: emit)
        return { outlet.put($0) }
    }

    private static func entry(_ record: ChunkRecord, _ bytes: [UInt8]) -> ChunkTable.Entry {
        ChunkTable.Entry(
            byteCount: bytes.count, digest: ChunkRecord.digest(of: bytes) ?? Digest(of: bytes),
            maxAbsoluteError: record.maxAbsoluteError,
            meanSquaredError: record.meanSquaredError)
    }
}
