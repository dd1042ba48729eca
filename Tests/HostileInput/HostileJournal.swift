internal import Receiver
internal import Foundation
internal import Journal
internal import StreamSession
internal import WireFormat

/// A journal as a damaged disk, or a peer whose pieces it keeps, could leave it, made of any bytes.
///
/// The first byte says whether the rest is the file itself, or entries whose checksums are right: a byte for the kind, an ordinal of two bytes, total and
/// offset in pieces of two bytes each, a length of two bytes, and the payload.
package struct HostileJournal: Sendable {
    private let bytes: [UInt8]

    /// Takes any bytes.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Opens it as a receiver does at a hello, and goes on with the session.
    /// - Parameter folder: where it is written; a place in memory is best.
    /// - Returns: the promises that were broken.
    package func receive(in folder: String) async -> [String] {
        let path = "\(folder)/\(UUID().uuidString).journal"
        defer { unlink(path) }
        guard let kind = bytes.first else { return [] }
        if kind & 1 == 0 {
            guard (try? Data(bytes.dropFirst()).write(to: URL(fileURLWithPath: path))) != nil else { return [] }
        } else {
            guard let journal = try? SessionJournal(path: path, byteLimit: 1 << 24, replay: { _ in }) else { return [] }
            for entry in Self.entries(Array(bytes.dropFirst())) { try? journal.append([entry]) }
            journal.close()
        }
        var contents = JournalContents()
        guard let journal = try? SessionJournal(path: path, byteLimit: 1 << 24, replay: { try contents.replay($0) }) else {
            return []
        }
        journal.close()
        var receiver = ReceiverSession(now: .zero)
        let hello = Hello(
            session: Name(cleaning: "s"), goal: .lossless, elapsedMicroseconds: 0, roundTripMicroseconds: 0, resumes: true,
            nonce: [])
        _ = receiver.handle(.datagram(Datagram.hello(hello).encoded()), now: .zero)
        _ = receiver.handle(
            contents.receipt.map { .openedComplete($0, nonce: []) } ?? .opened(contents.reassembler, nonce: []), now: .zero)
        return await Self.session(contents.records).receive()
    }

    /// The state of a session that whole records amount to.
    private static func session(_ records: [UInt32: [UInt8]]) -> HostileSession {
        HostileSession(
            records.sorted { $0.key < $1.key }.compactMap { ordinal, bytes in
                guard let record = try? ChunkRecord(decoding: bytes) else { return nil }
                return HostileSession.Item(
                    kind: ordinal == 0 ? .manifest : .planned, ordinal: Int(ordinal) - 1, coder: record.coder,
                    payload: record.payload)
            })
    }

    private static func entries(_ bytes: [UInt8]) -> [JournalEntry] {
        var entries: [JournalEntry] = [.begun(Array("-\ns".utf8))]
        var position = 0
        while bytes.count - position >= 9 {
            func number(_ offset: Int) -> Int { Int(bytes[position + offset]) << 8 | Int(bytes[position + offset + 1]) }
            let (kind, ordinal, total, piece, length) = (bytes[position], number(1), number(3), number(5), number(7))
            position += 9
            let payload = bytes[position..<min(bytes.count, position + length)]
            position = payload.endIndex
            switch kind % 4 {
            case 0: entries.append(.dropped(ordinal: UInt32(ordinal)))
            case 1: entries.append(.stored(Array(payload)))
            default:
                entries.append(
                    .fragment(
                        ordinal: UInt32(ordinal), totalByteCount: UInt32(total), offset: UInt32(piece * Fragment.payloadLimit),
                        payload: payload))
            }
        }
        return entries
    }

    /// A journal of a whole session.
    package static func seed(_ session: HostileSession) -> [UInt8] {
        var bytes: [UInt8] = [1]
        func put(_ numbers: Int...) {
            for number in numbers { bytes += [UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)] }
        }
        for item in session.items where item.kind == .manifest || item.kind == .planned {
            guard let record = try? ChunkRecord(coder: item.coder, payload: item.payload).encoded(), record.count < 65536 else {
                continue
            }
            for piece in 0..<Fragment.count(of: record.count) {
                let start = piece * Fragment.payloadLimit
                let payload = record[start..<min(start + Fragment.payloadLimit, record.count)]
                bytes.append(2)
                put(item.kind == .manifest ? 0 : item.ordinal + 1, record.count, piece, payload.count)
                bytes += payload
            }
        }
        return bytes
    }
}
