/// One thing a receiver has, or has done.
package enum JournalEntry: Sendable, Equatable {
    /// The session as its sender began it: opaque bytes (the hello's encoding), at most 64 KiB. Comes first, and once.
    case begun([UInt8])
    /// A piece of a chunk record, as it arrived: at least one byte, within the record's `totalByteCount`, and at most
    /// ``payloadLimit``.
    case fragment(ordinal: UInt32, totalByteCount: UInt32, offset: UInt32, payload: ArraySlice<UInt8>)
    /// A chunk whose record turned out wrong: its pieces so far do not count.
    case dropped(ordinal: UInt32)
    /// The receipt that was given (opaque bytes, at most 64 KiB): the session is complete.
    case stored([UInt8])

    /// The most bytes ``begun(_:)`` and ``stored(_:)`` hold.
    package static let opaqueLimit = 64 << 10
    /// The most bytes of one ``fragment(ordinal:totalByteCount:offset:payload:)``: its record has at most 128 KiB.
    package static let payloadLimit =
        JournalRecord.byteLimit - JournalRecord.headerByteCount - JournalRecord.fragmentFieldsByteCount

    var isBegun: Bool {
        if case .begun = self { true } else { false }
    }

    /// Why it cannot stand in a journal; nil when it can.
    var fault: String? {
        switch self {
        case .begun(let bytes), .stored(let bytes):
            return bytes.count <= Self.opaqueLimit ? nil : "\(bytes.count) bytes about the session, above \(Self.opaqueLimit)"
        case .fragment(_, let total, let offset, let payload):
            if payload.count > Self.payloadLimit { return "a piece of \(payload.count) bytes, above \(Self.payloadLimit)" }
            if payload.isEmpty || Int(offset) + payload.count > Int(total) {
                return "\(payload.count) bytes at \(offset) are no piece of a chunk of \(total)"
            }
            return nil
        case .dropped: return nil
        }
    }
}
