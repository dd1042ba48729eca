import Foundation
import Testing

@Suite("Receipts", .serialized)
struct ReceiptTests {
    /// A head sent to a receiver that signs, and the key's files.
    private static func signed(_ scratch: Scratch, encoding: String = "fast", until: String = "lossless") async throws -> Transfer {
        let (volume, mask) = try Transfer.phantom(scratch, columns: 64, rows: 64, slices: 40)
        for name in ["mine.pem", "other.pem"] {
            #expect(try await Program.run("fovea", ["key", "--out", scratch.file(name)]).code == 0)
        }
        let transfer = try await Transfer.start(
            scratch, volumes: [volume], arguments: ["--mask", mask, "--encoding", encoding, "--until", until], link: "hospital-wan",
            transport: "hospital-wan", receiverTransport: "hospital-wan", receiverArguments: ["--key", scratch.file("mine.pem")])
        #expect(try await transfer.finish() == (0, 0), "\(transfer.sender.standardError) \(transfer.receiver.standardError)")
        return transfer
    }

    private static func inspect(_ scratch: Scratch, _ arguments: String...) async throws -> (code: Int32?, program: Program) {
        try await Program.run("fovea", ["inspect", scratch.file("in/s"), "--json"] + arguments)
    }

    @Test("A signed receipt is verified with the receiver's key, and refused with another or when a byte of it is changed")
    func signature() async throws {
        let scratch = try Scratch()
        _ = try await Self.signed(scratch)
        let trusted = try await Self.inspect(scratch, "--public-key", scratch.file("mine.pem.pub"))
        #expect(trusted.code == 0)
        #expect(trusted.program.event("summary")?["signer_trusted"] as? Bool == true)
        let other = try await Self.inspect(scratch, "--public-key", scratch.file("other.pem.pub"))
        #expect(other.code == 65)
        #expect(other.program.standardError.contains("another key"))

        let path = scratch.file("in/s/receipt.json")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacingOccurrences(of: "\"complete\" : true", with: "\"complete\" : false")
            .write(toFile: path, atomically: true, encoding: .utf8)
        let altered = try await Self.inspect(scratch)
        #expect(altered.code == 65)
        #expect(altered.program.standardError.contains("altered since it was signed"))

        try text.write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.removeItem(atPath: scratch.file("in/s/receipt.json.sig"))
        #expect(try await Self.inspect(scratch).code == 65)
    }

    @Test("Bytes behind the compressed volume are not what the receipt says, though the voxels are the same")
    func appended() async throws {
        let scratch = try Scratch()
        _ = try await Self.signed(scratch)
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: scratch.file("in/s")).first {
                $0.hasSuffix(".nii.gz") && !$0.contains(".quality.")
            })
        let file = try #require(FileHandle(forWritingAtPath: scratch.file("in/s/\(name)")))
        try file.seekToEnd()
        try file.write(contentsOf: Data(count: 100))
        try file.close()
        let inspected = try await Self.inspect(scratch)
        #expect(inspected.code == 65)
        #expect(inspected.program.event("summary")?["verified"] as? Bool == false)
    }

    /// A shipped profile with a greatest error of 3 in the region.
    private static func bounded(_ scratch: Scratch, _ profile: String) throws -> String {
        let path = scratch.file("bounded.yaml")
        let text = try String(contentsOfFile: Program.project.path + "/profiles/encoding/\(profile).yaml", encoding: .utf8)
        try text.replacingOccurrences(of: "roi:\n", with: "roi:\n  max_error: 3\n")
            .write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    @Test("A region within a bound becomes exact at the far end, by whichever coder", arguments: ["fast", "diagnostic"])
    func throughBound(profile: String) async throws {
        let scratch = try Scratch()
        let transfer = try await Self.signed(scratch, encoding: try Self.bounded(scratch, profile), until: "lossless")
        #expect(transfer.receiver.event("roi_bounded") != nil)
        #expect(try Transfer.bytes(scratch.file("in/s/head.nii.gz")) == (try Transfer.bytes(scratch.file("head.nii.gz"))))
    }

    @Test("A receipt says how far each part of a volume can be off, and what wrote it")
    func parts() async throws {
        let scratch = try Scratch()
        let transfer = try await Self.signed(scratch, encoding: try Self.bounded(scratch, "fast"), until: "lossy")
        #expect(transfer.receiver.event("roi_bounded") != nil)
        let data = try Data(contentsOf: URL(fileURLWithPath: scratch.file("in/s/receipt.json")))
        let receipt = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let volume = try #require((receipt["volumes"] as? [[String: Any]])?.first)
        #expect(volume["file"] as? String == "head.lossy.nii.gz")
        let region = try #require((volume["regions"] as? [[String: Any]])?.first)
        #expect(region["stage"] as? String == "bounded")
        let box = try #require(region["box"] as? String)
        let background = try #require(volume["background"] as? [String: Any])
        #expect(background["stage"] as? String == "base")
        #expect((receipt["versions"] as? [String: String])?["fovea"] != nil)

        // What it promises is so.
        let compared = try await Program.run(
            "fovea", ["compare", scratch.file("head.nii.gz"), scratch.file("in/s/head.lossy.nii.gz"), "--box", box, "--json"])
        let error = try #require(compared.program.event("summary")?["max_abs_error"] as? Double)
        #expect(error == region["max_error"] as? Double)
        #expect(error > 0 && error <= 3)
    }

    @Test("A key that others may read is refused, and one that is there is not overwritten")
    func keys() async throws {
        let scratch = try Scratch()
        let path = scratch.file("k.pem")
        #expect(try await Program.run("fovea", ["key", "--out", path]).code == 0)
        let before = FileManager.default.contents(atPath: path)
        let again = try await Program.run("fovea", ["key", "--out", path])
        #expect(again.code == 73)
        #expect(FileManager.default.contents(atPath: path) == before)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        let receive = try await Program.run(
            "fovea", ["receive", "--listen", "127.0.0.1:0", "--out", scratch.file("in"), "--once", "--key", path])
        #expect(receive.code == 65)
        #expect(receive.program.standardError.contains("others may read this key"))
    }
}
