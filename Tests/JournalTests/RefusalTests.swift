import Faults
import Foundation
import Journal
import Testing

@Suite("Journals refused")
struct RefusalTests {
    private let folder: JournalFolder

    init() throws { folder = try JournalFolder() }

    @Test("A second opener is refused until the first is done")
    func twoOpeners() throws {
        let first = try folder.open().journal
        try first.append(SmallJournal.entries)
        let before = try folder.contents()
        let error = try #require(refusal { _ = try folder.open() })
        #expect(error == JournalError(.inUse, "\(folder.journal): the journal is in use"))
        #expect(try folder.contents() == before)
        try first.append([.dropped(ordinal: 1)])
        first.close()
        #expect(try folder.replayed() == SmallJournal.entries + [.dropped(ordinal: 1)])
    }

    @Test("A journal nobody holds any more is free")
    func released() throws {
        do { _ = try folder.open() }
        #expect(refusal { _ = try folder.open() } == nil)
    }

    @Test("A file of another kind or version is refused and left as it is")
    func otherFiles() throws {
        let whole = try SmallJournal.bytes()
        for position in 0..<8 {
            for bit in 0..<8 {
                var other = whole
                other[position] ^= 1 << UInt8(bit)
                try folder.put(other)
                let error = refusal { _ = try folder.open() }
                #expect(error?.code == (position < 6 ? .notAJournal : .unsupportedVersion), "bit \(bit) of byte \(position)")
                #expect(error?.message.hasPrefix(folder.journal) == true)
                #expect(try folder.contents() == other)
            }
        }
        for other in [Array("FOVEA\0".utf8) + [0, 1], [0], Array("FOVEAJ".utf8) + [7], [UInt8](repeating: 0, count: 100)] {
            try folder.put(other)
            #expect(refusal { _ = try folder.open() }?.code == .notAJournal, "\(other)")
            #expect(try folder.contents() == other)
        }
        try folder.put(Array("FOVEAJ".utf8) + [1, 2])
        let error = refusal { _ = try folder.open() }
        #expect(error?.message == "\(folder.journal): a journal of version 258; this program knows 1")
    }

    @Test("A folder, a link or a pipe in its place is no journal")
    func notPlain() throws {
        try FileManager.default.createDirectory(atPath: folder.journal, withIntermediateDirectories: false)
        #expect(refusal { _ = try folder.open() }?.code == .notAJournal)
        try FileManager.default.removeItem(atPath: folder.journal)
        try FileManager.default.createSymbolicLink(atPath: folder.journal, withDestinationPath: "\(folder.path)/elsewhere")
        #expect(refusal { _ = try folder.open() }?.code == .notAJournal)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["journal"])
        try FileManager.default.removeItem(atPath: folder.journal)
        #expect(mkfifo(folder.journal, 0o600) == 0)
        #expect(refusal { _ = try folder.open() }?.code == .notAJournal)
    }

    @Test("Without its folder there is no journal")
    func missingFolder() throws {
        let path = "\(folder.path)/no/such/journal"
        let error = refusal { _ = try SessionJournal(path: path, byteLimit: 1 << 20) { _ in } }
        #expect(error == JournalError(.notFound, "\(path): the journal cannot be opened: no such file or directory"))
        try folder.put([])
        let below = refusal { _ = try SessionJournal(path: "\(folder.journal)/journal", byteLimit: 1 << 20) { _ in } }
        #expect(below?.code == .notFound)
    }

    @Test("A folder that may not be entered is a clear refusal")
    func unreadableFolder() async {
        // In a process of its own, where who may do everything can become someone who may not.
        await #expect(processExitsWith: .success) {
            let folder = try JournalFolder()
            try #require(chmod(folder.path, 0) == 0)
            let wasRoot = geteuid() == 0
            if wasRoot { try #require(seteuid(65_534) == 0) }
            let error = refusal { _ = try folder.open() }
            #expect(error == JournalError(.notPermitted, "\(folder.journal): the journal cannot be opened: permission denied"))
            if wasRoot { try #require(seteuid(0) == 0) }
            try #require(chmod(folder.path, 0o700) == 0)
            try FileManager.default.removeItem(atPath: folder.path)
        }
    }

    @Test("A full disk is an error, and leaves nothing of the entries it had no room for")
    func fullDisk() async {
        // In a process of its own: the limit on its files is a disk that takes a part of a write and then nothing more.
        await #expect(processExitsWith: .success) {
            let folder = try JournalFolder()
            let journal = try folder.open().journal
            try journal.append(SmallJournal.entries)
            let before = try folder.contents()
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            limit.rlim_cur = 2000
            try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            let large = JournalEntry.fragment(
                ordinal: 1, totalByteCount: 3000, offset: 0, payload: [UInt8](repeating: 6, count: 3000)[...])
            #expect(refusal { try journal.append([.dropped(ordinal: 1), large]) }?.code == .noSpace)
            #expect(try folder.contents() == before)
            #expect(journal.byteCount == before.count)
            // What there is room for still goes in.
            try journal.append([.dropped(ordinal: 2)])
            try journal.synchronize()
            journal.close()
            #expect(try folder.replayed() == SmallJournal.entries + [.dropped(ordinal: 2)])
            try FileManager.default.removeItem(atPath: folder.path)
        }
    }

