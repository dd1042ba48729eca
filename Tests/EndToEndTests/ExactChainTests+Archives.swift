import Bytes
import Foundation
import HostileInput
import NIfTIFile
import ProgressiveCoding
import Testing
import VolumeModel
import WireFormat

/// .fovea files, and what is said of a session afterwards.
extension ExactChainTests {
    private static func decode(_ scratch: Scratch, _ arguments: String...) async throws -> (code: Int32?, program: Program) {
        try await Program.run(
            "fovea", ["decode", scratch.file("v.fovea"), "--out", scratch.file("out.nii.gz"), "--json"] + arguments)
    }

    @Test("A .fovea file without some of its chunks gives what there is, under a name that says so, and exit code 65")
    func incompleteFile() async throws {
        let scratch = try Scratch()
        let session = try await CodedSession.make(scratch)
        let refinement = try #require(session.ordinal(of: .backgroundRefinement))
        let base = try #require(session.ordinal(of: .backgroundBase))
        for (left, state) in [(refinement, "lossy"), (base, "partial")] {
            let name = "out.\(state).nii.gz"
            try session.write(to: scratch.file("v.fovea"), without: [left])
            let (code, program) = try await Self.decode(scratch)
            #expect(code == 65)
            #expect(program.event("summary")?["state"] as? String == state)
            #expect(program.event("summary")?["missing_chunks"] as? Int == 1)
            #expect(program.standardError.contains("lacks 1 of its chunks") && program.standardError.contains(name))
            #expect(!FileManager.default.fileExists(atPath: scratch.file("out.nii.gz")))
            #expect(FileManager.default.fileExists(atPath: scratch.file(name)))
            try FileManager.default.removeItem(atPath: scratch.file(name))
        }
        // Cut off within the last chunk but one.
        try session.write(to: scratch.file("v.fovea"), without: [session.manifest.tableOrdinal])
        let whole = try Data(contentsOf: URL(fileURLWithPath: scratch.file("v.fovea")))
        try whole.dropLast(5).write(to: URL(fileURLWithPath: scratch.file("v.fovea")))
        #expect(try await Self.decode(scratch).code == 65)
        #expect(FileManager.default.fileExists(atPath: scratch.file("out.lossy.nii.gz")))
        let inspected = try await Program.run("fovea", ["inspect", scratch.file("v.fovea")])
        #expect(inspected.code == 0 && inspected.program.standardOutput.contains("cut off"))
        // Without its table alone, the volume's own digest still tells.
        try whole.write(to: URL(fileURLWithPath: scratch.file("v.fovea")))
        #expect(try await Self.decode(scratch).code == 0)
        #expect(try Transfer.bytes(scratch.file("out.nii.gz")) == (try Transfer.bytes(scratch.file("v.nii.gz"))))
    }

    @Test(
        "A .fovea file whose table has other digests of its chunks or its volume is refused, and nothing is written",
        arguments: 0..<3)
    func alteredTable(which: Int) async throws {
        let scratch = try Scratch()
        var session = try await CodedSession.make(scratch)
        var entries = session.table.entries
        var outcome = session.table.outcomes[0]
        switch which {
        case 0, 1:
            let old = entries[which]
            entries[which] = ChunkTable.Entry(
                byteCount: old.byteCount, digest: Digest(of: [1]), maxAbsoluteError: old.maxAbsoluteError,
                meanSquaredError: old.meanSquaredError)
        default: outcome = Receipt.Volume(state: outcome.state, digest: Digest(of: [1]))
        }
        try session.replace(table: ChunkTable(entries: entries, outcomes: [outcome]))
        try session.write(to: scratch.file("v.fovea"))
        let (code, program) = try await Self.decode(scratch)
        #expect(code == 65)
        #expect(
            program.standardError.contains(
                which < 2 ? "is not the one in the sender's table" : "does not have the digest it must have"))
        #expect(program.standardError.contains("v.fovea"))
        #expect(!scratch.files(in: "").contains { $0.hasPrefix("out") })
        #expect(program.event("summary") == nil)
    }

    @Test("A pipe or a device in a .fovea file's place is refused, and a link to one is read", .timeLimit(.minutes(1)))
    func oddFiles() async throws {
        let scratch = try Scratch()
        let session = try await CodedSession.make(scratch)
        mkfifo(scratch.file("v.fovea"), 0o600)
        #expect(try await Self.decode(scratch).code == 66)
        try FileManager.default.removeItem(atPath: scratch.file("v.fovea"))
        symlink("/dev/zero", scratch.file("v.fovea"))
        let zero = try await Self.decode(scratch)
        #expect(zero.code == 66 && zero.program.standardError.contains("not a regular file"))
        try FileManager.default.removeItem(atPath: scratch.file("v.fovea"))
        try session.write(to: scratch.file("real.fovea"))
        symlink(scratch.file("real.fovea"), scratch.file("v.fovea"))
        #expect(try await Self.decode(scratch).code == 0)
    }

    @Test("What inspect says of an altered session holds neither 'exact' nor 'lossless', as text or as JSON")
    func alteredSession() async throws {
        let scratch = try Scratch()
        let session = try await CodedSession.make(scratch)
        let site = try await Site(scratch) { _ in }
        _ = try await LyingSender.send(session.chunks, end: session.end, to: site.port)
        #expect(await site.end().failure == nil)
        let before = try await Program.run("fovea", ["inspect", scratch.file("in/s")])
        #expect(before.code == 0 && before.program.standardOutput.contains("exact"))
        let file = scratch.file("in/s/v.nii.gz")
        func expectAltered() async throws {
            for arguments in [[], ["--json"]] {
                let (code, program) = try await Program.run("fovea", ["inspect", scratch.file("in/s")] + arguments)
                #expect(code == 65)
                let text = program.standardOutput.replacingOccurrences(of: "to lossless", with: "")
                #expect(!text.contains("exact") && !text.contains("lossless"), "\(text)")
                if arguments.isEmpty { #expect(text.contains("NOT what the receipt says")) }
            }
        }
        let image = try NIfTIFile.read(file)
        var voxels = Array(image.volume.voxels)
        voxels[voxels.count / 2] ^= 1
        try NIfTIFile.write(try NIfTIImage(header: image.header, voxels: voxels), to: file)
        try await expectAltered()
        // A link that leads to the right bytes is still not the file that was stored.
        try FileManager.default.removeItem(atPath: file)
        symlink(scratch.file("v.nii.gz"), file)
        try await expectAltered()
        try FileManager.default.removeItem(atPath: file)
        try await expectAltered()
    }
}
