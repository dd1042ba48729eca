internal import CZlib

/// A journal's bytes. Numbers have their most significant byte first, as in the wire format.
///
/// The file:
///
/// | offset | type | field | value |
/// |---:|---|---|---|
/// | 0 | 6 bytes | signature | `FOVEAJ` |
/// | 6 | u16 | version | 1 |
/// | 8 | | records | one after another, to the end |
///
/// A record, at most 128 KiB:
///
/// | offset | type | field | value |
/// |---:|---|---|---|
/// | 0 | u32 | body length | bytes of the body alone |
/// | 4 | u32 | checksum | CRC-32, as in gzip, of kind and body |
/// | 8 | u8 | kind | 1 to 4 |
/// | 9 | | body | as the kind says |
///
/// | kind | name | body |
/// |---:|---|---|
/// | 1 | begun | 0 to 65,536 opaque bytes; the first record, and no other |
/// | 2 | fragment | u32 ordinal, u32 bytes of the chunk record, u32 offset in it, then the piece: 1 byte or more |
/// | 3 | dropped | u32 ordinal |
/// | 4 | stored | 0 to 65,536 opaque bytes |
///
/// A record is valid when its checksum is right, its body is one its kind can have, and everything before it is valid. The file
/// ends with the last valid one: what follows is the rest of a write that did not come to its end. Zeros, which some file systems
/// leave there, are no record, since the CRC-32 of a zero is not zero.
enum JournalRecord {
    static let signature = Array("FOVEAJ".utf8)
    static let version: UInt16 = 1
    /// The bytes that a file begins with.
    static var fileHeader: [UInt8] { signature + [UInt8(version >> 8), UInt8(version & 0xff)] }

    static let headerByteCount = 9
    static let fragmentFieldsByteCount = 12
    /// The most bytes of a record, its header among them.
    static let byteLimit = 128 << 10

    /// The result of reading at one place in the file.
    enum Reading {
        case record(JournalEntry, byteCount: Int)
        /// It goes on behind the bytes at hand, or would if it were whole.
        case cutOff
        case invalid
    }

    /// Reads the record at `start`.
    static func read(_ bytes: [UInt8], at start: Int) -> Reading {
        guard bytes.count - start >= headerByteCount else { return .cutOff }
        let bodyByteCount = Int(number(bytes, at: start))
        guard bodyByteCount <= byteLimit - headerByteCount else { return .invalid }
        let body = start + headerByteCount..<start + headerByteCount + bodyByteCount
        guard body.upperBound <= bytes.count else { return .cutOff }
        guard checksum(bytes, body.lowerBound - 1..<body.upperBound) == number(bytes, at: start + 4),
            let entry = entry(kind: bytes[body.lowerBound - 1], bytes, body), entry.fault == nil
        else { return .invalid }
        return .record(entry, byteCount: headerByteCount + bodyByteCount)
    }

    private static func entry(kind: UInt8, _ bytes: [UInt8], _ body: Range<Int>) -> JournalEntry? {
        switch kind {
        case 1: return .begun(Array(bytes[body]))
        case 2:
            guard body.count > fragmentFieldsByteCount else { return nil }
            let start = body.lowerBound
            // A copy: who keeps one piece must not keep the megabyte it was read with.
            let payload = Array(bytes[body].dropFirst(fragmentFieldsByteCount))
            return .fragment(
                ordinal: number(bytes, at: start), totalByteCount: number(bytes, at: start + 4),
                offset: number(bytes, at: start + 8), payload: payload[...])
        case 3: return body.count == 4 ? .dropped(ordinal: number(bytes, at: body.lowerBound)) : nil
        case 4: return .stored(Array(bytes[body]))
        default: return nil
        }
    }

    /// The entries' records one after another. Each must be without a fault.
    static func bytes(of entries: [JournalEntry]) -> [UInt8] {
        var bytes: [UInt8] = []
        // Once, for all of them: growing would copy what may be many megabytes.
        bytes.reserveCapacity(entries.reduce(0) { $0 + headerByteCount + bodyByteCount(of: $1) })
        for entry in entries {
            let start = bytes.count
            put(UInt32(bodyByteCount(of: entry)), &bytes)
            put(0, &bytes)
            switch entry {
            case .begun(let body):
                bytes.append(1)
                bytes += body
            case .fragment(let ordinal, let totalByteCount, let offset, let payload):
                bytes.append(2)
                put(ordinal, &bytes)
                put(totalByteCount, &bytes)
                put(offset, &bytes)
                bytes += payload
            case .dropped(let ordinal):
                bytes.append(3)
                put(ordinal, &bytes)
            case .stored(let body):
                bytes.append(4)
                bytes += body
            }
            let sum = checksum(bytes, start + headerByteCount - 1..<bytes.count)
            for place in 0..<4 { bytes[start + 4 + place] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * place)) }
        }
        return bytes
    }

    private static func bodyByteCount(of entry: JournalEntry) -> Int {
        switch entry {
        case .begun(let bytes), .stored(let bytes): bytes.count
        case .fragment(_, _, _, let payload): fragmentFieldsByteCount + payload.count
        case .dropped: 4
        }
    }

    private static func number(_ bytes: [UInt8], at start: Int) -> UInt32 {
        bytes[start..<start + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func put(_ number: UInt32, _ bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }

    private static func checksum(_ bytes: [UInt8], _ range: Range<Int>) -> UInt32 {
        bytes.withUnsafeBufferPointer { all in
            let part = UnsafeBufferPointer(rebasing: all[range])
            return UInt32(truncatingIfNeeded: crc32(0, part.baseAddress, UInt32(part.count)))
        }
    }
}
