import Foundation
import Testing

@Suite("A path that drops full-size datagrams", .serialized)
struct NarrowPathTests {
    private func profile(_ scratch: Scratch, _ name: String, _ text: String) throws -> String {
        let path = scratch.file(name)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    @Test("A sender that was given no size finds one that passes, says so, ends exact, and begins with it the next time")
    func found() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 64, rows: 64, slices: 40)
        let receiver = try Program("fovea", ["receive", "--listen", "127.0.0.1:0", "--out", scratch.file("in"), "--json"])
        let relay = try NarrowRelay(to: try await Transfer.port(of: receiver), limit: 1280 - 28)
        defer { relay.stop() }
        for session in ["first", "second"] {
            let (code, sender) = try await Program.run(
                "fovea",
                [
                    "send", volume, "--mask", mask, "--encoding", "fast", "--to", "127.0.0.1:\(relay.port)", "--session", session,
                    "--transport", "default", "--json",
                ],
                environment: ["XDG_CACHE_HOME": scratch.file("cache"), "FOVEA_NO_RATE_MEMORY": ""])
            #expect(code == 0, "\(sender.standardError)")
            #expect(sender.event("narrowed")?["datagram_bytes"] as? Int == (session == "first" ? 1200 : nil))
            #expect(sender.standardError.contains("full-size datagrams do not arrive; using 1200 bytes") == (session == "first"))
            #expect(try Transfer.bytes(scratch.file("in/\(session)/head.nii.gz")) == (try Transfer.bytes(volume)))
        }
        receiver.signal(SIGTERM)
        #expect(try await receiver.exitCode(seconds: 30) == 0, "\(receiver.standardError)")
    }

    @Test("Given a size that does not pass, the sender says so and what helps; with that the same session goes on and ends exact")
    func narrow() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 64, rows: 64, slices: 40)
        let secret = scratch.file("site.secret")
        try "correct horse battery staple\n".write(toFile: secret, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: secret)
        let receiver = try Program(
            "fovea",
            ["receive", "--listen", "127.0.0.1:0", "--out", scratch.file("in"), "--json", "--secret-file", secret])
        // 1280 bytes with IP's and UDP's headers, the least that IPv6 asks of a link.
        let relay = try NarrowRelay(to: try await Transfer.port(of: receiver), limit: 1280 - 28)
        defer { relay.stop() }
        func send(_ transport: String) throws -> Program {
            try Program(
                "fovea",
                [
                    "send", volume, "--mask", mask, "--encoding", "fast", "--to", "127.0.0.1:\(relay.port)", "--session", "s",
                    "--transport", transport, "--secret-file", secret, "--json",
                ])
        }
        let first = try send(try profile(scratch, "full.yaml", "rate: 5 Mbit/s\ndatagram_bytes: 1456\n"))
        let stalled = try #require(try await first.waitFor("stalled", seconds: 30), "\(first.standardError)")
        // Which of the two depends on whether anything small was due meanwhile.
        #expect(["only_small_arrives", "nothing_arrives"].contains(stalled["reason"] as? String), "\(stalled)")
        #expect(first.standardError.contains("datagram_bytes: 1200"))
        #expect(relay.traffic.dropped > 0)
        first.signal(SIGTERM)
        _ = try await first.exitCode(seconds: 20)
        let second = try send(try profile(scratch, "small.yaml", "rate: 5 Mbit/s\ndatagram_bytes: 1200\n"))
        #expect(try await second.exitCode(seconds: 60) == 0, "\(second.standardError)")
        receiver.signal(SIGTERM)
        #expect(try await receiver.exitCode(seconds: 30) == 0, "\(receiver.standardError)")
        #expect(second.event("stalled") == nil)
        #expect(try Transfer.bytes(scratch.file("in/s/head.nii.gz")) == (try Transfer.bytes(volume)))
    }

    @Test(
        "No datagram is longer than the profile says, in either direction, and much loss on the way changes nothing",
        arguments: [576, 1000])
    func never(byteCount: Int) async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 64, rows: 64, slices: 40)
        let receiver = try Program(
            "fovea", ["receive", "--listen", "127.0.0.1:0", "--out", scratch.file("in"), "--once", "--json"])
        let narrow = try NarrowRelay(to: try await Transfer.port(of: receiver), limit: byteCount + 16)
        defer { narrow.stop() }
        let lossy = try Program(
            "netsim",
            ["relay", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:\(narrow.port)", "--link", "rural-4g", "--json"])
        let (code, sender) = try await Program.run(
            "fovea",
            [
                "send", volume, "--mask", mask, "--encoding", "fast", "--to", "127.0.0.1:\(try await Transfer.port(of: lossy))",
                "--transport", try profile(scratch, "small.yaml", "rate: auto\ndatagram_bytes: \(byteCount)\n"), "--json",
                "--session", "s",
            ])
        lossy.signal(SIGTERM)
        #expect(code == 0, "\(sender.standardError)")
        #expect(try await receiver.exitCode(seconds: 30) == 0)
        #expect(narrow.traffic.dropped == 0 && narrow.traffic.longest == byteCount + 16, "\(narrow.traffic)")
        #expect(try Transfer.bytes(scratch.file("in/s/head.nii.gz")) == (try Transfer.bytes(volume)))
    }
}
