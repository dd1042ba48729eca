import Congestion
import Bytes
import Secrecy
import StreamSession
import Testing
import VolumeModel
import WireFormat

/// Every kind of datagram by the wrong key, or by none, at both ends of a sealed session.
@Suite("A sealed session takes each message by its own key")
struct StageKeyTests {
    private let nonce = [UInt8](repeating: 3, count: Hello.nonceByteCount)
    private let answer = [UInt8](repeating: 4, count: Hello.nonceByteCount)
    private let digest = Digest(of: [1])

    /// One of each kind but those that begin a session.
    private func kinds() throws -> [Datagram] {
        let piece = [UInt8](repeating: 5, count: 60)
        return [
            .data(Fragment(ordinal: 1, totalByteCount: 60, offset: 0, departureMicroseconds: 0, payload: piece[...])),
            .heartbeat(Heartbeat(sequence: 0, departureMicroseconds: 0, asksForHoldings: true)), .report(Report()),
            .acknowledgement([0..<1]), .end(tableDigest: digest), .receipt(Receipt(tableDigest: digest, volumes: [])), .bye,
            .holdings(Holdings(answer: 0, page: 0, pageCount: 1, runs: [])),
            .parity(
                Parity(
                    ordinal: 1, totalByteCount: 60, block: 0, index: 0, departureMicroseconds: 0,
                    payload: [UInt8](repeating: 0, count: Parity.payloadByteCount)[...])),
            .focus(Focus(number: 1, volume: 0, box: try StackedBox(x: 0..<1, y: 0..<1, z: 0..<1))),
        ]
    }

    private func hello(_ nonce: [UInt8]? = nil) throws -> Hello {
        Hello(
            session: try Name("sealed"), goal: .lossless, elapsedMicroseconds: 0, roundTripMicroseconds: 0, resumes: false,
            nonce: nonce ?? self.nonce)
    }

    /// Seals by the keys that follow from the sender's random bytes alone.
    private func firstStage(_ role: Role, _ datagram: Datagram, number: UInt32 = 0) throws -> [UInt8] {
        var seal = DatagramSeal(secret: try Secrets.shared(), role: role, senderNonce: try #require(Nonce(bytes: nonce)))
        seal.skip(to: number)
        return seal.seal(datagram.encoded())
    }

    @Test("A sender takes nothing but a welcome by the first keys or in clear")
    func sender() throws {
        for datagram in try kinds() {
            for bytes in [try firstStage(.receiver, datagram, number: 1), datagram.encoded()] {
                var setup = SenderSession.Setup(session: try Name("sealed"), goal: .lossless, rate: .fixed(1e9))
                setup.secret = try Secrets.shared()
                var sender = SenderSession(setup, now: .zero)
                _ = sender.handle(.connected(roundTrip: .milliseconds(10), nonce: nonce), now: .zero)
                let welcome = Welcome(standing: .fresh, nonce: answer, manifestDigest: nil, pageCount: 0)
                _ = sender.handle(.datagram(try firstStage(.receiver, .welcome(welcome))), now: .zero)
                #expect(sender.isWelcomed)
                #expect(sender.handle(.datagram(bytes), now: .zero) == [.altered], "\(datagram)")
                #expect(!sender.isOver)
            }
        }
    }

    @Test("A forged hello that comes first does not keep the honest one out")
    func forgedHello() throws {
        var receiver = ReceiverSession(secret: try Secrets.shared(), now: .zero)
        // Anyone can make one, with random bytes of their own and a seal that is none.
        let other = try hello([UInt8](repeating: 9, count: Hello.nonceByteCount))
        let forged = Datagram.hello(other).encoded() + [UInt8](repeating: 0, count: DatagramSeal.byteCount)
        #expect(receiver.handle(.datagram(forged), now: .zero) == [.altered])
        #expect(receiver.handle(.datagram(try firstStage(.sender, .hello(try hello()))), now: .zero) == [.begun(try hello())])
    }
}
