package import Journal
package import StreamSession
package import WireFormat

/// The contents of a session's journal when it was opened: put together entry by entry, as ``SessionJournal`` replays them.
package struct JournalContents: Sendable {
    /// Whose session it is; nil while nothing is known.
    package private(set) var begun: [UInt8]?
    /// The pieces of all chunks, whole or not.
    package private(set) var reassembler = Reassembler()
    /// Records of whole chunks, by their ordinals.
    package private(set) var records: [UInt32: [UInt8]] = [:]
    /// The receipt of a session that is complete.
    package private(set) var receipt: Receipt?

    /// Nothing yet.
    package init() {}

    /// Takes the next entry.
    /// - Throws: `SessionError.Code.protocolViolation` where its pieces contradict those before.
    package mutating func replay(_ entry: JournalEntry) throws(SessionError) {
        switch entry {
        case .begun(let bytes): begun = bytes
        case .fragment(let ordinal, let total, let offset, let payload):
            guard let fragment = Fragment(ordinal: ordinal, checkedTotal: total, offset: offset, payload: payload) else { return }
            if let record = try reassembler.take(fragment).record { records[ordinal] = record }
        case .dropped(let ordinal):
            reassembler.drop(ordinal)
            records[ordinal] = nil
        case .stored(let bytes):
            if case .receipt(let receipt)? = try? Datagram(decoding: bytes) { self.receipt = receipt }
        }
    }
}
