import Foundation
import Journal
import TestSupport
import Testing

@Suite("After a crash")
struct TornWriteTests {
    private let folder: JournalFolder
    private let bytes: [UInt8]

    init() throws {
        folder = try JournalFolder(inMemory: true)
        bytes = try SmallJournal.bytes()
    }

    /// Opens a damaged journal, appends to it and opens it again: `count` of the small journal's entries must be there, then what
    /// was added.
    private func check(_ damaged: [UInt8], keeps count: Int, _ place: String) throws {
        try folder.put(damaged)
        let (journal, replayed) = try folder.open()
        let kept = Array(SmallJournal.entries[..<count])
        let end = count == 0 ? SmallJournal.headerByteCount : SmallJournal.ends[count - 1]
        let added: [JournalEntry] = (count == 0 ? [.begun([5])] : []) + [.dropped(ordinal: 99)]
        #expect(replayed == kept, "\(place)")
        #expect(journal.byteCount == end, "\(place)")
        #expect(try folder.contents() == Array(bytes[..<end]), "\(place)")
        try journal.append(added)
        journal.close()
        #expect(try folder.replayed() == kept + added, "\(place)")
    }

    @Test("Cut anywhere, it keeps every record that was whole, and goes on")
    func cutAnywhere() throws {
        for cut in 0...bytes.count {
            try check(Array(bytes[..<cut]), keeps: SmallJournal.ends.count { $0 <= cut }, "cut at \(cut)")
        }
    }

    @Test("A bit turned over anywhere takes its record and what follows, and nothing before it")
    func flippedBits() throws {
        for position in SmallJournal.headerByteCount..<bytes.count {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[position] ^= 1 << UInt8(bit)
                try check(damaged, keeps: SmallJournal.ends.count { $0 <= position }, "bit \(bit) of byte \(position)")
            }
        }
    }

    @Test("Zeros, ones or a record begun a second time behind the last record are cut off")
    func rubbishBehind() throws {
        let begun = bytes[SmallJournal.headerByteCount..<SmallJournal.ends[0]]
        let count = SmallJournal.entries.count
        for tail in [
            [UInt8](repeating: 0, count: 1), [UInt8](repeating: 0, count: 4096), [UInt8](repeating: 0, count: 3 << 20),
            [UInt8](repeating: 255, count: 4096), Array(begun),
        ] { try check(bytes + tail, keeps: count, "\(tail.count) bytes of \(tail[0]) behind it") }
    }

    @Test("A journal that does not begin with its session keeps nothing")
    func noBeginning() throws {
        try check(Array(bytes[..<8] + bytes[SmallJournal.ends[0]...]), keeps: 0, "without its beginning")
    }

    @Test("A record that says what none can is cut off though its checksum is right")
    func impossible() throws {
        // Their checksums are Python's zlib.crc32 of kind and body.
        let records: [(String, [UInt8])] = [
            ("kind 0", [0, 0, 0, 0, 0xd2, 2, 0xef, 0x8d, 0]),
            ("kind 5", [0, 0, 0, 0, 0xa2, 0x68, 0x1b, 2, 5]),
            ("an ordinal of three bytes", [0, 0, 0, 3, 0x33, 0xf1, 0x70, 0xf2, 3, 0, 0, 0]),
            ("an empty piece", [0, 0, 0, 0x0c, 0x8d, 0xd3, 0x41, 0x4a, 2, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 0]),
            (
                "a piece beyond its chunk",
                [0, 0, 0, 0x0e, 0xbf, 0xc7, 0xa7, 0x91, 2, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 3, 1, 2]
            ),
        ]
        for (name, record) in records { try check(bytes + record, keeps: SmallJournal.entries.count, name) }
    }

    @Test("Damaged anyhow, it opens or is refused, and opened again it has the same entries", arguments: [51, 52] as [UInt64])
    func mutations(seed: UInt64) throws {
        var random = Seeded(seed)
        try folder.append(random.entries(30, payloadByteCount: 40))
        let whole = try folder.contents()
        for round in 0..<300 {
            var damaged = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) where !damaged.isEmpty {
                let position = Int.random(in: 8..<damaged.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: damaged[position] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
                case 1: damaged.remove(at: position)
                case 2: damaged.insert(UInt8.random(in: 0...255, using: &random), at: position)
                default: damaged.removeSubrange(max(9, position)...)
                }
            }
            try folder.put(damaged)
            let first = try folder.replayed()
            let kept = try folder.contents()
            #expect(kept == Array(damaged[..<kept.count]), "seed \(seed), round \(round)")
            #expect(try folder.replayed() == first, "seed \(seed), round \(round)")
            #expect(try folder.contents() == kept, "seed \(seed), round \(round)")
        }
    }

    @Test("Cut anywhere, a large journal keeps every record that was whole")
    func largeFileCut() throws {
        var random = Seeded(53)
        let entries = random.entries(60, payloadByteCount: JournalEntry.payloadLimit)
        try folder.append(entries)
        let whole = try folder.contents()
        #expect(whole.count > 2 << 20)
        for _ in 0..<20 {
            let cut = Int.random(in: 8...whole.count, using: &random)
            try folder.put(Array(whole[..<cut]))
            let replayed = try folder.replayed()
            #expect(replayed == Array(entries[..<replayed.count]), "cut at \(cut)")
            let kept = try folder.contents().count
            #expect(kept <= cut && cut - kept < 128 << 10, "cut at \(cut), kept \(kept)")
        }
    }
}
