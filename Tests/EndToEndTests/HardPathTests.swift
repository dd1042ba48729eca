import Foundation
import Testing

@Suite("Paths that change their addresses, or are very long", .serialized)
struct HardPathTests {
    private func relay(_ scratch: Scratch, _ link: String, to receiver: Program, _ options: [String] = []) async throws -> Program {
        let path = scratch.file("link.yaml")
        try link.write(toFile: path, atomically: true, encoding: .utf8)
        return try Program(
            "netsim",
            [
                "relay", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:\(try await Transfer.port(of: receiver))", "--link", path,
                "--json",
            ] + options)
    }

    @Test("A router that gives the sender another address every three seconds costs each time about a second, and the end is exact")
    func rebinding() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 128, rows: 128, slices: 96)
        let receiver = try Program("fovea", ["receive", "--listen", "127.0.0.1:0", "--out", scratch.file("in"), "--json"])
        let link = "rate: 300 kbit/s\nround_trip: 60 ms\nloss: 0 %\nqueue: 64 KiB\n"
        let relay = try await relay(scratch, link, to: receiver, ["--rebind-every", "3 s"])
        let (code, sender) = try await Program.run(
            "fovea",
            [
                "send", volume, "--mask", mask, "--encoding", "fast", "--to", "127.0.0.1:\(try await Transfer.port(of: relay))",
                "--transport", "default", "--session", "s", "--json",
            ])
        #expect(code == 0, "\(sender.standardError)")
        let summary = try #require(sender.event("summary"))
        let seconds = try #require(summary["done_t"] as? Double)
        let connections = try #require(summary["connections"] as? Int)
        // Each address serves three seconds at most, so that there were several, and none of them was waited for as for a dead link.
        #expect(connections >= 3, "\(summary)")
        #expect(Double(connections) >= seconds / 8, "\(connections) connections in \(seconds) s")
        #expect(sender.event("stalled") == nil, "\(sender.standardError)")
        receiver.signal(SIGTERM)
        relay.signal(SIGTERM)
        #expect(try await receiver.exitCode(seconds: 30) == 0, "\(receiver.standardError)")
        #expect(try Transfer.bytes(scratch.file("in/s/head.nii.gz")) == (try Transfer.bytes(volume)))
    }

    @Test("A link of four seconds there and back is connected, and neither end takes the wait for a stall")
    func longRoundTrip() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 48, rows: 48, slices: 24)
        let receiver = try Program("fovea", ["receive", "--listen", "127.0.0.1:0", "--out", scratch.file("in"), "--json"])
        let link = "rate: 2 Mbit/s\nround_trip: 4 s\nloss: 0 %\nqueue: 128 KiB\n"
        let relay = try await relay(scratch, link, to: receiver)
        let (code, sender) = try await Program.run(
            "fovea",
            [
                "send", volume, "--mask", mask, "--encoding", "fast", "--to", "127.0.0.1:\(try await Transfer.port(of: relay))",
                "--transport", "default", "--session", "s", "--json",
            ])
        #expect(code == 0, "\(sender.standardError)")
        #expect(sender.event("stalled") == nil && sender.event("narrowed") == nil, "\(sender.standardError)")
        #expect(sender.event("summary")?["connections"] as? Int == 1)
        receiver.signal(SIGTERM)
        relay.signal(SIGTERM)
        #expect(try await receiver.exitCode(seconds: 30) == 0, "\(receiver.standardError)")
        #expect(try Transfer.bytes(scratch.file("in/s/head.nii.gz")) == (try Transfer.bytes(volume)))
    }
}
