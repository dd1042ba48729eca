import Foundation
import NIfTIFile
import Testing
import VolumeModel

@Suite("Two sites, a link between them", .serialized)
struct TransferTests {
    @Test("A head goes through a thin, lossy link and ends exact, receipts verified at both ends")
    func exact() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch)
        let transfer = try await Transfer.start(scratch, volumes: [volume], arguments: ["--mask", mask])
        let codes = try await transfer.finish()
        #expect(codes == (0, 0), "\(transfer.sender.standardError) \(transfer.receiver.standardError)")
        #expect(try Transfer.bytes(scratch.file("in/s/head.nii.gz")) == (try Transfer.bytes(volume)))
        let quality = try NIfTIFile.read(scratch.file("in/s/head.quality.nii.gz"))
        #expect(quality.volume.voxels.allSatisfy { $0 == 3 })
        #expect(quality.header.affine == (try NIfTIFile.read(volume)).header.affine)
        let sent = try #require(transfer.sender.event("summary"))
        let received = try #require(transfer.receiver.event("summary"))
        let files = try #require(received["volumes"] as? [[String: Any]])
        #expect(files.first?["state"] as? String == "lossless")
        #expect(files.first?["sha256"] as? String == sent["receipt"] as? String)
        let inspected = try await Program.run("fovea", ["inspect", scratch.file("in/s"), "--json"])
        #expect(inspected.code == 0)
        #expect(inspected.program.event("summary")?["verified"] as? Bool == true)
    }

    @Test(
        "What a person waits for comes in this order: region, exact region, exact volume, receipt; the background before the exact volume"
    )
    func events() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch)
        let transfer = try await Transfer.start(scratch, volumes: [volume], arguments: ["--mask", mask, "--encoding", "fast"])
        #expect(try await transfer.finish() == (0, 0))
        // How often progress is told depends on the machine.
        var names = transfer.receiver.events.compactMap { $0["event"] as? String }.filter { $0 != "progress" }
        // So does whether the region is exact before the background's preview is coded: exact chunks fill the link meanwhile.
        let background = try #require(names.firstIndex(of: "background_complete"))
        #expect(try background > #require(names.firstIndex(of: "roi_complete")))
        #expect(try background < #require(names.firstIndex(of: "volume_lossless")))
        names.remove(at: background)
        #expect(
            names == [
                "listening", "manifest", "first_roi_byte", "roi_complete", "roi_lossless", "volume_lossless", "receipt", "summary",
            ])
    }

    @Test("Sent slice by slice the region comes after exact slices of no interest")
    func fifo() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch)
        let transfer = try await Transfer.start(
            scratch, volumes: [volume], arguments: ["--mask", mask, "--encoding", "fast", "--order", "fifo"])
        #expect(try await transfer.finish() == (0, 0))
        #expect(try Transfer.bytes(scratch.file("in/s/head.nii.gz")) == (try Transfer.bytes(volume)))
        let summary = try #require(transfer.receiver.event("summary"))
        let roi = try #require(summary["time_to_roi"] as? Double)
        let exact = try #require(summary["time_to_lossless"] as? Double)
        // The tumour is in the middle: most of the bytes are spent on slices below it first.
        #expect(roi > exact / 4)
    }

    @Test("Several modalities go in one session, each under its own name")
    func modalities() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 64, rows: 64, slices: 40)
        let second = scratch.file("other.nii")
        try FileManager.default.createDirectory(atPath: scratch.file("x"), withIntermediateDirectories: true)
        let third = scratch.file("x/head.nii.gz")
        try NIfTIFile.write(try NIfTIFile.read(volume), to: second)
        try NIfTIFile.write(try NIfTIFile.read(volume), to: third)
        let transfer = try await Transfer.start(
            scratch, volumes: [volume, second, third], arguments: ["--mask", mask, "--encoding", "fast"], link: "hospital-wan",
            transport: "hospital-wan")
        #expect(try await transfer.finish() == (0, 0))
        let original = try Transfer.bytes(volume)
        for name in ["head", "other", "head-2"] { #expect(try Transfer.bytes(scratch.file("in/s/\(name).nii.gz")) == original) }
    }

    @Test("A received folder is sent on: a volume and its quality volume do not get in each other's way")
    func forwarded() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 64, rows: 64, slices: 40)
        let quality = scratch.file("head.quality.nii.gz")
        try NIfTIFile.write(try NIfTIFile.read(mask), to: quality)
        for volumes in [[quality, volume], [volume, quality]] {
            let transfer = try await Transfer.start(
                scratch, volumes: volumes, arguments: ["--mask", mask, "--encoding", "fast"], link: "hospital-wan",
                transport: "hospital-wan",
                session: volumes[0] == quality ? "a" : "b")
            #expect(try await transfer.finish() == (0, 0))
        }
        for session in ["a", "b"] {
            #expect(try Transfer.bytes(scratch.file("in/\(session)/head.nii.gz")) == (try Transfer.bytes(volume)))
            #expect(try Transfer.bytes(scratch.file("in/\(session)/head-quality.nii.gz")) == (try Transfer.bytes(quality)))
        }
    }

    @Test("'--until' ends early and says so", arguments: [("roi", "partial", 2), ("lossy", "lossy", 1)])
    func until(_ goal: String, _ state: String, _ least: Int) async throws {
        let scratch = try Scratch()
        let (volume, _) = try Transfer.phantom(scratch, columns: 64, rows: 64, slices: 40)
        let transfer = try await Transfer.start(
            scratch, volumes: [volume], arguments: ["--box", "20:40,20:44,10:30", "--until", goal])
        #expect(try await transfer.finish() == (0, 0))
        let files = try #require(transfer.receiver.event("summary")?["volumes"] as? [[String: Any]])
        #expect(files.first?["state"] as? String == state)
        let quality = try NIfTIFile.read(scratch.file("in/s/head.quality.nii.gz")).volume
        #expect(quality.voxels[(20 * 64 + 30) * 64 + 30] == 2)
        #expect(quality.voxels.contains(UInt8(least)))
    }

    @Test("Without a mask the model that comes with Fovea decides what goes first, and the sender says so")
    func model() async throws {
        let scratch = try Scratch()
        let (volume, _) = try Transfer.phantom(scratch)
        let transfer = try await Transfer.start(scratch, volumes: [volume], arguments: ["--encoding", "fast", "--until", "lossy"])
        #expect(try await transfer.finish() == (0, 0))
        #expect(transfer.sender.standardError.contains("the model flair-unet"))
    }

    @Test("A session of a name that exists is refused and nothing of the old one is touched")
    func sessionExists() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 64, rows: 64, slices: 40)
        try FileManager.default.createDirectory(atPath: scratch.file("in/s"), withIntermediateDirectories: true)
        try Data("mine".utf8).write(to: URL(fileURLWithPath: scratch.file("in/s/head.nii.gz")))
        let transfer = try await Transfer.start(scratch, volumes: [volume], arguments: ["--mask", mask])
        let codes = try await transfer.finish()
        #expect(codes.sender == 69)
        #expect(codes.receiver == 73)
        #expect(transfer.sender.standardError.contains("already has a session called 's'"))
        #expect(FileManager.default.contents(atPath: scratch.file("in/s/head.nii.gz")) == Data("mine".utf8))
    }
}
