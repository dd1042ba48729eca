import Faults
import Foundation
import Journal
import TestSupport

/// A folder with one journal in it, that goes with its owner.
final class JournalFolder {
    let path: String
    var journal: String { "\(path)/journal" }

    /// Makes it: in memory, where the system has files there, for tests that open so many journals that they would wait for the
    /// disk.
    init(inMemory: Bool = false) throws {
        let memory = "/dev/shm"
        let root =
            inMemory && FileManager.default.isWritableFile(atPath: memory) ? memory : FileManager.default.temporaryDirectory.path
        path = "\(root)/fovea-journal-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func put(_ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(fileURLWithPath: journal)) }
    func contents() throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: journal))) }

    /// Opens the journal.
    func open(byteLimit: Int = 1 << 30) throws -> (journal: SessionJournal, replayed: [JournalEntry]) {
        var replayed: [JournalEntry] = []
        let journal = try SessionJournal(path: journal, byteLimit: byteLimit) { replayed.append($0) }
        return (journal, replayed)
    }

    /// The journal's entries.
    func replayed() throws -> [JournalEntry] {
        let (journal, replayed) = try open()
        journal.close()
        return replayed
    }

    /// Appends to the journal and closes it.
    func append(_ entries: [JournalEntry]) throws {
        let journal = try open().journal
        try journal.append(entries)
        journal.close()
    }
}

/// The error with which a journal is refused; nil when it is not.
func refusal(_ body: () throws -> Void) -> JournalError? {
    do {
        try body()
        return nil
    } catch {
        return error as? JournalError ?? JournalError(.invalidEntry, "not a journal's error: \(error)")
    }
}

/// Few bytes, every kind.
enum SmallJournal {
    static let entries: [JournalEntry] = [
        .begun([1, 2]),
        .fragment(ordinal: 7, totalByteCount: 5, offset: 2, payload: [0, 9, 8][...]),
        .dropped(ordinal: 7),
        .stored([]),
        .fragment(ordinal: 0xfedc_ba98, totalByteCount: .max, offset: .max - 1, payload: [255][...]),
    ]
    static let byteCounts = [9 + 2, 9 + 12 + 3, 9 + 4, 9, 9 + 12 + 1]
    static let headerByteCount = 8
    /// The offset in the file at which each record ends.
    static var ends: [Int] {
        var end = headerByteCount
        return byteCounts.map { count in
            end += count
            return end
        }
    }

    static func bytes() throws -> [UInt8] {
        let folder = try JournalFolder()
        try folder.append(entries)
        return try folder.contents()
    }
}

extension Seeded {
    /// Entries as a session would have them.
    mutating func entries(_ count: Int, payloadByteCount: Int) -> [JournalEntry] {
        [.begun(bytes(60))]
            + (0..<count).map { _ in
                let ordinal = UInt32.random(in: 0..<16_384, using: &self)
                switch Int.random(in: 0..<20, using: &self) {
                case 0: return .dropped(ordinal: ordinal)
                case 1: return .stored(bytes(Int.random(in: 0...200, using: &self)))
                default:
                    let payload = bytes(Int.random(in: 1...payloadByteCount, using: &self))
                    let offset = UInt32.random(in: 0...(64 << 20), using: &self)
                    return .fragment(
                        ordinal: ordinal, totalByteCount: offset + UInt32(payload.count), offset: offset, payload: payload[...])
                }
            }
    }
}
