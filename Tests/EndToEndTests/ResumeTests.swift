import Foundation
import Testing

@Suite("A transfer goes on where it was", .serialized)
struct ResumeTests {
    /// A receiver of many sessions, behind a relay that outlives it.
    private struct Sites {
        let scratch: Scratch
        let port: Int
        let relay: Program
        let relayPort: Int
        var receiver: Program

        init(_ scratch: Scratch, link: String = "rural-4g", arguments: [String] = []) async throws {
            self.scratch = scratch
            receiver = try Self.receive(scratch, port: 0, arguments)
            port = try await Transfer.port(of: receiver)
            relay = try Program(
                "netsim", ["relay", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:\(port)", "--link", link, "--json"])
            relayPort = try await Transfer.port(of: relay)
        }

        static func receive(_ scratch: Scratch, port: Int, _ arguments: [String]) throws -> Program {
            try Program("fovea", ["receive", "--listen", "127.0.0.1:\(port)", "--out", scratch.file("in"), "--json"] + arguments)
        }

        func send(_ volume: String, _ mask: String, session: String = "s", _ arguments: [String] = []) throws -> Program {
            try Program(
                "fovea",
                [
                    "send", volume, "--mask", mask, "--to", "127.0.0.1:\(relayPort)", "--session", session, "--json", "--encoding",
                    "fast",
                ] + arguments)
        }

        func end() async throws {
            receiver.signal(SIGTERM)
            #expect(try await receiver.exitCode(seconds: 20) == 0)
            relay.signal(SIGTERM)
            _ = try await relay.exitCode(seconds: 5)
        }
    }

    /// Bytes of chunks a sender has made, from its summary.
    private func total(_ sender: Program) throws -> Int {
        let layers = try #require(sender.event("summary")?["bytes_sent_by_layer"] as? [String: Int])
        return layers.values.reduce(0, +)
    }

    @Test(
        "A killed sender's next run sends only what is missing, and ends exact", arguments: ["roi_complete", "background_complete"])
    func senderKilled(_ moment: String) async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch)
        let sites = try await Sites(scratch)
        let first = try sites.send(volume, mask)
        #expect(try await sites.receiver.waitFor(moment) != nil, "\(first.standardError)")
        first.signal(SIGKILL)
        let second = try sites.send(volume, mask)
        #expect(try await second.exitCode(seconds: 60) == 0, "\(second.standardError)")
        #expect(try Transfer.bytes(scratch.file("in/s/head.nii.gz")) == (try Transfer.bytes(volume)))
        let held = try #require(second.event("resumed_at")?["bytes"] as? Int)
        #expect(held > 0)
        let sent = try #require(second.event("summary")?["datagrams"] as? Int)
        let whole = try total(second)
        // What was held did not go again: datagrams of at most 1421 bytes of chunks, and some without any.
        #expect(sent * 1421 < whole - held + 200 * 1421, "\(sent) datagrams, \(held) of \(whole) bytes held")
        let inspected = try await Program.run("fovea", ["inspect", scratch.file("in/s"), "--json"])
        #expect(inspected.program.event("summary")?["verified"] as? Bool == true)
        try await sites.end()
    }

    @Test("A killed receiver's next run goes on from its journal, with the sender that was waiting")
    func receiverKilled() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch)
        var sites = try await Sites(scratch)
        let sender = try sites.send(volume, mask)
        #expect(try await sites.receiver.waitFor("background_complete") != nil)
        sites.receiver.signal(SIGKILL)
        _ = try await sites.receiver.exitCode(seconds: 5)
        sites.receiver = try Sites.receive(scratch, port: sites.port, [])
        #expect(try await sender.exitCode(seconds: 90) == 0, "\(sender.standardError)")
        #expect(try Transfer.bytes(scratch.file("in/s/head.nii.gz")) == (try Transfer.bytes(volume)))
        let summary = try #require(sender.event("summary"))
        #expect(summary["connections"] as? Int == 2)
        #expect(try #require(sender.event("resumed_at")?["bytes"] as? Int) > 0)
        // No more than what was on its way.
        #expect(try #require(summary["resent_bytes"] as? Int) < 100_000)
        try await sites.end()
    }

    @Test("A sender that missed the receipt asks again and gets it, without sending anything")
    func complete() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 64, rows: 64, slices: 40)
        let sites = try await Sites(scratch, link: "hospital-wan")
        let first = try sites.send(volume, mask)
        #expect(try await first.exitCode(seconds: 60) == 0)
        let second = try sites.send(volume, mask)
        #expect(try await second.exitCode(seconds: 60) == 0, "\(second.standardError)")
        #expect(second.event("summary")?["receipt"] as? String == first.event("summary")?["receipt"] as? String)
        #expect(second.event("first_datagram") == nil)
        try await sites.end()
    }

    @Test("Another volume under a session's name is refused, and what is there stays")
    func otherVolume() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch)
        let sites = try await Sites(scratch)
        let first = try sites.send(volume, mask)
        #expect(try await sites.receiver.waitFor("roi_complete") != nil)
        first.signal(SIGKILL)
        let scratch2 = try Scratch()
        let (other, otherMask) = try Transfer.phantom(scratch2, seed: 2)
        let second = try sites.send(other, otherMask)
        #expect(try await second.exitCode(seconds: 60) == 76)
        #expect(second.standardError.contains("choose another --session"))
        let third = try sites.send(volume, mask)
        #expect(try await third.exitCode(seconds: 60) == 0, "\(third.standardError)")
        #expect(try Transfer.bytes(scratch.file("in/s/head.nii.gz")) == (try Transfer.bytes(volume)))
        try await sites.end()
    }

    @Test("Sixteen senders at once are all served, each to the last bit")
    func many() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 64, rows: 64, slices: 40)
        let sites = try await Sites(scratch, link: "hospital-wan")
        let senders = try (0..<16).map { try sites.send(volume, mask, session: "s\($0)") }
        for sender in senders { #expect(try await sender.exitCode(seconds: 120) == 0, "\(sender.standardError)") }
        let original = try Transfer.bytes(volume)
        for index in 0..<16 { #expect(try Transfer.bytes(scratch.file("in/s\(index)/head.nii.gz")) == original) }
        try await sites.end()
    }
}
