import Bytes
import Faults
import Secrecy
import StreamSession
import Testing
import VolumeModel
import WireFormat

@Suite("A sender that means harm")
struct HostileSenderTests {
    private func hello(nonce: [UInt8] = []) throws -> Datagram {
        .hello(
            Hello(
                session: try Name("harm"), goal: .lossless, elapsedMicroseconds: 0, roundTripMicroseconds: 0, resumes: false,
                nonce: nonce))
    }

    private func fragment(_ ordinal: UInt32, total: Int, piece: Int = 0) -> Datagram {
        let offset = piece * Fragment.payloadLimit
        let count = min(Fragment.payloadLimit, total - offset)
        return .data(
            Fragment(
                ordinal: ordinal, totalByteCount: UInt32(total), offset: UInt32(offset), departureMicroseconds: 0,
                payload: [UInt8](repeating: 7, count: count)[...]))
    }

    @Test("Of one chunk 512 pieces of parity are kept, and what more comes is passed over")
    func parityBound() throws {
        // Five blocks of 128 pieces, and a last one of a single piece, which one piece of parity would give back.
        let total = 5 * 128 * Fragment.payloadLimit + 10
        func parity(_ block: Int, _ index: Int) -> [UInt8] {
            Datagram.parity(
                Parity(
                    ordinal: 1, totalByteCount: UInt32(total), block: UInt16(block), index: UInt8(index), departureMicroseconds: 0,
                    payload: [UInt8](repeating: 5, count: Fragment.payloadLimit)[...])
            ).encoded()
        }
        for count in [511, 512] {
            var receiver = ReceiverSession.begun(
                Hello(session: try Name("parity"), goal: .roi, elapsedMicroseconds: 0, roundTripMicroseconds: 0))
            for number in 0..<count { _ = receiver.handle(.datagram(parity(number / 127, number % 127)), now: .zero) }
            let actions = receiver.handle(.datagram(parity(5, 0)), now: .zero)
            let isMade = actions.contains { if case .keep = $0 { true } else { false } }
            #expect(isMade == (count < 512), "after \(count)")
            #expect(!receiver.isOver)
        }
    }

    @Test("More than 64 MiB before the hello end the connection, and everything up to there waits")
    func beforeHello() throws {
        var receiver = ReceiverSession(now: .zero)
        let bytes = fragment(1, total: 2 * Fragment.payloadLimit).encoded()
        let count = (64 << 20) / bytes.count
        for _ in 0..<count {
            guard receiver.handle(.datagram(bytes), now: .zero).isEmpty else {
                Issue.record("refused too early")
                return
            }
        }
        let actions = receiver.handle(.datagram(bytes), now: .zero)
        guard case .failed(let error)? = actions.last else {
            Issue.record("\(actions)")
            return
        }
        #expect(error.code == .protocolViolation)
        #expect(receiver.isOver)
    }

    @Test(
        "A chunk that is still to come keeps the lowest rank it was ever promoted to",
        arguments: [[1, 1 << 40], [1 << 40, 1]] as [[UInt64]])
    func noDemotionBeforehand(ranks: [UInt64]) throws {
        var sender = SenderSession(session: try Name("rank"), goal: .roi, now: .zero)
        _ = sender.handle(.connected(roundTrip: .milliseconds(80)), now: .zero)
        for rank in ranks { _ = sender.handle(.promote([5], rank: rank), now: .zero) }
        _ = sender.handle(.chunk(ordinal: 4, rank: 100, record: try makeRecord(4, byteCount: 100)), now: .zero)
        _ = sender.handle(.chunk(ordinal: 5, rank: 1 << 50, record: try makeRecord(5, byteCount: 100)), now: .zero)
        let ordinals = try sender.handle(.room(10), now: .zero).compactMap { action -> UInt32? in
            guard case .send(let bytes) = action, case .data(let fragment) = try Datagram(decoding: bytes) else { return nil }
            return fragment.ordinal
        }
        #expect(ordinals == [5, 4])
    }

    /// A sealed session that has begun, and the seals its sender has.
    private func sealed() throws -> (receiver: ReceiverSession, first: DatagramSeal, second: DatagramSeal) {
        let secret = try Secrets.shared()
        let nonces = (
            try #require(Nonce(bytes: [UInt8](repeating: 4, count: 16))),
            try #require(Nonce(bytes: [UInt8](repeating: 9, count: 16)))
        )
        var first = DatagramSeal(secret: secret, role: .sender, senderNonce: nonces.0)
        let second = DatagramSeal(secret: secret, role: .sender, senderNonce: nonces.0, receiverNonce: nonces.1)
        var receiver = ReceiverSession(secret: secret, now: .zero)
        let hello = first.seal(try hello(nonce: nonces.0.bytes).encoded())
        #expect(receiver.handle(.datagram(hello), now: .zero).count == 1)
        #expect(receiver.handle(.opened(Reassembler(), nonce: nonces.1.bytes), now: .zero).count == 1)
        return (receiver, first, second)
    }

    /// One of every kind a sender says.
    private func senderDatagrams() throws -> [Datagram] {
        [
            fragment(1, total: 100), .heartbeat(Heartbeat(sequence: 1, departureMicroseconds: 0, asksForHoldings: true)),
            .parity(
                Parity(
                    ordinal: 1, totalByteCount: 100, block: 0, index: 0, departureMicroseconds: 0,
                    payload: [UInt8](repeating: 5, count: Fragment.payloadLimit)[...])),
            .end(tableDigest: Digest(of: [])), .bye, .abort(Abort(reason: .failed, message: "no")),
            try hello(nonce: [UInt8](repeating: 1, count: 16)),
        ]
    }

    @Test("In a sealed session no kind of datagram is taken in clear")
    func inClear() throws {
        for datagram in try senderDatagrams() {
            var receiver = try sealed().receiver
            #expect(receiver.handle(.datagram(datagram.encoded()), now: .zero) == [.altered], "\(datagram)")
            let padded = datagram.encoded() + [UInt8](repeating: 0, count: DatagramSeal.byteCount)
            #expect(receiver.handle(.datagram(padded), now: .zero).isEmpty, "\(datagram)")
            #expect(!receiver.isOver)
        }
    }

    @Test("Once both ends' random bytes are known, nothing but an abort or a hello is taken under the keys of one end's alone")
    func firstStage() throws {
        for datagram in try senderDatagrams() {
            var (receiver, first, second) = try sealed()
            let actions = receiver.handle(.datagram(first.seal(datagram.encoded())), now: .zero)
            switch datagram {
            case .abort, .hello: #expect(actions != [.altered], "\(datagram)")
            default:
                #expect(actions == [.altered], "\(datagram)")
                // The same under the keys of both is heard.
                _ = receiver.handle(.datagram(second.seal(datagram.encoded())), now: .zero)
                #expect(receiver.receivedByteCount > 0)
            }
        }
    }
}
