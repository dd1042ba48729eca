import Foundation
import Testing

@Suite("Files that stand where a command is to write", .serialized)
struct OverwriteTests {
    private static func bytes(_ path: String) -> Data? { FileManager.default.contents(atPath: path) }

    /// The ways in which an output may be the input under another name.
    enum Disguise: String, CaseIterable {
        case itself, otherPath, symbolicLink, hardLink, linkedFolder

        func path(to file: String, in scratch: Scratch) throws -> String {
            let alias = scratch.file("alias.nii.gz")
            let name = (file as NSString).lastPathComponent
            switch self {
            case .itself: return file
            case .otherPath: return scratch.file("./../" + (scratch.path as NSString).lastPathComponent + "/" + name)
            case .symbolicLink: try FileManager.default.createSymbolicLink(atPath: alias, withDestinationPath: file)
            case .hardLink: try FileManager.default.linkItem(atPath: file, toPath: alias)
            case .linkedFolder:
                try FileManager.default.createSymbolicLink(atPath: scratch.file("here"), withDestinationPath: scratch.path)
                return scratch.file("here/" + name)
            }
            return alias
        }
    }

    @Test("An input is never written over, by whatever name and with --force", arguments: Disguise.allCases)
    func input(_ disguise: Disguise) async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 32, rows: 32, slices: 20)
        let out = try disguise.path(to: volume, in: scratch)
        let before = Self.bytes(volume)
        let commands = [
            ["encode", volume, "--box", "4:20,4:20,4:10", "--encoding", "fast", "--out", out], ["segment", volume, "--out", out],
        ]
        for command in commands.flatMap({ [$0, $0 + ["--force"]] }) {
            let (code, program) = try await Program.run("fovea", command)
            #expect(code == 64, "\(command): \(program.standardError)")
            #expect(
                program.standardError.contains("are one file") && program.standardError.contains("--out"),
                "\(program.standardError)")
            #expect(Self.bytes(volume) == before)
        }
        let onMask = try await Program.run("fovea", ["encode", volume, "--mask", mask, "--out", mask, "--force"])
        #expect(onMask.code == 64)
    }

    @Test("A .fovea file is not decoded onto itself")
    func archive() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 32, rows: 32, slices: 20)
        let file = scratch.file("h.fovea")
        #expect(try await Program.run("fovea", ["encode", volume, "--mask", mask, "--encoding", "fast", "--out", file]).code == 0)
        let before = Self.bytes(file)
        #expect(try await Program.run("fovea", ["decode", file, "--out", file, "--force"]).code == 64)
        #expect(Self.bytes(file) == before)
    }

    @Test("An output that is there already stays, unless --force is given")
    func existing() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 32, rows: 32, slices: 20)
        let file = scratch.file("h.fovea")
        #expect(try await Program.run("fovea", ["encode", volume, "--mask", mask, "--encoding", "fast", "--out", file]).code == 0)
        try FileManager.default.createDirectory(atPath: scratch.file("p"), withIntermediateDirectories: true)
        let commands: [([String], String)] = [
            (["encode", volume, "--mask", mask, "--encoding", "fast", "--out"], "there.fovea"),
            (["decode", file, "--out"], "there.nii"), (["segment", volume, "--out"], "there.nii.gz"),
            (["phantom", "--shape", "32x32x20", "--seed", "3", "--out"], "p/phantom-3_flair.nii.gz"),
            (["phantom", "--shape", "32x32x20", "--seed", "4", "--out"], "p/phantom-4_seg.nii.gz"),
        ]
        for (command, name) in commands {
            let path = scratch.file(name)
            try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
            let target = command[0] == "phantom" ? scratch.file("p") : path
            let (code, program) = try await Program.run("fovea", command + [target])
            #expect(code == 73, "\(command): \(program.standardError)")
            #expect(program.standardError.contains(path) && program.standardError.contains("--force"), "\(program.standardError)")
            #expect(program.standardError.split(separator: "\n").count == 1)
            #expect(Self.bytes(path) == Data("precious".utf8))
            let forced = try await Program.run("fovea", command + [target, "--force"])
            #expect(forced.code == 0, "\(command): \(forced.program.standardError)")
            #expect(Self.bytes(path) != Data("precious".utf8))
        }
    }

    @Test("A file that appears while a command works stays, too")
    func meanwhile() async throws {
        let scratch = try Scratch()
        // Large enough, and coded slowly enough, to take far longer than the file takes to appear.
        let (volume, mask) = try Transfer.phantom(scratch, columns: 128, rows: 128, slices: 80)
        let path = scratch.file("late.fovea")
        let program = try Program("fovea", ["encode", volume, "--mask", mask, "--encoding", "diagnostic", "--out", path])
        try await Task.sleep(for: .milliseconds(300))
        try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
        #expect(try await program.exitCode(seconds: 60) == 73)
        #expect(Self.bytes(path) == Data("precious".utf8))
        #expect(scratch.files(in: "").sorted() == ["head.nii.gz", "labels.nii.gz", "late.fovea"])
    }

    @Test("What is no file is not replaced, not with --force either")
    func folder() async throws {
        let scratch = try Scratch()
        let (volume, _) = try Transfer.phantom(scratch, columns: 32, rows: 32, slices: 20)
        let (code, program) = try await Program.run(
            "fovea", ["encode", volume, "--box", "4:20,4:20,4:10", "--out", scratch.path, "--force"])
        #expect(code == 74, "\(program.standardError)")
    }

    @Test("A key stays, and so does its public half")
    func keys() async throws {
        let scratch = try Scratch()
        try Data("mine".utf8).write(to: URL(fileURLWithPath: scratch.file("k.pem.pub")))
        #expect(try await Program.run("fovea", ["key", "--out", scratch.file("k.pem")]).code == 73)
        #expect(Self.bytes(scratch.file("k.pem.pub")) == Data("mine".utf8))
        #expect(!FileManager.default.fileExists(atPath: scratch.file("k.pem")))
    }

    @Test("The ending of an output counts in capitals, too")
    func capitals() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 32, rows: 32, slices: 20)
        let file = scratch.file("h.fovea")
        #expect(try await Program.run("fovea", ["encode", volume, "--mask", mask, "--encoding", "fast", "--out", file]).code == 0)
        #expect(try await Program.run("fovea", ["decode", file, "--out", scratch.file("H.NII.GZ")]).code == 0)
        #expect(Self.bytes(scratch.file("H.NII.GZ"))?.prefix(2) == Data([0x1f, 0x8b]))
        #expect(try Transfer.bytes(scratch.file("H.NII.GZ")) == (try Transfer.bytes(volume)))
    }
}