    @Test("A closed journal takes nothing more, and closing it again is harmless")
    func closed() throws {
        let journal = try folder.open().journal
        try journal.append([.begun([1])])
        journal.close()
        journal.close()
        #expect(refusal { try journal.append([.dropped(ordinal: 1)]) }?.code == .closed)
        #expect(refusal { try journal.synchronize() }?.code == .closed)
        #expect(journal.byteCount == 8 + 9 + 1)
    }
}

@Suite("A journal's limits")
struct LimitTests {
    private let folder: JournalFolder

    init() throws { folder = try JournalFolder() }

    @Test("A file never grows beyond its limit, and is not opened when it has")
    func byteLimit() throws {
        let byteCount = try SmallJournal.bytes().count
        #expect(refusal { _ = try folder.open(byteLimit: 7) }?.code == .tooLarge)
        #expect(!FileManager.default.fileExists(atPath: folder.journal))

        let journal = try folder.open(byteLimit: byteCount + 12).journal
        try journal.append(SmallJournal.entries)
        // One byte more than there is room for.
        #expect(refusal { try journal.append([.dropped(ordinal: 1)]) }?.code == .tooLarge)
        #expect(journal.byteCount == byteCount)
        try journal.append([.stored([1, 2, 3])])
        #expect(journal.byteCount == byteCount + 12)
        journal.close()

        let before = try folder.contents()
        let error = refusal { _ = try folder.open(byteLimit: byteCount + 11) }
        let message = "\(folder.journal): a journal of \(byteCount + 12) bytes, above \(byteCount + 11)"
        #expect(error == JournalError(.tooLarge, message))
        #expect(try folder.contents() == before)
        #expect(try folder.open(byteLimit: byteCount + 12).replayed.count == SmallJournal.entries.count + 1)
    }

    @Test("Entries beyond their limits are refused, and none of their call is there")
    func invalidEntries() throws {
        let journal = try folder.open().journal
        try journal.append([.begun([1])])
        let long = [UInt8](repeating: 1, count: JournalEntry.payloadLimit + 1)
        let invalid: [JournalEntry] = [
            .stored([UInt8](repeating: 1, count: JournalEntry.opaqueLimit + 1)),
            .fragment(ordinal: 1, totalByteCount: .max, offset: 0, payload: long[...]),
            .fragment(ordinal: 1, totalByteCount: 4, offset: 0, payload: []),
            .fragment(ordinal: 1, totalByteCount: 4, offset: 3, payload: [1, 2]),
            .fragment(ordinal: 1, totalByteCount: .max, offset: .max, payload: [1]),
            .begun([1]),
        ]
        for entry in invalid {
            #expect(refusal { try journal.append([.dropped(ordinal: 3), entry]) }?.code == .invalidEntry)
        }
        #expect(journal.byteCount == 8 + 9 + 1)
        journal.close()
        #expect(try folder.replayed() == [.begun([1])])
    }

    @Test("A journal begins with the beginning of its session")
    func beginsWithBegun() throws {
        let journal = try folder.open().journal
        #expect(refusal { try journal.append([.dropped(ordinal: 1)]) }?.code == .invalidEntry)
        #expect(refusal { try journal.append([.begun([1]), .begun([1])]) }?.code == .invalidEntry)
        #expect(refusal { try journal.append([.begun([UInt8](repeating: 1, count: 65_537))]) }?.code == .invalidEntry)
        #expect(journal.byteCount == 8)
        try journal.append([.begun([1]), .dropped(ordinal: 1)])
        journal.close()
        let (again, replayed) = try folder.open()
        #expect(replayed == [.begun([1]), .dropped(ordinal: 1)])
        #expect(refusal { try again.append([.begun([2])]) }?.code == .invalidEntry)
    }
}
