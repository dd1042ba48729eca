import Foundation
import NIfTIFile
import Testing

@Suite("Either end is ended in the middle", .serialized)
struct InterruptionTests {
    /// A transport that gives a silent peer up soon, so that the test need not wait long.
    private func impatient(_ scratch: Scratch) throws -> String {
        let path = scratch.file("impatient.yaml")
        try "rate: 900 kbit/s\nstalled_after: 500 ms\nsilence_limit: 3 s\nresume_patience: 3 s\n".write(
            toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func start(_ scratch: Scratch) async throws -> Transfer {
        let (volume, mask) = try Transfer.phantom(scratch)
        let transport = try impatient(scratch)
        return try await Transfer.start(
            scratch, volumes: [volume], arguments: ["--mask", mask, "--encoding", "fast"], link: "adsl-uplink",
            transport: transport, receiverTransport: transport)
    }

    /// Nothing but whole files that say by their names that they are not complete, and the journal to go on from.
    private func expectWholeFiles(_ scratch: Scratch) {
        for file in scratch.files(in: "in/s") {
            #expect(
                ["head.partial.nii.gz", "head.quality.nii.gz", "receipt.json", "session.journal"].contains(file),
                "\(file) is left over")
            if file.hasSuffix(".nii.gz") { #expect(throws: Never.self) { try NIfTIFile.read(scratch.file("in/s/\(file)")) } }
        }
    }

    @Test(
        "A killed receiver leaves whole files, and the sender says that it is gone",
        arguments: ["manifest", "roi_complete", "background_complete", "roi_lossless"])
    func receiverKilled(_ moment: String) async throws {
        let scratch = try Scratch()
        let transfer = try await start(scratch)
        #expect(try await transfer.receiver.waitFor(moment) != nil, "\(transfer.sender.standardError)")
        transfer.receiver.signal(SIGKILL)
        let code = try await transfer.sender.exitCode(seconds: 30)
        #expect(code == 75, "\(transfer.sender.standardError)")
        #expect(
            transfer.sender.standardError.contains("nothing came from the receiver")
                || transfer.sender.standardError.contains("the receiver is gone"))
        transfer.relay.signal(SIGTERM)
        expectWholeFiles(scratch)
    }

    @Test(
        "A killed sender leaves whole files and a receipt that says what is missing",
        arguments: ["manifest", "roi_complete", "background_complete", "roi_lossless"])
    func senderKilled(_ moment: String) async throws {
        let scratch = try Scratch()
        let transfer = try await start(scratch)
        #expect(try await transfer.receiver.waitFor(moment) != nil)
        transfer.sender.signal(SIGKILL)
        #expect(try await transfer.receiver.exitCode(seconds: 30) == 75)
        #expect(
            transfer.receiver.standardError.contains("from the sender")
                || transfer.receiver.standardError.contains("the sender is gone"))
        transfer.relay.signal(SIGTERM)
        expectWholeFiles(scratch)
        let receipt =
            try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: scratch.file("in/s/receipt.json"))))
            as? [String: Any]
        #expect(receipt?["complete"] as? Bool == false)
        let volumes = receipt?["volumes"] as? [[String: Any]]
        #expect(volumes?.first?["state"] as? String != "lossless")
        let inspected = try await Program.run("fovea", ["inspect", scratch.file("in/s"), "--json"])
        #expect(inspected.program.event("summary")?["complete"] as? Bool == false)
    }

    @Test("A sender that is asked to stop tells the receiver")
    func senderStopped() async throws {
        let scratch = try Scratch()
        let transfer = try await start(scratch)
        _ = try await transfer.receiver.waitFor("roi_complete")
        transfer.sender.signal(SIGTERM)
        #expect(try await transfer.receiver.exitCode(seconds: 30) == 69)
        #expect(transfer.receiver.standardError.contains("the sender was stopped"))
        #expect(try await transfer.sender.exitCode(seconds: 30) == 75)
        transfer.relay.signal(SIGTERM)
        expectWholeFiles(scratch)
    }

    @Test("A receiver that is asked to stop tells the sender")
    func receiverStopped() async throws {
        let scratch = try Scratch()
        let transfer = try await start(scratch)
        _ = try await transfer.receiver.waitFor("roi_complete")
        transfer.receiver.signal(SIGINT)
        #expect(try await transfer.sender.exitCode(seconds: 30) == 69)
        #expect(transfer.sender.standardError.contains("the receiver was stopped"))
        #expect(try await transfer.receiver.exitCode(seconds: 30) == 75)
        transfer.relay.signal(SIGTERM)
        expectWholeFiles(scratch)
    }

    @Test("No receiver at all is said in one line")
    func nobodyListens() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 32, rows: 32, slices: 20)
        let transport = scratch.file("t.yaml")
        try "rate: 1 Mbit/s\nconnect_patience: 500 ms\n".write(toFile: transport, atomically: true, encoding: .utf8)
        let (code, program) = try await Program.run(
            "fovea", ["send", volume, "--mask", mask, "--to", "127.0.0.1:9", "--transport", transport])
        #expect(code == 69)
        #expect(program.standardError.split(separator: "\n").count == 1)
    }
}
