import Foundation
import Testing

@Suite("A finished session that is sent again", .serialized)
struct FinishedSessionTests {
    /// A session that was completed, and the receiver that has it.
    private struct Finished {
        let scratch: Scratch
        let receiver: Program
        let volume: String
        let mask: String
        let port: Int

        init(_ arguments: [String] = []) async throws {
            scratch = try Scratch()
            (volume, mask) = try Transfer.phantom(scratch, columns: 48, rows: 48, slices: 30)
            receiver = try Program(
                "fovea", ["receive", "--listen", "127.0.0.1:0", "--out", scratch.file("in"), "--json"])
            port = try await Transfer.port(of: receiver)
            let first = try send(arguments)
            #expect(try await first.exitCode(seconds: 60) == 0, "\(first.standardError)")
        }

        func send(_ arguments: [String] = [], _ volume: String? = nil) throws -> Program {
            try Program(
                "fovea",
                [
                    "send", volume ?? self.volume, "--mask", mask, "--to", "127.0.0.1:\(port)", "--session", "s1", "--encoding",
                    "fast",
                ] + arguments)
        }

        func end() async throws {
            receiver.signal(SIGTERM)
            #expect(try await receiver.exitCode(seconds: 20) == 0)
        }
    }

    enum Damage: String, CaseIterable {
        case deleted, altered, link, receiptAltered, receiptGone, allGone

        func inflict(on folder: String) throws {
            let (volume, receipt) = ("\(folder)/head.nii.gz", "\(folder)/receipt.json")
            let files = FileManager.default
            switch self {
            case .deleted: try files.removeItem(atPath: volume)
            case .altered:
                // As large as it was, and a whole file: another patient's.
                var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: volume)))
                bytes[bytes.count / 2] ^= 1
                try Data(bytes).write(to: URL(fileURLWithPath: volume))
            case .link:
                try files.moveItem(atPath: volume, toPath: "\(folder)/../moved.nii.gz")
                try files.createSymbolicLink(atPath: volume, withDestinationPath: "../moved.nii.gz")
            case .receiptAltered:
                let text = try String(contentsOfFile: receipt, encoding: .utf8)
                try text.replacingOccurrences(of: "\"lossless\"", with: "\"lossy\"").write(
                    toFile: receipt, atomically: true, encoding: .utf8)
            case .receiptGone: try files.removeItem(atPath: receipt)
            case .allGone:
                for name in try files.contentsOfDirectory(atPath: folder) where name != "session.journal" {
                    try files.removeItem(atPath: "\(folder)/\(name)")
                }
            }
        }
    }

    @Test("Its files are looked at before its receipt is repeated; nobody calls what is gone lossless", arguments: Damage.allCases)
    func damaged(_ damage: Damage) async throws {
        let finished = try await Finished()
        try damage.inflict(on: finished.scratch.file("in/s1"))
        let again = try finished.send()
        #expect(try await again.exitCode(seconds: 60) != 0)
        #expect(again.standardError.contains("its files are gone or changed since; send under another --session"))
        #expect(again.standardError.contains("session 's1' was completed on 20"))
        #expect(again.standardError.contains(" UTC"))
        for word in ["lossless", "verified", "Sent"] { #expect(!(again.standardOutput + again.standardError).contains(word)) }
        // The receiver goes on.
        let other = try finished.send(["--session", "s2"])
        #expect(try await other.exitCode(seconds: 60) == 0, "\(other.standardError)")
        try await finished.end()
    }

    @Test("A session whose files are whole is confirmed without being coded or sent again")
    func whole() async throws {
        let finished = try await Finished()
        let again = try finished.send(["--json"])
        #expect(try await again.exitCode(seconds: 60) == 0, "\(again.standardError)")
        let summary = try #require(again.event("summary"))
        #expect(again.event("already_complete") != nil)
        #expect(summary["already_complete"] as? Bool == true)
        #expect(summary["encoding_seconds"] as? Double == 0)
        let layers = try #require(summary["bytes_sent_by_layer"] as? [String: Int])
        #expect(layers["roi_refinement"] == 0 && layers["background_refinement"] == 0)
        #expect(again.event("first_datagram") == nil)
        let text = try finished.send()
        #expect(try await text.exitCode(seconds: 60) == 0)
        #expect(text.standardOutput.contains("Complete since an earlier transfer: lossless."))
        #expect(!text.standardOutput.contains("Sent:"))
        try await finished.end()
    }

    @Test("Another volume under its name is not confirmed by its receipt")
    func otherVolume() async throws {
        let finished = try await Finished()
        let scratch = try Scratch()
        let (volume, _) = try Transfer.phantom(scratch, columns: 48, rows: 48, slices: 30, seed: 2)
        let again = try finished.send([], volume)
        #expect(try await again.exitCode(seconds: 60) == 76)
        #expect(again.standardError.contains("choose another --session"))
        #expect(!again.standardOutput.contains("lossless"))
        try await finished.end()
    }

    @Test("A finished session of previews is confirmed again, and its file says what it is")
    func lossy() async throws {
        let finished = try await Finished(["--until", "lossy"])
        let again = try finished.send(["--until", "lossy", "--json"])
        #expect(try await again.exitCode(seconds: 60) == 0, "\(again.standardError)")
        let path = finished.scratch.file("in/s1/head.lossy.nii.gz")
        var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        bytes[bytes.count / 2] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let altered = try finished.send(["--until", "lossy"])
        #expect(try await altered.exitCode(seconds: 60) != 0)
        #expect(altered.standardError.contains("gone or changed"))
        try await finished.end()
    }
}
