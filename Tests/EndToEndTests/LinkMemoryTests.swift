import Foundation
import Testing

@Suite("What a link is expected to carry", .serialized)
struct LinkMemoryTests {
    @Test("A session is gone on with as it was coded, whatever its link is thought to carry by then")
    func session() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 48, rows: 48, slices: 30)
        let receiver = try Program("fovea", ["receive", "--listen", "127.0.0.1:0", "--out", scratch.file("in"), "--json"])
        let port = try await Transfer.port(of: receiver)
        try FileManager.default.createDirectory(atPath: scratch.file("cache/fovea"), withIntermediateDirectories: true)
        func carry(_ rate: Int) throws {
            try "{\"127.0.0.1:\(port)\":\(rate)}".write(
                toFile: scratch.file("cache/fovea/rates.json"), atomically: true, encoding: .utf8)
        }
        func send(_ more: [String] = []) async throws -> Program {
            let sender = try Program(
                "fovea", ["send", volume, "--mask", mask, "--to", "127.0.0.1:\(port)", "--json"] + more,
                environment: ["XDG_CACHE_HOME": scratch.file("cache")])
            #expect(try await sender.exitCode(seconds: 60) == 0, "\(sender.standardError)")
            return sender
        }
        try carry(100_000_000)
        let first = try await send()
        let coding = try #require(first.event("coding"))
        #expect(coding["expected_by"] as? String == "remembered")
        #expect(coding["expected_bps"] as? Double == 1e8)
        #expect(coding["roi_preview"] as? Bool == false && coding["background_preview"] as? Bool == false)
        let name = try #require(first.event("session")?["session"] as? String)
        // A link as thin as this is coded for in another way; the session is not.
        try carry(100_000)
        let again = try await send(["--session", name])
        #expect(again.event("already_complete") != nil)
        #expect(again.event("coding")?["expected_by"] as? String == "session")
        let other = try await send()
        #expect(other.event("coding")?["profile"] as? String == "diagnostic")
        #expect(other.event("coding")?["coder"] as? String == "context-mixing")
        receiver.signal(SIGTERM)
        #expect(try await receiver.exitCode(seconds: 20) == 0)
    }

    @Test("Where nothing is remembered, or nothing is to be, a link is one that nobody knows, and previews go ahead")
    func unknown() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 48, rows: 48, slices: 30)
        let receiver = try Program("fovea", ["receive", "--listen", "127.0.0.1:0", "--out", scratch.file("in"), "--json"])
        let port = try await Transfer.port(of: receiver)
        for more in [[], ["--no-rate-memory"]] {
            let sender = try Program(
                "fovea", ["send", volume, "--mask", mask, "--to", "127.0.0.1:\(port)", "--json"] + more,
                environment: ["XDG_CACHE_HOME": scratch.file("cache-\(more.count)")])
            #expect(try await sender.exitCode(seconds: 60) == 0, "\(sender.standardError)")
            let coding = try #require(sender.event("coding"))
            #expect(
                coding["expected_by"] is NSNull && coding["profile"] as? String == "fast" && coding["coder"] as? String == "fast")
            #expect(coding["roi_preview"] as? Bool == true && coding["background_preview"] as? Bool == true)
        }
        receiver.signal(SIGTERM)
        #expect(try await receiver.exitCode(seconds: 20) == 0)
    }
}
