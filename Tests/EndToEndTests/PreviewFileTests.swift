import Foundation
import NIfTIFile
import Testing

@Suite("Files that are previews say so", .serialized)
struct PreviewFileTests {
    private static let remark = Array("PREVIEW, not for diagnosis".utf8)

    private static func isMarked(_ path: String) throws -> Bool {
        Array(try NIfTIFile.read(path).header.bytes[148..<148 + remark.count]) == remark
    }

    private static func sha256(of receipt: String) throws -> [String: Any] {
        let data = try Data(contentsOf: URL(fileURLWithPath: receipt))
        let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        return try #require((json["volumes"] as? [[String: Any]])?.first)
    }

    @Test("A lossy volume that was received says so, its digests are of what was written, and it is verified")
    func lossy() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 48, rows: 48, slices: 30)
        let transfer = try await Transfer.start(
            scratch, volumes: [volume], arguments: ["--mask", mask, "--encoding", "fast", "--until", "lossy"], link: "hospital-wan",
            transport: "hospital-wan", receiverTransport: "hospital-wan")
        #expect(try await transfer.finish() == (0, 0), "\(transfer.sender.standardError) \(transfer.receiver.standardError)")
        #expect(try Self.isMarked(scratch.file("in/s/head.lossy.nii.gz")))
        let receipt = try Self.sha256(of: scratch.file("in/s/receipt.json"))
        let inspected = try await Program.run("fovea", ["inspect", scratch.file("in/s/head.lossy.nii.gz"), "--json"])
        #expect(receipt["sha256"] as? String == inspected.program.event("summary")?["sha256"] as? String)
        #expect(receipt["announced_sha256"] as? String == transfer.sender.event("summary")?["receipt"] as? String)
        #expect(receipt["sha256"] as? String != receipt["announced_sha256"] as? String)
        #expect(try await Program.run("fovea", ["inspect", scratch.file("in/s")]).code == 0)
    }

    @Test("A volume that did not come whole says so, and is verified as far as it came")
    func partial() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch)
        let transfer = try await Transfer.start(scratch, volumes: [volume], arguments: ["--mask", mask, "--encoding", "fast"])
        #expect(try await transfer.receiver.waitFor("roi_complete") != nil)
        transfer.sender.signal(SIGTERM)
        _ = try await transfer.finish()
        #expect(try Self.isMarked(scratch.file("in/s/head.partial.nii.gz")))
        #expect(try await Program.run("fovea", ["inspect", scratch.file("in/s")]).code == 0)
    }

    @Test("An exact volume has the source's header, bit for bit")
    func exact() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 48, rows: 48, slices: 30)
        let file = scratch.file("h.fovea")
        #expect(try await Program.run("fovea", ["encode", volume, "--mask", mask, "--encoding", "fast", "--out", file]).code == 0)
        #expect(try await Program.run("fovea", ["decode", file, "--out", scratch.file("all.nii")]).code == 0)
        #expect(try Transfer.bytes(scratch.file("all.nii")) == (try Transfer.bytes(volume)))
        for layers in ["roi", "lossy"] {
            let out = scratch.file("\(layers).nii.gz")
            let decoded = try await Program.run("fovea", ["decode", file, "--out", out, "--layers", layers, "--json"])
            #expect(decoded.code == 0, "\(decoded.program.standardError)")
            #expect(try Self.isMarked(out))
            let inspected = try await Program.run("fovea", ["inspect", out, "--json"])
            #expect(
                decoded.program.event("summary")?["sha256"] as? String == inspected.program.event("summary")?["sha256"] as? String)
        }
    }
}
