internal import WireFormat

/// Puts chunk records together from fragments in any order. Memory grows with what has arrived, never with what was announced.
struct Reassembler: Sendable {
    private struct Partial: Sendable {
        let totalByteCount: Int
        var pieces: [UInt32: ArraySlice<UInt8>] = [:]
        var receivedByteCount = 0
    }
    private var partials: [UInt32: Partial] = [:]
    private var completed: Set<UInt32> = []
    private(set) var bufferedByteCount = 0

    /// The most bytes of unfinished chunks.
    static let byteLimit = 256 << 20

    /// Takes a fragment; gives back the whole record when it was the last one missing.
    mutating func take(_ fragment: Fragment) throws(SessionError) -> [UInt8]? {
        guard !completed.contains(fragment.ordinal) else { return nil }
        // Taken out while it is changed: a second copy in the dictionary would make each fragment copy all before it.
        var partial = partials.removeValue(forKey: fragment.ordinal) ?? Partial(totalByteCount: Int(fragment.totalByteCount))
        var isWhole = false
        defer { if !isWhole { partials[fragment.ordinal] = partial } }
        guard partial.totalByteCount == Int(fragment.totalByteCount) else {
            throw SessionError(.protocolViolation, "chunk \(fragment.ordinal) has two lengths")
        }
        guard partial.pieces[fragment.offset] == nil else { return nil }
        guard bufferedByteCount + fragment.payload.count <= Self.byteLimit else {
            throw SessionError(.protocolViolation, "more than \(Self.byteLimit) bytes of unfinished chunks")
        }
        partial.pieces[fragment.offset] = fragment.payload
        partial.receivedByteCount += fragment.payload.count
        bufferedByteCount += fragment.payload.count
        guard partial.receivedByteCount == partial.totalByteCount else { return nil }
        isWhole = true
        completed.insert(fragment.ordinal)
        bufferedByteCount -= partial.totalByteCount
        var record: [UInt8] = []
        record.reserveCapacity(partial.totalByteCount)
        for offset in partial.pieces.keys.sorted() { record += partial.pieces[offset] ?? [] }
        return record
    }
}
