import Faults
import Files
import Foundation
import TestSupport
import Testing

@Suite("Files that are read")
struct PlainFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func refused(_ path: String, followsLinks: Bool = true) -> FileFault? {
        do throws(FileError) {
            _ = try PlainFile(path, followsLinks: followsLinks)
            return nil
        } catch { return error.code }
    }

    @Test("A part of a file is read where it stands, and a part beyond its end is refused")
    func parts() throws {
        let file = try PlainFile(folder.put([1, 2, 3, 4, 5]))
        #expect(file.byteCount == 5)
        #expect(try file.read(1..<4) == [2, 3, 4])
        #expect(throws: FileError.self) { try file.read(3..<6) }
    }

    @Test("A pipe, a folder, a device and nothing at all are refused at once")
    func noFiles() throws {
        let pipe = folder.place("pipe")
        #expect(mkfifo(pipe, 0o600) == 0)
        #expect(refused(pipe) == .unreadable)
        #expect(refused(folder.path) == .unreadable)
        #expect(refused("/dev/zero") == .unreadable)
        #expect(refused(folder.place("nothing")) == .notFound)
        #expect(refused("") == .notFound)
        #expect(refused("a\0b") == .notFound)
    }

    @Test("A link is followed, or refused where it must not be")
    func links() throws {
        let file = try folder.put([1])
        let link = folder.place("link")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: file)
        #expect(refused(link) == nil)
        #expect(refused(link, followsLinks: false) == .unreadable)
    }

    @Test("Owner and permissions are those of the file that was opened")
    func permissions() throws {
        let file = try PlainFile(folder.put([1], "secret", mode: 0o640))
        #expect(file.permissions == 0o640)
        #expect(file.owner == geteuid())
    }

    @Test("A whole file is read up to a limit, one of the system's that has no size too")
    func whole() throws {
        let path = try folder.put([1, 2, 3])
        #expect(try PlainFile.contents(of: path, limit: 3) == [1, 2, 3])
        #expect(throws: FileError(.tooLarge, "\(path): more than 2 bytes")) { try PlainFile.contents(of: path, limit: 2) }
        #expect(try !PlainFile.contents(of: "/proc/self/status", limit: 1 << 20).isEmpty)
        #expect(throws: FileError.self) { try PlainFile.contents(of: "/proc/self/status", limit: 10) }
    }

    @Test("A file that grows while it is read is not taken for a whole one")
    func grows() throws {
        let path = try folder.put([1, 2, 3])
        let file = try PlainFile(path)
        let writer = try #require(FileHandle(forWritingAtPath: path))
        try writer.seekToEnd()
        try writer.write(contentsOf: Data([4]))
        #expect(throws: FileError.self) { try file.contents(limit: 100) }
    }
}
