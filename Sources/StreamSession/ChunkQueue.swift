internal import Congestion
internal import WireFormat

/// Chunks that wait to be sent, cut into pieces on the way out. The lowest rank goes first, strictly: a chunk that arrives with
/// a lower rank than the one being sent goes ahead at the next datagram.
struct ChunkQueue: Sendable {
    /// A chunk to be sent.
    struct Chunk: Sendable {
        let ordinal: UInt32
        let rank: UInt64
        let record: [UInt8]
        /// True when parity goes with it.
        let isProtected: Bool

        /// The same, by another rank if that is lower.
        func promoted(to rank: UInt64) -> Chunk {
            Chunk(ordinal: ordinal, rank: min(rank, self.rank), record: record, isProtected: isProtected)
        }
    }

    /// A datagram's worth of a chunk.
    enum Piece: Sendable {
        case data(Fragment)
        case parity(Parity)
    }

    private struct Pending: Sendable {
        var chunk: Chunk
        /// Pieces still to go, in ascending order, the next one last.
        var places: [Int]
        var parity: [Parity] = []
    }
    /// The next to go stands last.
    private var pending: [Pending] = []

    var isEmpty: Bool { pending.isEmpty }

    /// Adds a chunk, less the pieces that the peer holds.
    mutating func add(_ chunk: Chunk, without held: Set<Int> = []) {
        let places = (0..<Fragment.count(of: chunk.record.count)).filter { !held.contains($0) }
        guard !places.isEmpty else { return }
        remove(chunk.ordinal)
        insert(Pending(chunk: chunk, places: places.reversed()))
    }

    private mutating func insert(_ entry: Pending) {
        let key = (entry.chunk.rank, entry.chunk.ordinal)
        let index = pending.firstIndex { ($0.chunk.rank, $0.chunk.ordinal) < key } ?? pending.endIndex
        pending.insert(entry, at: index)
    }

    /// Gives a chunk that waits a lower rank; what has gone of it has gone.
    mutating func promote(_ ordinal: UInt32, to rank: UInt64) {
        guard let index = pending.firstIndex(where: { $0.chunk.ordinal == ordinal }) else { return }
        var entry = pending.remove(at: index)
        entry.chunk = entry.chunk.promoted(to: rank)
        insert(entry)
    }

    mutating func remove(_ ordinal: UInt32) { pending.removeAll { $0.chunk.ordinal == ordinal } }

    mutating func removeAll() { pending = [] }

    /// The next piece, and whether it is the last of its chunk.
    /// - Parameter parityRatio: parity pieces over pieces, for chunks that are protected.
    mutating func next(departure: UInt32, parityRatio: Double) -> (piece: Piece, isLast: Bool)? {
        guard let index = pending.indices.last else { return nil }
        let chunk = pending[index].chunk
        if let place = pending[index].places.popLast() {
            let size = Fragment.payloadLimit
            let offset = place * size
            let fragment = Fragment(
                ordinal: chunk.ordinal, totalByteCount: UInt32(chunk.record.count), offset: UInt32(offset),
                departureMicroseconds: departure, payload: chunk.record[offset..<min(offset + size, chunk.record.count)])
            if pending[index].places.isEmpty, chunk.isProtected, parityRatio > 0 {
                pending[index].parity = Self.parity(of: chunk, ratio: parityRatio).reversed()
            }
            let isLast = pending[index].places.isEmpty
            _ = removeIfDone(index)
            return (.data(fragment), isLast)
        }
        guard let parity = pending[index].parity.popLast() else {
            pending.removeLast()
            return next(departure: departure, parityRatio: parityRatio)
        }
        return (.parity(parity.departing(at: departure)), removeIfDone(index))
    }

    private mutating func removeIfDone(_ index: Int) -> Bool {
        guard pending[index].places.isEmpty, pending[index].parity.isEmpty else { return false }
        pending.remove(at: index)
        return true
    }

    private static func parity(of chunk: Chunk, ratio: Double) -> [Parity] {
        let size = Fragment.payloadLimit
        let count = Fragment.count(of: chunk.record.count)
        var pieces: [Parity] = []
        for block in 0..<(count + Parity.blockLimit - 1) / Parity.blockLimit {
            let places = Parity.pieces(block: block, of: chunk.record.count)
            let parityCount = min(255 - Parity.blockLimit, max(1, Int((Double(places.count) * ratio).rounded(.up))))
            guard let code = ErasureCode(dataCount: places.count, parityCount: parityCount) else { continue }
            let shards = places.map { chunk.record[$0 * size..<min(($0 + 1) * size, chunk.record.count)] }
            for index in 0..<parityCount {
                pieces.append(
                    Parity(
                        ordinal: chunk.ordinal, totalByteCount: UInt32(chunk.record.count), block: UInt16(block),
                        index: UInt8(index), departureMicroseconds: 0,
                        payload: code.parity(index, of: shards, byteCount: Parity.payloadByteCount)[...]))
            }
        }
        return pieces
    }
}

extension Parity {
    fileprivate func departing(at departure: UInt32) -> Parity {
        Parity(
            ordinal: ordinal, totalByteCount: totalByteCount, block: block, index: index, departureMicroseconds: departure,
            payload: payload)
    }
}
