package import Bytes
package import Concurrency
internal import Faults
internal import ExactCodec
package import VolumeModel
package import WireFormat

/// A chunk ready to go.
package struct EncodedChunk: Sendable {
    /// Its place in the plan; 0 is the manifest, the last the table.
    package let ordinal: UInt32
    /// Lower goes first.
    package let rank: UInt64
    /// Layer that it is for.
    package let layer: Layer
    /// The record's bytes.
    package let record: [UInt8]
}

/// Codes all the volumes of a session, in the order they are to be sent, on as many cores as there are.
package final class SessionEncoder: Sendable {
    /// The session's manifest.
    package let manifest: Manifest
    let encoders: [VolumeEncoder]
    /// Which chunk goes before which.
    package let order: TransmissionOrder

    /// Makes a session of planned volumes.
    /// - Throws: `CodingError.Code.tooLarge` beyond 16 volumes or too many chunks, `.invalidSettings` when two share a name.
    package init(_ encoders: [VolumeEncoder], goal: Goal, order: TransmissionOrder) throws(CodingError) {
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

    /// Returns the error that a base layer of the first volume leaves to be refined, over the chunks coded so far; nil where none is.
    package func fidelity(of layer: Layer) -> Fidelity? { encoders[0].fidelity(of: layer) }
    /// Range that errors in the first volume are compared with.
    package var robustRange: RobustRange { encoders[0].robustRange }

    /// Codes everything, then decodes again what was not decoded as it was coded, while the link still carries it; only then does the table commit to it.
    /// - Parameters:
    ///   - proceed: called once the manifest has been handed out, and before anything costly is done; what it throws ends the coding.
    ///   - handOut: takes each chunk as soon as it is coded and checked, slice by slice as soon as those before it are too: the manifest first, the
    ///   table last.
    /// - Returns: the table, and the digest of the record that carries it.
    /// - Throws: `CodingError`, `.verificationFailed` where a chunk does not decode to what it must; `CancellationError` when the task is cancelled.
    package func run(
        on pool: CodingPool, proceed: @Sendable () async throws -> Void = {},
        emit handOut: @escaping @Sendable (EncodedChunk) -> Void
    ) async throws -> (table: ChunkTable, digest: Digest) {
        let store = CompletionStore()
        let emit = order == .fifo ? strictly(handOut) : handOut
        let manifestRecord = ChunkRecord(coder: 1, payload: manifest.encoded())
        let manifestBytes = try manifestRecord.encoded()
        emit(EncodedChunk(ordinal: 0, rank: TransmissionOrder.manifestRank, layer: .manifest, record: manifestBytes))
        var entries: [ChunkTable.Entry?] = Array(repeating: nil, count: Int(manifest.tableOrdinal))
        entries[0] = Self.entry(manifestRecord, manifestBytes)
        try await proceed()
        var unverified: [Coded] = []
        try await withThrowingTaskGroup(of: Coded.self) { group in
            for job in jobs {
                group.addTask {
                    try await store.orFailing {
                        try await store.wait(for: job.needed)
                        let (bytes, entry) = try await pool.run(rank: job.codingRank) {
                            let record = try job.encoder.encode(job.index)
                            let bytes = try record.encoded()
                            return (bytes, Self.entry(record, bytes))
                        }
                        try Task.checkCancellation()
                        emit(EncodedChunk(ordinal: UInt32(job.ordinal), rank: job.rank, layer: job.chunk.layer, record: bytes))
                        await store.complete(job.ordinal)
                        return Coded(job: job, bytes: bytes, entry: entry)
                    }
                }
            }
            for try await coded in group {
                entries[coded.job.ordinal] = coded.entry
                if coded.job.encoder.isVerifiedLater(coded.job.index) { unverified.append(coded) }
            }
        }
        // What a receiver on this very machine decodes goes before it, too.
        if !unverified.isEmpty { try await verify(unverified, on: CodingPool(niceness: 10)) }
        let outcomes = try await pool.run { [encoders] in try encoders.map { try $0.outcome() } }
        let table = ChunkTable(entries: entries.compactMap { $0 }, outcomes: outcomes)
        let record = try ChunkRecord(coder: 1, payload: table.encoded()).encoded()
        emit(EncodedChunk(ordinal: manifest.tableOrdinal, rank: TransmissionOrder.tableRank, layer: .table, record: record))
        return (table, ChunkRecord.digest(of: record) ?? Digest(of: record))
    }

    /// A chunk to code.
    private struct Job: Sendable {
        let encoder: VolumeEncoder
        let index: Int
        let chunk: PlannedChunk
        let ordinal: Int
        let rank: UInt64
        let codingRank: UInt64
        /// Ordinals of what has to be coded before.
        let needed: [Int]
    }

    /// A chunk that is coded and on its way.
    private struct Coded: Sendable {
        let job: Job
        /// The record as it is sent: the same memory, since a large volume's records together are large.
        let bytes: [UInt8]
        let entry: ChunkTable.Entry
    }

    private var jobs: [Job] {
        var first = 1
        return encoders.flatMap { encoder in
            defer { first += encoder.layout.manifest.plan.count }
            let forRegions = encoder.layout.neededByRegions
            let usesBase = encoder.exactCoder.usesBase
            return encoder.layout.manifest.plan.enumerated().map { [first] index, chunk in
                let ordinal = UInt32(first + index)
                let isForRegion = forRegions.contains(index)
                let needed = encoder.layout.codingPrerequisites(of: index, usesBase: usesBase)
                // What is quickly coded would else find every core taken by what is not.
                let isBehind = order == .roiFirst && !usesBase && !isForRegion && chunk.layer.isOfRest
                return Job(
                    encoder: encoder, index: index, chunk: chunk, ordinal: first + index,
                    rank: order.rank(of: chunk, ordinal: ordinal),
                    codingRank: order.codingRank(of: chunk, ordinal: ordinal, isForRegion: isForRegion, usesBase: usesBase),
                    needed: (isBehind ? needed + encoder.layout.regionChunks : needed).map { first + $0 })
            }
        }
    }

    /// Decodes chunks as the receiver will, each after those it rests on there, behind all other work.
    private func verify(_ unverified: [Coded], on pool: CodingPool) async throws {
        let store = CompletionStore()
        let waiting = Set(unverified.map(\.job.ordinal))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for coded in unverified {
                group.addTask {
                    try await store.orFailing {
                        let job = coded.job
                        let first = job.ordinal - job.index
                        let needed = job.encoder.layout.prerequisites(of: job.index, usesBase: false).map { first + $0 }
                        try await store.wait(for: needed.filter(waiting.contains))
                        try await pool.run(rank: TransmissionOrder.verificationRank) {
                            let record = try ChunkRecord(decoding: coded.bytes)
                            guard try job.encoder.verify(record, job.index) == record else {
                                throw CodingError(
                                    .verificationFailed, "a \(job.chunk.layer.name) chunk leaves another error than it says")
                            }
                        }
                        await store.complete(job.ordinal)
                    }
                }
            }
            try await group.waitForAll()
        }
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
