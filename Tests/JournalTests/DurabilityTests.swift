import Faults
import Foundation
import Glibc
import Journal
import Synchronization
import TestSupport
import Testing

@Suite("Before something is said to be on disk")
struct DurabilityTests {
    /// A disk that notes what it is asked for, and fails when it is told to.
    private final class Disk: Sendable {
        enum Call: Sendable, Equatable {
            case write(byteCount: Int), synchronize, synchronizeFolder
        }
        private let state = Mutex(
            (calls: [Call](), writeError: Int32(0), syncError: Int32(0), folderError: Int32(0), cutError: Int32(0)))
        var calls: [Call] { state.withLock { $0.calls } }
        func failNextWrite(_ number: Int32) { state.withLock { $0.writeError = number } }
        func failNextSync(_ number: Int32) { state.withLock { $0.syncError = number } }
        func failFolder(_ number: Int32) { state.withLock { $0.folderError = number } }
        func failCuts(_ number: Int32) { state.withLock { $0.cutError = number } }

        var system: JournalSystem {
            var system = JournalSystem()
            system.write = { [self] descriptor, bytes, position in
                let number = state.withLock { state in
                    state.calls.append(.write(byteCount: bytes.count))
                    defer { state.writeError = 0 }
                    return state.writeError
                }
                guard number == 0 else {
                    errno = number
                    return -1
                }
                return pwrite(descriptor, bytes.baseAddress, bytes.count, position)
            }
            system.synchronize = { [self] descriptor in
                let number = state.withLock { state in
                    state.calls.append(.synchronize)
                    defer { state.syncError = 0 }
                    return state.syncError
                }
                guard number == 0 else {
                    errno = number
                    return -1
                }
                return fdatasync(descriptor)
            }
            system.synchronizeFolder = { [self] descriptor in
                let number = state.withLock { state in
                    state.calls.append(.synchronizeFolder)
                    return state.folderError
                }
                errno = number
                return number == 0 ? fsync(descriptor) : -1
            }
            system.truncate = { [self] descriptor, byteCount in
                let number = state.withLock { $0.cutError }
                errno = number
                return number == 0 ? ftruncate(descriptor, byteCount) : -1
            }
            return system
        }
    }

    private let folder: JournalFolder
    private let disk = Disk()

    init() throws { folder = try JournalFolder() }

    private func open() throws -> SessionJournal {
        try SessionJournal(path: folder.journal, byteLimit: 1 << 20, system: disk.system) { _ in }
    }

    @Test("The system is asked to bring it there, after it was written and before the caller is told")
    func order() throws {
        let journal = try open()
        let before = disk.calls.count
        try journal.append([.begun([1]), .dropped(ordinal: 3)])
        try journal.synchronize()
        let calls = Array(disk.calls.dropFirst(before))
        #expect(calls.count == 2)
        #expect(calls.last == .synchronize)
        #expect(calls.first != .synchronize)
    }

    @Test("What is found there at the beginning is brought to the disk before it is used")
    func opening() throws {
        let journal = try open()
        #expect(disk.calls.suffix(2) == [.synchronize, .synchronizeFolder])
        journal.close()
    }

    @Test("A journal whose name cannot be brought to the disk is not begun; a file system that keeps names by itself is none such")
    func name() throws {
        disk.failFolder(EIO)
        #expect(refusal { _ = try open() }?.code == .cannotWrite)
        disk.failFolder(EINVAL)
        #expect(refusal { try open().close() } == nil)
    }

    @Test("Behind half a record that cannot be cut off nothing is written any more")
    func uncut() throws {
        let journal = try open()
        try journal.append([.begun([1])])
        disk.failNextWrite(ENOSPC)
        disk.failCuts(EIO)
        #expect(refusal { try journal.append([.dropped(ordinal: 1)]) } != nil)
        disk.failCuts(0)
        let later = refusal { try journal.append([.dropped(ordinal: 2)]) }
        #expect(later?.code == .cannotWrite && later?.message.contains("cannot be cut") == true)
        #expect(refusal { try journal.synchronize() } == later)
    }

    @Test("A journal that becomes shorter while it is read is not taken for one that ends there")
    func shorter() throws {
        let piece = [UInt8](repeating: 7, count: 60_000)
        let pieces = (0..<40).map {
            JournalEntry.fragment(ordinal: 1, totalByteCount: 40 * 60_000, offset: UInt32($0 * 60_000), payload: piece[...])
        }
        try folder.append([.begun([1])] + pieces)
        let whole = try folder.contents()
        #expect(
            refusal {
                _ = try SessionJournal(path: folder.journal, byteLimit: 1 << 24) { _ in truncate(folder.journal, whole.count / 2) }
            }?.code == .unreadable)
        try folder.put(whole)
        #expect(try folder.replayed().count == 41)
    }

    @Test("After a disk that failed once nothing is durable again, though the disk says so", arguments: [EIO, ENOSPC])
    func failedOnce(number: Int32) throws {
        let journal = try open()
        try journal.append([.begun([1])])
        disk.failNextSync(number)
        let first = refusal { try journal.synchronize() }
        #expect(first?.code == (number == ENOSPC ? .noSpace : .cannotWrite))
        #expect(refusal { try journal.synchronize() } == first)
        #expect(refusal { try journal.append([.dropped(ordinal: 1)]) } == first)
    }

    @Test(
        "A full or read-only disk is an error that says so",
        arguments: [(ENOSPC, JournalError.Code.noSpace), (EROFS, .notPermitted)])
    func full(number: Int32, code: JournalError.Code) throws {
        let journal = try open()
        try journal.append([.begun([1])])
        disk.failNextWrite(number)
        let error = refusal { try journal.append([.dropped(ordinal: 1)]) }
        #expect(error?.code == code)
        #expect(error?.message.contains(String(cString: strerror(number)).lowercased()) == true)
    }

    @Test("A journal that was removed, or put elsewhere, makes nothing durable", arguments: [true, false])
    func gone(isRemoved: Bool) throws {
        let journal = try open()
        try journal.append([.begun([1])])
        try journal.synchronize()
        if isRemoved { unlink(folder.journal) } else { rename(folder.journal, folder.journal + ".elsewhere") }
        try journal.append([.dropped(ordinal: 1)])
        let error = refusal { try journal.synchronize() }
        #expect(error?.code == .notFound)
        #expect(error?.message.contains("was removed") == true)
    }
}
