internal import Faults
package import ProgressiveCoding
package import WireFormat

/// A volume's chunks as an encoding makes them, and when: coded once, sent over and over in virtual time.
package struct CodedVolume: Sendable {
    /// The chunks, the manifest first, the table last.
    package let chunks: [EncodedChunk]
    /// The session's manifest.
    package let manifest: Manifest
    /// The table's content.
    package let table: ChunkTable
    /// When chunks are ready and how long a receiver takes over them.
    package let times: CodingTimes

    /// Makes one of all a session's chunks.
    /// - Throws: `FormatError`, or `ExperimentError.Code.transferFailed` where a chunk is missing.
    init(_ chunks: [EncodedChunk], times: CodingTimes) throws {
        let ordered = chunks.sorted { $0.ordinal < $1.ordinal }
        guard let first = ordered.first, let last = ordered.last, ordered.indices.allSatisfy({ ordered[$0].ordinal == UInt32($0) })
        else { throw ExperimentError(.transferFailed, "a coded volume lacks chunks") }
        manifest = try Manifest(decoding: ChunkRecord(decoding: first.record).payload)
        guard manifest.tableOrdinal == last.ordinal else {
            throw ExperimentError(.transferFailed, "a coded volume has \(ordered.count) chunks, not \(manifest.tableOrdinal + 1)")
        }
        table = try ChunkTable(decoding: ChunkRecord(decoding: last.record).payload)
        self.chunks = ordered
        self.times = times
    }

    /// The same chunks, ready at other times.
    init(_ other: CodedVolume, times: CodingTimes) {
        chunks = other.chunks
        manifest = other.manifest
        table = other.table
        self.times = times
    }

    /// Bytes of chunk records by layer.
    package var byteCounts: [Layer: Int] {
        chunks.reduce(into: [:]) { $0[$1.layer, default: 0] += $1.record.count }
    }

    /// For each chunk of the plan, the ordinals of those it rests on.
    func prerequisites() throws -> [UInt32: [UInt32]] {
        let layout = try VolumeLayout(manifest.volumes[0], memoryLimit: .max, diskLimit: .max)
        return Dictionary(
            uniqueKeysWithValues: layout.prerequisites.enumerated().map { index, needed in
                (UInt32(index + 1), needed.map { UInt32($0 + 1) })
            })
    }

    /// Returns these chunks in the form that a transfer is made of.
    func transferChunks(order: TransmissionOrder) -> [VirtualTransfer.Chunk] {
        chunks.map { chunk in
            VirtualTransfer.Chunk(
                ordinal: chunk.ordinal, rank: rank(of: chunk.ordinal, order), layer: chunk.layer, record: chunk.record,
                readyAt: times.ready[chunk.ordinal] ?? .zero)
        }
    }

    private func rank(of ordinal: UInt32, _ order: TransmissionOrder) -> UInt64 {
        if ordinal == 0 { return TransmissionOrder.manifestRank }
        if ordinal == manifest.tableOrdinal { return TransmissionOrder.tableRank }
        return order.rank(of: manifest.volumes[0].plan[Int(ordinal) - 1], ordinal: ordinal)
    }
}
