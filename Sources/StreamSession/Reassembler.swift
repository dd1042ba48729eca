internal import Congestion
internal import Bytes
internal import Faults
package import WireFormat

/// Puts chunk records together from pieces in any order. Memory grows with what has arrived, never with what was announced.
package struct Reassembler: Sendable {
    private struct Partial: Sendable {
        let totalByteCount: Int
        var pieces: [UInt32: ArraySlice<UInt8>] = [:]
        /// By block, then by the parity's index.
        var parity: [Int: [Int: [UInt8]]] = [:]
        var receivedByteCount = 0

        var parityCount: Int { parity.values.reduce(0) { $0 + $1.count } }
        var bufferedByteCount: Int { receivedByteCount + parityCount * Parity.payloadByteCount }
    }
    private var partials: [UInt32: Partial] = [:]
    /// Bytes of each whole record.
    private var completed: [UInt32: Int] = [:]
    private(set) var bufferedByteCount = 0
    /// The digest that the manifest's record begins with, once its first piece has come.
    private(set) var manifestDigest: Digest?

    /// The most bytes of unfinished chunks.
    static let byteLimit = 256 << 20
    /// The most parity pieces kept of one chunk at a time: those of several blocks, and a bound for a peer that sends nothing else.
    private static let parityLimit = 512

    /// Nothing has come.
    package init() {}

    /// True when nothing has come.
    package var isEmpty: Bool { partials.isEmpty && completed.isEmpty }

    /// Takes a piece.
    /// - Returns: whether it is new, and the whole record when it was the last one missing.
    /// - Throws: `SessionError.Code.protocolViolation` for a second length of one chunk, or beyond the limit.
    package mutating func take(_ fragment: Fragment) throws(SessionError) -> (isNew: Bool, record: [UInt8]?) {
        guard completed[fragment.ordinal] == nil else { return (false, nil) }
        // Taken out while it is changed: a second copy in the dictionary would make each fragment copy all before it.
        var partial = partials.removeValue(forKey: fragment.ordinal) ?? Partial(totalByteCount: Int(fragment.totalByteCount))
        defer { if completed[fragment.ordinal] == nil { partials[fragment.ordinal] = partial } }
        guard partial.totalByteCount == Int(fragment.totalByteCount) else {
            throw SessionError(.protocolViolation, "chunk \(fragment.ordinal) has two lengths")
        }
        guard partial.pieces[fragment.offset] == nil else { return (false, nil) }
        guard bufferedByteCount + fragment.payload.count <= Self.byteLimit else {
            throw SessionError(.protocolViolation, "more than \(Self.byteLimit) bytes of unfinished chunks")
        }
        partial.pieces[fragment.offset] = fragment.payload
        partial.receivedByteCount += fragment.payload.count
        bufferedByteCount += fragment.payload.count
        if fragment.ordinal == 0, fragment.offset == 0 { manifestDigest = ChunkRecord.digest(of: Array(fragment.payload)) }
        guard partial.receivedByteCount == partial.totalByteCount else { return (true, nil) }
        completed[fragment.ordinal] = partial.totalByteCount
        bufferedByteCount -= partial.bufferedByteCount
        var record: [UInt8] = []
        record.reserveCapacity(partial.totalByteCount)
        for offset in partial.pieces.keys.sorted() { record += partial.pieces[offset] ?? [] }
        return (true, record)
    }

    /// Takes a parity piece; gives back the pieces that can be made with it.
    /// - Throws: as for a piece.
    mutating func take(_ parity: Parity) throws(SessionError) -> [Fragment] {
        guard completed[parity.ordinal] == nil else { return [] }
        var partial = partials.removeValue(forKey: parity.ordinal) ?? Partial(totalByteCount: Int(parity.totalByteCount))
        defer { partials[parity.ordinal] = partial }
        guard partial.totalByteCount == Int(parity.totalByteCount) else {
            throw SessionError(.protocolViolation, "chunk \(parity.ordinal) has two lengths")
        }
        guard partial.parityCount < Self.parityLimit, partial.parity[Int(parity.block)]?[Int(parity.index)] == nil else {
            return []
        }
        guard bufferedByteCount + parity.payload.count <= Self.byteLimit else {
            throw SessionError(.protocolViolation, "more than \(Self.byteLimit) bytes of unfinished chunks")
        }
        partial.parity[Int(parity.block), default: [:]][Int(parity.index)] = Array(parity.payload)
        bufferedByteCount += parity.payload.count
        return recovered(Int(parity.block), of: parity.ordinal, &partial)
    }

    /// The pieces of a block that its parity gives back now.
    mutating func recovered(after fragment: Fragment) -> [Fragment] {
        guard var partial = partials.removeValue(forKey: fragment.ordinal) else { return [] }
        defer { partials[fragment.ordinal] = partial }
        guard !partial.parity.isEmpty else { return [] }
        return recovered(Int(fragment.offset) / Fragment.payloadLimit / Parity.blockLimit, of: fragment.ordinal, &partial)
    }

    private mutating func recovered(_ block: Int, of ordinal: UInt32, _ partial: inout Partial) -> [Fragment] {
        guard let parity = partial.parity[block], let count = parity.keys.max() else { return [] }
        let places = Parity.pieces(block: block, of: partial.totalByteCount)
        let size = Fragment.payloadLimit
        let shards = places.map { partial.pieces[UInt32($0 * size)] }
        let missing = places.filter { partial.pieces[UInt32($0 * size)] == nil }
        guard !missing.isEmpty, missing.count <= parity.count,
            let code = ErasureCode(dataCount: places.count, parityCount: count + 1),
            let data = code.recover(shards, parity: (0...count).map { parity[$0] }, byteCount: size)
        else { return [] }
        bufferedByteCount -= parity.count * Parity.payloadByteCount
        partial.parity[block] = nil
        return missing.map { place in
            let length = min(size, partial.totalByteCount - place * size)
            return Fragment(
                ordinal: ordinal, totalByteCount: UInt32(partial.totalByteCount), offset: UInt32(place * size),
                departureMicroseconds: 0, payload: data[place - places.lowerBound][..<length])
        }
    }

    /// Forgets a chunk whose record was wrong, so that it can come again.
    package mutating func drop(_ ordinal: UInt32) {
        completed[ordinal] = nil
        if let partial = partials.removeValue(forKey: ordinal) { bufferedByteCount -= partial.bufferedByteCount }
        if ordinal == 0 { manifestDigest = nil }
    }

    /// Returns what is here, as runs of pieces by ordinal.
    func holdings() -> [Holdings.Run] {
        var runs: [Holdings.Run] = completed.map {
            Holdings.Run(ordinal: $0.key, totalByteCount: UInt32($0.value), pieces: 0..<UInt32(Fragment.count(of: $0.value)))
        }
        for (ordinal, partial) in partials {
            var open: Range<UInt32>?
            func close() {
                if let open {
                    runs.append(Holdings.Run(ordinal: ordinal, totalByteCount: UInt32(partial.totalByteCount), pieces: open))
                }
            }
            for offset in partial.pieces.keys.sorted() {
                let piece = offset / UInt32(Fragment.payloadLimit)
                if let current = open, current.upperBound == piece {
                    open = current.lowerBound..<piece + 1
                } else {
                    close()
                    open = piece..<piece + 1
                }
            }
            close()
        }
        return runs.sorted { ($0.ordinal, $0.pieces.lowerBound) < ($1.ordinal, $1.pieces.lowerBound) }
    }
}
