import Receiver
import Foundation
import Journal
import ProgressiveCoding
import StreamSession
import Testing
import VolumeModel
import WireFormat

@Suite("Somebody asks for a box next", .serialized)
struct FocusTests {
    /// In the head, most of it outside the tumour.
    private static let box = "16:80,16:80,8:50"

    /// A receiver, and a relay that is a link of 500 kbit/s and 80 ms.
    private struct Sites {
        let scratch: Scratch
        let volume: String
        let mask: String
        let receiver: FocusReceiver
        var relay: Program
        let relayPort: Int

        init(request: String) async throws {
            scratch = try Scratch()
            (volume, mask) = try Transfer.phantom(scratch)
            receiver = try await FocusReceiver(scratch, request: Box(parsing: request))
            try "rate: 500 kbit/s\nround_trip: 80 ms\nloss: 0 %\nqueue: 128 KiB\n"
                .write(toFile: scratch.file("link.yaml"), atomically: true, encoding: .utf8)
            try "rate: 485 kbit/s\n".write(toFile: scratch.file("transport.yaml"), atomically: true, encoding: .utf8)
            // A fine background: one that takes the link some seconds.
            try """
            roi:
              crf: 20
              preset: superfast
            background:
              crf: 18
              preset: superfast
            exact: context-mixing
            """.write(toFile: scratch.file("encoding.yaml"), atomically: true, encoding: .utf8)
            relay = try Self.relay(scratch, from: 0, to: receiver.port)
            relayPort = try await Transfer.port(of: relay)
        }

        private static func relay(_ scratch: Scratch, from port: Int, to receiver: Int) throws -> Program {
            try Program(
                "netsim",
                [
                    "relay", "--listen", "127.0.0.1:\(port)", "--to", "127.0.0.1:\(receiver)", "--link", scratch.file("link.yaml"),
                    "--seed", "1", "--json",
                ])
        }

        /// Everything on its way is lost, and the sender's connection leads nowhere any more.
        mutating func cutLink() async throws {
            relay.signal(SIGKILL)
            _ = try await relay.exitCode(seconds: 5)
            relay = try Self.relay(scratch, from: relayPort, to: receiver.port)
            _ = try await Transfer.port(of: relay)
        }

        func send() throws -> Program {
            try Program(
                "fovea",
                [
                    "send", volume, "--mask", mask, "--to", "127.0.0.1:\(relayPort)", "--session", "s", "--json", "--encoding",
                    scratch.file("encoding.yaml"), "--transport", scratch.file("transport.yaml"),
                ])
        }

        func end() async throws {
            await receiver.stop()
            relay.signal(SIGTERM)
            _ = try await relay.exitCode(seconds: 5)
        }

        func expectExact() throws {
            #expect(try Transfer.bytes(scratch.file("in/s/head.nii.gz")) == (try Transfer.bytes(volume)))
            #expect(receiver.happenings.last == .ended(isComplete: true))
            // A preview was kept up to date meanwhile; none is left beside the exact file.
            #expect(!scratch.files(in: "in/s").contains { $0.contains(".partial") })
        }
    }

    private func focusEvents(_ sender: Program) -> [String] {
        sender.events.compactMap { $0["event"] as? String }.filter { $0.hasPrefix("focus_") }
    }

    @Test("It is shown before the background is complete, the sender says so step by step, and the transfer ends exact")
    func shownAhead() async throws {
        let sites = try await Sites(request: Self.box)
        let sender = try sites.send()
        #expect(try await sender.exitCode(seconds: 120) == 0, "\(sender.standardError)")
        #expect(focusEvents(sender) == ["focus_asked", "focus_queued", "focus_acknowledged"])
        #expect(try #require(sender.event("focus_queued")?["bytes"] as? Int) > 0)
        #expect(sender.event("focus_asked")?["box"] as? String == Self.box)
        try await sites.end()
        let shown = sites.receiver.shown
        #expect(shown.map(\.number) == [1])
        #expect(try #require(shown.first).maxAbsoluteError > 0)
        let background = try #require(sites.receiver.happenings.firstIndex(of: .milestone(.backgroundComplete)))
        #expect(try #require(shown.first).index < background)
        try sites.expectExact()
        #expect(
            sites.receiver.queue.ask(session: "s", volume: 0, box: try Box(parsing: Self.box))
                == .refused("no such session is being received"))
    }

    enum Interruption: Sendable, CaseIterable { case senderKilled, linkCut }

    @Test(
        "A request outlives the connection it was made on, and nothing of its answer is kept on disk",
        arguments: Interruption.allCases)
    func interrupted(_ interruption: Interruption) async throws {
        var sites = try await Sites(request: Self.box)
        var sender = try sites.send()
        #expect(try await sender.waitFor("focus_queued") != nil, "\(sender.standardError)")
        switch interruption {
        case .senderKilled:
            sender.signal(SIGKILL)
            sender = try sites.send()
        case .linkCut: try await sites.cutLink()
        }
        #expect(try await sender.waitFor("focus_acknowledged") != nil, "\(sender.standardError)")
        try expectNoAnswerInJournal(sites.scratch)
        #expect(try await sender.exitCode(seconds: 120) == 0, "\(sender.standardError)")
        #expect(sender.event("resumed_at") != nil)
        try await sites.end()
        #expect(sites.receiver.happenings.contains(.ended(isComplete: false)))
        #expect(sites.receiver.happenings.filter { $0 == .focus(1, .asked) }.count == 2)
        let shown = sites.receiver.shown
        #expect(shown.map(\.number) == [1])
        #expect(try #require(shown.first).maxAbsoluteError > 0, "shown by the answer, not by the end")
        try sites.expectExact()
    }

    private func expectNoAnswerInJournal(_ scratch: Scratch) throws {
        let copy = scratch.file("copy.journal")
        try FileManager.default.copyItem(atPath: scratch.file("in/s/session.journal"), toPath: copy)
        var pieces = Reassembler()
        var manifest: Manifest?
        var ordinals: Set<UInt32> = []
        _ = try SessionJournal(path: copy, byteLimit: 1 << 30) { entry in
            guard case .fragment(let ordinal, let total, let offset, let payload) = entry,
                let fragment = Fragment(ordinal: ordinal, checkedTotal: total, offset: offset, payload: payload)
            else { return }
            ordinals.insert(ordinal)
            guard ordinal == 0, let record = try pieces.take(fragment).record else { return }
            manifest = try Manifest(decoding: ChunkRecord(decoding: record).payload)
        }
        let table = try #require(manifest?.tableOrdinal)
        #expect(ordinals.count > 1)
        #expect(ordinals.allSatisfy { $0 <= table })
    }
}
