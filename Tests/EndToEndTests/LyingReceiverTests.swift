import Bytes
import Foundation
import SRTTransport
import SessionRunner
import StreamSession
import Synchronization
import Testing
import WireFormat

/// A receiver that follows the wire format and lies about what it has.
@Suite("A receiver that lies", .serialized)
struct LyingReceiverTests {
    enum Lie: CaseIterable {
        case none, otherDigest, otherState, noVolume, twoVolumes
    }

    /// The outcomes and digests of a sender's table and manifest.
    private struct Heard: Sendable {
        var outcomes: [Receipt.Volume] = []
        var manifestDigest: Digest?
        var tableDigest: Digest?
    }

    private static func receipt(_ table: Digest, _ outcomes: [Receipt.Volume], _ lie: Lie) -> Receipt {
        let volumes: [Receipt.Volume] =
            switch lie {
            case .none: outcomes
            case .otherDigest: outcomes.map { Receipt.Volume(state: $0.state, digest: Digest(of: [1])) }
            case .otherState: outcomes.map { Receipt.Volume(state: .lossy, digest: $0.digest) }
            case .noVolume: []
            case .twoVolumes: outcomes + outcomes
            }
        return Receipt(tableDigest: table, volumes: volumes)
    }

    /// Takes one session without decoding any of it, and confirms it as it likes.
    /// - Parameter complete: what it claims to have had before; nil for nothing.
    private static func receive(on listener: SRTListener, _ lie: Lie, complete: Heard? = nil) async throws -> Heard {
        let connection = try await listener.accept()
        let heard = Mutex(Heard())
        var runner = ReceiverRunner(ReceiverSession(now: .zero), over: connection, origin: .now)
        await runner.run(
            events: { [] },
            onActions: { actions in
                actions.flatMap { action -> [ReceiverSession.Event] in
                    switch action {
                    case .begun:
                        guard let complete, let table = complete.tableDigest else { return [.opened(Reassembler(), nonce: [])] }
                        return [
                            .openedComplete(
                                receipt(table, complete.outcomes, lie), manifestDigest: complete.manifestDigest, nonce: [])
                        ]
                    case .chunk(let ordinal, let record):
                        heard.withLock { heard in
                            if ordinal == 0 { heard.manifestDigest = ChunkRecord.digest(of: record) }
                            if let record = try? ChunkRecord(decoding: record),
                                let table = try? ChunkTable(decoding: record.payload)
                            {
                                heard.outcomes = table.outcomes
                            }
                        }
                        return [.applied(ordinal)]
                    case .store(let table):
                        heard.withLock { $0.tableDigest = table }
                        return [.stored(receipt(table, heard.withLock { $0.outcomes }, lie))]
                    default: return []
                    }
                }
            })
        await connection.close(timeout: .milliseconds(500))
        return heard.withLock { $0 }
    }

    private static func send(_ scratch: Scratch, to listener: SRTListener, _ arguments: [String] = []) throws -> Program {
        try Program(
            "fovea",
            [
                "send", scratch.file("head.nii.gz"), "--mask", scratch.file("labels.nii.gz"), "--to", "127.0.0.1:\(listener.port)",
                "--encoding", "fast", "--session", "s",
            ] + arguments)
    }

    private static func listener() throws -> SRTListener {
        try SRTListener(on: HostPort(host: "127.0.0.1", port: 0), options: SRTOptions(maximumBitsPerSecond: 50e6))
    }

    private static func expectRefusal(_ sender: Program, _ code: Int32?) {
        #expect(code == 65, "\(sender.standardError)")
        #expect(sender.standardError.contains("does not have the digests of what was sent"))
        #expect(!sender.standardOutput.contains("lossless") && !sender.standardOutput.contains("verified"))
    }

    @Test("A receipt is compared with what was sent, and only a true one is called verified", arguments: Lie.allCases)
    func receipt(_ lie: Lie) async throws {
        let scratch = try Scratch()
        _ = try Transfer.phantom(scratch, columns: 32, rows: 32, slices: 20)
        let listener = try Self.listener()
        let sender = try Self.send(scratch, to: listener)
        let heard = try await Self.receive(on: listener, lie)
        let code = try await sender.exitCode(seconds: 30)
        await listener.close()
        #expect(heard.outcomes.count == 1)
        if lie == .none {
            #expect(code == 0, "\(sender.standardError)")
            #expect(sender.standardOutput.contains("Sent: lossless, receipt verified."))
        } else {
            Self.expectRefusal(sender, code)
        }
    }

    @Test("A receiver that claims to have had everything is compared with the input", arguments: Lie.allCases)
    func complete(_ lie: Lie) async throws {
        let scratch = try Scratch()
        _ = try Transfer.phantom(scratch, columns: 32, rows: 32, slices: 20)
        let listener = try Self.listener()
        let first = try Self.send(scratch, to: listener)
        let heard = try await Self.receive(on: listener, .none)
        #expect(try await first.exitCode(seconds: 30) == 0, "\(first.standardError)")
        let sender = try Self.send(scratch, to: listener)
        _ = try await Self.receive(on: listener, lie, complete: heard)
        let code = try await sender.exitCode(seconds: 30)
        await listener.close()
        if lie == .none {
            #expect(code == 0, "\(sender.standardError)")
            #expect(sender.standardOutput.contains("Complete since an earlier transfer: lossless."))
        } else {
            Self.expectRefusal(sender, code)
        }
    }
}
