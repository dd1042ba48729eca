import Congestion
import Bytes
import Faults
import StreamSession
import Testing
import WireFormat

@Suite("A session that the receiver completed earlier")
struct CompleteSessionTests {
    private let receipt = Receipt(
        tableDigest: Digest(of: [1]), volumes: [Receipt.Volume(state: .lossless, digest: Digest(of: [2]))])

    /// A sender that has made its manifest only, and a receiver that says it has a session of some manifest.
    private struct Ends {
        var sender: SenderSession
        var receiver: ReceiverSession
        let manifest: [UInt8]
        var said: [SenderSession.Action] = []

        init(goal: Goal = .lossless) throws {
            var setup = SenderSession.Setup(session: try Name("s"), goal: goal, rate: .fixed(1e6))
            setup.mayBeKnown = true
            sender = SenderSession(setup, now: .zero)
            receiver = ReceiverSession(now: .zero)
            manifest = try makeRecord(0, byteCount: 2000, seed: 99)
        }

        /// Lets both say what they have to say.
        mutating func run(_ receipt: Receipt, manifestDigest: Digest?) {
            var toSender: [ReceiverSession.Action] = []
            said += sender.handle(.connected(roundTrip: .milliseconds(80), nonce: []), now: .zero)
            said += sender.handle(.chunk(ordinal: 0, rank: 0, record: manifest, isProtected: false), now: .zero)
            var waiting = said
            for _ in 0..<8 where !sender.isOver {
                waiting += sender.handle(.transport(TransportState()), now: .zero)
                for case .send(let bytes) in waiting { toSender += receiver.handle(.datagram(bytes), now: .zero) }
                waiting = []
                if toSender.contains(where: { if case .begun = $0 { true } else { false } }) {
                    toSender += receiver.handle(.openedComplete(receipt, manifestDigest: manifestDigest, nonce: []), now: .zero)
                }
                for case .send(let bytes) in toSender { waiting += sender.handle(.datagram(bytes), now: .zero) }
                toSender = []
                said += waiting
            }
        }
    }

    @Test("A sender of the same manifest learns so before it codes anything, and gets the receipt")
    func same() throws {
        var ends = try Ends()
        ends.run(receipt, manifestDigest: ChunkRecord.digest(of: ends.manifest))
        #expect(ends.said.contains(.alreadyComplete))
        #expect(ends.said.contains(.finished(receipt)))
        #expect(ends.sender.isOver)
    }

    @Test("A sender that says of a complete session that it does not decode has given up, no more", arguments: [true, false])
    func undecodable(isComplete: Bool) throws {
        var receiver = ReceiverSession(now: .zero)
        let hello = Hello(session: try Name("s"), goal: .lossless, elapsedMicroseconds: 0, roundTripMicroseconds: 0)
        _ = receiver.handle(.datagram(Datagram.hello(hello).encoded()), now: .zero)
        _ = receiver.handle(isComplete ? .openedComplete(receipt, nonce: []) : .opened(Reassembler(), nonce: []), now: .zero)
        let abort = Datagram.abort(Abort(reason: .undecodable, message: "a chunk does not decode"))
        guard case .failed(let error)? = receiver.handle(.datagram(abort.encoded()), now: .zero).last else {
            Issue.record("it goes on")
            return
        }
        #expect(error.code == (isComplete ? .peerAborted : .undecodable))
    }

    @Test("A sender of another manifest is told to choose another name")
    func other() throws {
        var ends = try Ends()
        ends.run(receipt, manifestDigest: Digest(of: [9]))
        #expect(!ends.said.contains(.alreadyComplete))
        guard case .failed(let error)? = ends.said.last else {
            Issue.record("\(ends.said)")
            return
        }
        #expect(error.code == .protocolViolation && error.message.contains("choose another --session"))
    }

    @Test("A receiver that does not know the manifest waits for the table, as one of an earlier version does")
    func unknown() throws {
        var ends = try Ends()
        ends.run(receipt, manifestDigest: nil)
        #expect(!ends.said.contains(.alreadyComplete) && !ends.sender.isOver)
        #expect(ends.sender.knowsStanding)
    }

    @Test("Previews are coded again: their manifest does not say what came of them")
    func previews() throws {
        var ends = try Ends(goal: .lossy)
        ends.run(receipt, manifestDigest: ChunkRecord.digest(of: ends.manifest))
        #expect(!ends.said.contains(.alreadyComplete) && !ends.sender.isOver)
    }
}
