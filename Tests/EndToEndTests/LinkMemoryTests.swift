import Foundation
import Testing

@Suite("What a link is expected to carry", .serialized)
struct LinkMemoryTests {
    /// A receiver, and a small head to send to it.
    private struct Sites {
        let scratch: Scratch
        let volume: String
        let mask: String
        let receiver: Program
        let port: Int

        init() async throws {
            scratch = try Scratch()
            (volume, mask) = try Transfer.phantom(scratch, columns: 48, rows: 48, slices: 30)
            receiver = try Program("fovea", ["receive", "--listen", "127.0.0.1:0", "--out", scratch.file("in"), "--json"])
            port = try await Transfer.port(of: receiver)
        }

        func send(_ more: [String], cache: String = "cache") async throws -> Program {
            let sender = try Program(
                "fovea", ["send", volume, "--mask", mask, "--to", "127.0.0.1:\(port)"] + more,
                environment: ["XDG_CACHE_HOME": scratch.file(cache)])
            #expect(try await sender.exitCode(seconds: 60) == 0, "\(sender.standardError)")
            return sender
        }

        /// Has the link remembered by a rate.
        func carry(_ rate: Int) throws {
            try FileManager.default.createDirectory(atPath: scratch.file("cache/fovea"), withIntermediateDirectories: true)
            try "{\"127.0.0.1:\(port)\":\(rate)}"
                .write(toFile: scratch.file("cache/fovea/rates.json"), atomically: true, encoding: .utf8)
        }

        func end() async throws {
            receiver.signal(SIGTERM)
            #expect(try await receiver.exitCode(seconds: 20) == 0)
        }
    }

    @Test("A session is gone on with as it was coded, whatever its link is thought to carry by then")
    func session() async throws {
        let sites = try await Sites()
        try sites.carry(100_000_000)
        let first = try await sites.send(["--json"])
        let coding = try #require(first.event("coding"))
        #expect(coding["expected_by"] as? String == "remembered")
        #expect(coding["expected_bps"] as? Double == 1e8)
        #expect(coding["roi_preview"] as? Bool == false && coding["background_preview"] as? Bool == false)
        let name = try #require(first.event("session")?["session"] as? String)
        // A link as thin as this is coded for in another way; the session is not.
        try sites.carry(100_000)
        let again = try await sites.send(["--json", "--session", name])
        #expect(again.event("already_complete") != nil)
        #expect(again.event("coding")?["expected_by"] as? String == "session")
        let other = try await sites.send(["--json"])
        #expect(other.event("coding")?["profile"] as? String == "diagnostic")
        #expect(other.event("coding")?["coder"] as? String == "context-mixing")
        try await sites.end()
    }

    @Test("Where nothing is remembered, or nothing is to be, a link is one that nobody knows, and previews go ahead")
    func unknown() async throws {
        let sites = try await Sites()
        for more in [[], ["--no-rate-memory"]] {
            let sender = try await sites.send(["--json"] + more, cache: "cache-\(more.count)")
            let coding = try #require(sender.event("coding"))
            #expect(
                coding["expected_by"] is NSNull && coding["profile"] as? String == "fast" && coding["coder"] as? String == "fast")
            #expect(coding["roi_preview"] as? Bool == true && coding["background_preview"] as? Bool == true)
        }
        try await sites.end()
    }

    @Test("A person is told of the choice, and of speed as its reason only where it is")
    func reasons() async throws {
        let sites = try await Sites()
        try """
        roi: { crf: 20, preset: superfast }
        background: { crf: 40, preset: superfast }
        exact: fast
        previews: never
        """.write(toFile: sites.scratch.file("never.yaml"), atomically: true, encoding: .utf8)
        let never = try await sites.send(["--encoding", sites.scratch.file("never.yaml")])
        #expect(never.standardOutput.contains("for a link that nobody knows yet: no previews.\n"))
        try sites.carry(100_000_000)
        let fast = try await sites.send([])
        #expect(
            fast.standardOutput.contains(
                "as this link carried the last time: no previews, since exact voxels are there as soon.\n"))
        try await sites.end()
    }
}
