import TestSupport
import Faults
import Files
import Foundation
import Synchronization
import Testing

@Suite("Files appear whole or not at all")
struct AtomicFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func refused(_ body: () throws -> Void) -> FileError? {
        do {
            try body()
            return nil
        } catch {
            return error as? FileError
        }
    }

    @Test("A file that is not committed leaves nothing behind")
    func uncommitted() throws {
        do {
            let file = try AtomicFile(path: folder.place("volume.nii"))
            try file.write([1, 2, 3])
            #expect(try !folder.names().contains("volume.nii"))
        }
        #expect(try folder.names().isEmpty)
    }

    @Test("An old file stands until the new one is whole")
    func replaces() throws {
        let path = try folder.put([9, 9, 9, 9, 9, 9], "volume.nii")
        let file = try AtomicFile(path: path)
        try file.write([1, 2])
        try file.write([3])
        #expect(try folder.contents("volume.nii") == [9, 9, 9, 9, 9, 9])
        try file.commit()
        #expect(try folder.contents("volume.nii") == [1, 2, 3])
        #expect(try folder.names() == ["volume.nii"])
    }

    @Test("A file given up does not harm the old one")
    func givenUp() throws {
        let path = try folder.put([9, 9], "volume.nii")
        do { try AtomicFile(path: path).write([1, 2, 3]) }
        #expect(try folder.contents("volume.nii") == [9, 9])
        #expect(try folder.names() == ["volume.nii"])
    }

    @Test("A missing folder is a clear refusal that names the file")
    func missingFolder() throws {
        let path = folder.place("no/such/volume.nii")
        let error = try #require(refused { _ = try AtomicFile(path: path) })
        #expect(error.code == .cannotWrite)
        #expect(error.message == "\(path): cannot be written: no such file or directory")
    }

    @Test("A folder in the file's place is refused, and nothing is left beside it")
    func folderInPlace() throws {
        try FileManager.default.createDirectory(atPath: folder.place("volume.nii"), withIntermediateDirectories: false)
        let error = try #require(refused { try AtomicFile.write([1, 2, 3], to: folder.place("volume.nii")) })
        #expect(error.code == .cannotWrite)
        #expect(try folder.names() == ["volume.nii"])
    }

    @Test("Nothing and much are both written whole")
    func sizes() throws {
        try AtomicFile.write([], to: folder.place("empty"))
        #expect(try folder.contents("empty").isEmpty)
        let much = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try AtomicFile.write(much, to: folder.place("much"))
        #expect(try folder.contents("much") == much)
    }

    @Test("Its bytes are on the disk before it has its name, and its name before the caller is told")
    func order() throws {
        let calls = Calls()
        var system = AtomicFileSystem()
        system.synchronize = { descriptor in
            var status = stat()
            fstat(descriptor, &status)
            calls.add(status.st_mode & S_IFMT == S_IFDIR ? "folder to disk" : "file to disk")
            return fsync(descriptor)
        }
        system.rename = { from, to in
            calls.add("rename")
            return rename(from, to)
        }
        let file = try AtomicFile(path: folder.place("volume.nii"), system: system)
        try file.write([1, 2, 3])
        try file.commit()
        #expect(calls.all == ["file to disk", "rename", "folder to disk"])
    }

    @Test("A file that cannot be brought to the disk does not take the old one's place")
    func diskFails() throws {
        let path = try folder.put([9, 9], "volume.nii")
        var system = AtomicFileSystem()
        system.synchronize = { _ in
            errno = EIO
            return -1
        }
        do {
            let file = try AtomicFile(path: path, system: system)
            try file.write([1, 2, 3])
            #expect(refused { try file.commit() }?.code == .cannotWrite)
        }
        #expect(try folder.contents("volume.nii") == [9, 9])
        #expect(try folder.names() == ["volume.nii"])
    }

    private final class Calls: Sendable {
        private let names = Mutex<[String]>([])
        func add(_ name: String) { names.withLock { $0.append(name) } }
        var all: [String] { names.withLock { $0 } }
    }
}
