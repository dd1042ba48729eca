import Foundation
import Journal
import TestSupport
import Testing

@Suite("What was appended is there again")
struct ReplayTests {
    private let folder: JournalFolder

    init() throws { folder = try JournalFolder() }

    @Test("A journal of every kind of entry has the bytes the format says")
    func golden() throws {
        let bytes = try SmallJournal.bytes()
        // The checksums are Python's zlib.crc32 of kind and body.
        let expected: [[UInt8]] = [
            Array("FOVEAJ".utf8) + [0, 1],
            [0, 0, 0, 2] + [0x09, 0x96, 0xe3, 0x48] + [1, 1, 2],
            [0, 0, 0, 15] + [0x22, 0x73, 0x72, 0x2d] + [2, 0, 0, 0, 7, 0, 0, 0, 5, 0, 0, 0, 2, 0, 9, 8],
            [0, 0, 0, 4] + [0x1f, 0xe6, 0x18, 0x6e] + [3, 0, 0, 0, 7],
            [0, 0, 0, 0] + [0xd5, 0x6f, 0x2b, 0x94] + [4],
            [0, 0, 0, 13] + [0xf2, 0x71, 0x43, 0x41] + [2, 0xfe, 0xdc, 0xba, 0x98, 255, 255, 255, 255, 255, 255, 255, 254, 255],
        ]
        #expect(bytes == expected.flatMap { $0 })
        #expect(SmallJournal.ends.last == bytes.count)
    }

    @Test("A new journal is empty, belongs to its owner alone and has its signature")
    func new() throws {
        let (journal, replayed) = try folder.open()
        #expect(replayed.isEmpty)
        #expect(journal.byteCount == 8)
        #expect(try folder.contents() == Array("FOVEAJ".utf8) + [0, 1])
        let mode = try FileManager.default.attributesOfItem(atPath: folder.journal)[.posixPermissions] as? Int
        #expect(mode.map { $0 & 0o077 } == 0)
        journal.close()
        #expect(try folder.replayed().isEmpty)
    }

    @Test("Many entries over several openings come back in their order", arguments: [41, 42] as [UInt64])
    func roundTrip(seed: UInt64) throws {
        var random = Seeded(seed)
        let entries = random.entries(4000, payloadByteCount: 1437)
        var start = 0
        for step in [1, 2, 700, 1300, entries.count - 2003] {
            let (journal, replayed) = try folder.open()
            #expect(replayed == Array(entries[..<start]))
            let added = Array(entries[start..<start + step])
            for part in stride(from: 0, to: added.count, by: 64) { try journal.append(Array(added[part..<min(part + 64, step)])) }
            try journal.synchronize()
            #expect(try folder.contents().count == journal.byteCount)
            journal.close()
            start += step
        }
        #expect(try folder.replayed() == entries)
    }

    @Test("Many megabytes in one call come back, in pieces as large as they may be")
    func large() throws {
        var random = Seeded(43)
        let limit = JournalEntry.payloadLimit
        let piece = random.bytes(limit + 100)
        let entries: [JournalEntry] =
            [.begun([UInt8](repeating: 3, count: JournalEntry.opaqueLimit))]
            + (0..<100).map { index in
                let payload = piece[index...].prefix(index % 7 == 0 ? 1 + index : limit)
                return .fragment(ordinal: 5, totalByteCount: 64 << 20, offset: UInt32(index * limit), payload: payload)
            } + [.stored([UInt8](repeating: 4, count: JournalEntry.opaqueLimit))]
        try folder.append(entries)
        #expect(try folder.contents().count > 10 << 20)
        #expect(try folder.replayed() == entries)
    }

    @Test("Nothing to append changes nothing")
    func nothing() throws {
        let journal = try folder.open().journal
        try journal.append([])
        #expect(journal.byteCount == 8)
        #expect(try folder.contents().count == 8)
    }

    @Test("What the replay throws is passed on, and a torn end stands as it was")
    func replayThrows() throws {
        struct Stop: Error {}
        let bytes = try SmallJournal.bytes() + [1, 2, 3]
        try folder.put(bytes)
        var count = 0
        #expect(throws: Stop.self) {
            _ = try SessionJournal(path: folder.journal, byteLimit: 1 << 20) { _ in
                count += 1
                if count == 2 { throw Stop() }
            }
        }
        #expect(count == 2)
        #expect(try folder.contents() == bytes)
        // It has also let go of the file.
        #expect(try folder.replayed() == SmallJournal.entries)
    }

    @Test("Entries from many threads are all there, each call's together, while others wait for the disk")
    func threads() throws {
        let journal = try folder.open().journal
        try journal.append([.begun([])])
        let errors = Errors()
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for round in 0..<50 as Range<UInt32> {
                errors.collect {
                    let payload = [UInt8](repeating: UInt8(thread), count: 1000)
                    try journal.append(
                        (0..<3).map {
                            .fragment(
                                ordinal: UInt32(thread), totalByteCount: .max, offset: round * 3 + $0, payload: payload[...])
                        })
                    if round % 10 == 0 { try journal.synchronize() }
                }
            }
        }
        #expect(errors.all.isEmpty)
        journal.close()
        var next = [UInt32](repeating: 0, count: 8)
        var together: (thread: UInt32, count: Int) = (0, 0)
        for entry in try folder.replayed().dropFirst() {
            guard case .fragment(let ordinal, _, let offset, _) = entry else {
                Issue.record("\(entry)")
                return
            }
            if together.count % 3 != 0 { #expect(ordinal == together.thread) }
            together = (ordinal, together.count + 1)
            #expect(offset == next[Int(ordinal)])
            next[Int(ordinal)] += 1
        }
        #expect(next == [UInt32](repeating: 150, count: 8))
    }
}

/// Errors from several threads.
private final class Errors: @unchecked Sendable {
    private let lock = NSLock()
    private var errors: [any Error] = []
    var all: [any Error] { lock.withLock { errors } }

    func collect(_ body: () throws -> Void) {
        do { try body() } catch { lock.withLock { errors.append(error) } }
    }
}
