internal import WireFormat

/// Chunks that wait to be sent, cut into fragments on the way out. The lowest rank goes first, strictly: a chunk that arrives with
/// a lower rank than the one being sent goes ahead at the next datagram.
struct ChunkQueue: Sendable {
    private struct Pending: Sendable {
        let ordinal: UInt32
        let rank: UInt64
        let record: [UInt8]
        var offset = 0
    }
    /// The next to go stands last.
    private var chunks: [Pending] = []

    var isEmpty: Bool { chunks.isEmpty }

    mutating func add(ordinal: UInt32, rank: UInt64, record: [UInt8]) {
        guard !record.isEmpty else { return }
        let key = (rank, ordinal)
        let index = chunks.firstIndex { ($0.rank, $0.ordinal) < key } ?? chunks.endIndex
        chunks.insert(Pending(ordinal: ordinal, rank: rank, record: record), at: index)
    }

    /// The next fragment.
    mutating func next(departure: UInt32) -> Fragment? {
        guard let last = chunks.indices.last else { return nil }
        let chunk = chunks[last]
        let end = min(chunk.offset + Fragment.payloadLimit, chunk.record.count)
        let fragment = Fragment(
            ordinal: chunk.ordinal, totalByteCount: UInt32(chunk.record.count), offset: UInt32(chunk.offset),
            departureMicroseconds: departure, payload: chunk.record[chunk.offset..<end])
        if end == chunk.record.count {
            chunks.removeLast()
        } else {
            chunks[last].offset = end
        }
        return fragment
    }
}
