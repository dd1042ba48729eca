import Congestion
import Bytes
import Secrecy
import StreamSession
import Testing
import WireFormat

/// A sender alone, told what a receiver might say at each moment of losing and making connections.
@Suite("What a sender makes of connections, answers and silence")
struct ReconnectionTests {
    private func makeSender(mayBeKnown: Bool = false, rate: RateControl = .fixed(2.4e9)) throws -> SenderSession {
        var setup = SenderSession.Setup(session: try Name("again"), goal: .lossless, rate: rate)
        setup.mayBeKnown = mayBeKnown
        return SenderSession(setup, now: .zero)
    }

    private func give(_ ordinal: UInt32, byteCount: Int = 100, to sender: inout SenderSession) throws -> [SenderSession.Action] {
        sender.handle(
            .chunk(ordinal: ordinal, rank: UInt64(ordinal), record: try makeRecord(ordinal, byteCount: byteCount)), now: .zero)
    }

    private func tell(_ sender: inout SenderSession, _ datagram: Datagram, at seconds: Int = 1) -> [SenderSession.Action] {
        sender.handle(.datagram(datagram.encoded()), now: .seconds(seconds))
    }

    /// The chunks whose pieces go now.
    private func sent(_ sender: inout SenderSession, at seconds: Int, _ state: TransportState = TransportState()) -> [UInt32] {
        sender.handle(.transport(state), now: .seconds(seconds)).compactMap { action in
            guard case .send(let bytes) = action, case .data(let fragment)? = try? Datagram(decoding: bytes) else { return nil }
            return fragment.ordinal
        }
    }

    private func welcome(_ standing: Welcome.Standing, pages: UInt32 = 0) -> Datagram {
        .welcome(Welcome(standing: standing, nonce: [], manifestDigest: nil, pageCount: pages))
    }

    private func page(_ page: UInt16, of count: UInt16, answer: UInt32, _ runs: [Holdings.Run] = []) -> Datagram {
        .holdings(Holdings(answer: answer, page: page, pageCount: count, runs: runs))
    }

    @Test("What went over a connection that is lost counts as not sent on the next one")
    func confirmedUnsent() throws {
        var sender = try makeSender()
        _ = sender.handle(.connected(roundTrip: .milliseconds(10)), now: .zero)
        _ = try give(1, to: &sender)
        #expect(sent(&sender, at: 1) == [1])
        _ = sender.handle(.disconnected, now: .seconds(2))
        _ = sender.handle(.connected(roundTrip: .milliseconds(10)), now: .seconds(3))
        // A receiver that knows nothing of the session cannot have it.
        _ = tell(&sender, welcome(.fresh), at: 3)
        _ = tell(&sender, .acknowledgement([1..<2]), at: 3)
        #expect(sender.isOver)
    }

    @Test("Patience is counted from the last time anything came, not from an earlier loss")
    func timeoutBeginsAnew() throws {
        var sender = try makeSender()
        _ = sender.handle(.connected(roundTrip: .milliseconds(10)), now: .zero)
        _ = sender.handle(.disconnected, now: .seconds(1))
        _ = sender.handle(.connected(roundTrip: .milliseconds(10)), now: .seconds(500))
        _ = tell(&sender, welcome(.begun), at: 501)
        _ = sender.handle(.disconnected, now: .seconds(590))
        _ = sender.handle(.tick, now: .seconds(700))
        #expect(!sender.isOver)
        _ = sender.handle(.tick, now: .seconds(1191))
        #expect(sender.isOver)
    }

    @Test("A peer that takes connections and never says a word is as good as none")
    func mutePeer() throws {
        var sender = try makeSender()
        _ = sender.handle(.connected(roundTrip: .milliseconds(10)), now: .zero)
        for second in stride(from: 1, to: 600, by: 10) {
            _ = sender.handle(.disconnected, now: .seconds(second))
            _ = sender.handle(.tick, now: .seconds(second))
            #expect(!sender.isOver)
            _ = sender.handle(.connected(roundTrip: .milliseconds(10)), now: .seconds(second + 5))
        }
        _ = sender.handle(.disconnected, now: .seconds(601))
        _ = sender.handle(.tick, now: .seconds(602))
        #expect(sender.isOver)
    }

    @Test("Pages of two answers are never taken for one, and an older answer changes nothing")
    func answers() throws {
        func resumed() throws -> SenderSession {
            var sender = try makeSender(mayBeKnown: true)
            _ = sender.handle(.connected(roundTrip: .milliseconds(10)), now: .zero)
            _ = try give(1, to: &sender)
            _ = tell(&sender, welcome(.begun, pages: 2))
            return sender
        }
        var mixed = try resumed()
        _ = tell(&mixed, page(0, of: 2, answer: 1))
        _ = tell(&mixed, page(1, of: 2, answer: 2))
        #expect(sent(&mixed, at: 2) == [])
        _ = tell(&mixed, page(0, of: 2, answer: 2))
        #expect(sent(&mixed, at: 3) == [1])
        var late = try resumed()
        _ = tell(&late, page(0, of: 2, answer: 2))
        _ = tell(&late, page(1, of: 2, answer: 1))
        #expect(sent(&late, at: 2) == [])
        _ = tell(&late, page(1, of: 2, answer: 2))
        #expect(sent(&late, at: 3) == [1])
    }

    @Test("What is still under way is not sent again for an answer that does not name it; once nothing is, it is")
    func underWay() throws {
        var sender = try makeSender()
        _ = sender.handle(.connected(roundTrip: .milliseconds(10)), now: .zero)
        _ = try give(1, to: &sender)
        #expect(sent(&sender, at: 1) == [1])
        #expect(sent(&sender, at: 2, TransportState(inFlightCount: 5)) == [])
        _ = tell(&sender, page(0, of: 1, answer: 0), at: 2)
        #expect(sent(&sender, at: 3, TransportState(inFlightCount: 5)) == [])
        _ = tell(&sender, page(0, of: 1, answer: 1), at: 3)
        #expect(sent(&sender, at: 4, TransportState(inFlightCount: 0)) == [])
        _ = tell(&sender, page(0, of: 1, answer: 2), at: 4)
        #expect(sent(&sender, at: 5) == [1])
        #expect(sender.resentByteCount == 100)
    }

    @Test("Pieces that are held of a chunk of another size are none of this session's")
    func otherSize() throws {
        var sender = try makeSender(mayBeKnown: true)
        _ = sender.handle(.connected(roundTrip: .milliseconds(10)), now: .zero)
        _ = tell(&sender, welcome(.begun, pages: 1))
        _ = tell(&sender, page(0, of: 1, answer: 0, [Holdings.Run(ordinal: 1, totalByteCount: 3000, pieces: 0..<1)]))
        #expect(!sender.isOver)
        let actions = try give(1, byteCount: 3001, to: &sender)
        #expect(sender.isOver && actions.contains { if case .failed = $0 { true } else { false } })
    }

    @Test("Of what overtakes the welcome 256 messages are kept", arguments: [false, true])
    func overtaking(isSealed: Bool) throws {
        let nonce = [UInt8](repeating: 3, count: Hello.nonceByteCount)
        var setup = SenderSession.Setup(session: try Name("early"), goal: .lossless, rate: .fixed(2.4e9))
        setup.mayBeKnown = true
        setup.secret = isSealed ? try Secrets.shared() : nil
        var sender = SenderSession(setup, now: .zero)
        _ = sender.handle(.connected(roundTrip: .milliseconds(10), nonce: nonce), now: .zero)
        let own = try #require(Nonce(bytes: nonce))
        var first = DatagramSeal(secret: try Secrets.shared(), role: .receiver, senderNonce: own)
        var bound = DatagramSeal(secret: try Secrets.shared(), role: .receiver, senderNonce: own, receiverNonce: own)
        for ordinal in 0..<300 as Range<UInt32> {
            let bytes = Datagram.acknowledgement([ordinal..<ordinal + 1]).encoded()
            #expect(sender.handle(.datagram(isSealed ? bound.seal(bytes) : bytes), now: .zero).isEmpty)
        }
        let welcome = Datagram.welcome(Welcome(standing: .begun, nonce: nonce, manifestDigest: nil, pageCount: 0)).encoded()
        _ = sender.handle(.datagram(isSealed ? first.seal(welcome) : welcome), now: .zero)
        #expect(try give(255, to: &sender) == [.acknowledged([255])])
        #expect(try give(256, to: &sender) == [])
        #expect(!sender.isOver)
    }

    @Test("A welcome that is said again, with other random bytes, does not change the keys")
    func welcomeTwice() throws {
        let nonces = (1...3).map { [UInt8](repeating: $0, count: Hello.nonceByteCount) }
        let own = try #require(Nonce(bytes: nonces[0]))
        var setup = SenderSession.Setup(session: try Name("twice"), goal: .lossless, rate: .fixed(2.4e9))
        setup.secret = try Secrets.shared()
        var sender = SenderSession(setup, now: .zero)
        _ = sender.handle(.connected(roundTrip: .milliseconds(10), nonce: nonces[0]), now: .zero)
        _ = try give(1, to: &sender)
        var first = DatagramSeal(secret: try Secrets.shared(), role: .receiver, senderNonce: own)
        for nonce in nonces.dropFirst() {
            let welcome = Datagram.welcome(Welcome(standing: .fresh, nonce: nonce, manifestDigest: nil, pageCount: 0)).encoded()
            _ = sender.handle(.datagram(first.seal(welcome)), now: .zero)
            _ = sender.handle(.transport(TransportState()), now: .seconds(1))
        }
        var bound = DatagramSeal(
            secret: try Secrets.shared(), role: .receiver, senderNonce: own, receiverNonce: try #require(Nonce(bytes: nonces[1])))
        let acknowledgement = Datagram.acknowledgement([1..<2]).encoded()
        #expect(sender.handle(.datagram(bound.seal(acknowledgement)), now: .seconds(2)) == [.acknowledged([1])])
    }

    @Test("What the transport sends again by itself is taken from what may go")
    func repeats() throws {
        func count(repeated: Int) throws -> Int {
            var sender = try makeSender(rate: .fixed(1e6))
            _ = sender.handle(.connected(roundTrip: .milliseconds(10)), now: .zero)
            _ = try give(1, byteCount: 400_000, to: &sender)
            var count = 0
            for step in 1...200 {
                let now = Duration.milliseconds(5 * step)
                let state = TransportState(repeatedCount: min(step / 6, repeated))
                for case .send in sender.handle(.transport(state), now: now) { count += 1 }
            }
            return count
        }
        let (without, with) = (try count(repeated: 0), try count(repeated: 30))
        #expect(without > 60 && (28...32).contains(without - with), "\(without) without, \(with) with 30 repeats")
    }

    @Test("The rate that was found is gone on with after a connection was lost")
    func rateKept() throws {
        var setup = SessionPair.Setup(
            link: try Link.clinic.parameters(), chunks: try makeSession(seed: 3, byteCount: 20_000_000), rateShare: nil)
        setup.reconnectDelay = .milliseconds(700)
        var pair = try SessionPair(setup)
        pair.run(until: .seconds(6))
        let found = pair.sender.bitsPerSecond
        #expect(found > 5e6)
        pair.loseConnection()
        pair.run(until: .seconds(10)) { $0.connectionCount > 1 && $0.sender.isWelcomed }
        #expect(pair.sender.bitsPerSecond > found / 2, "\(pair.sender.bitsPerSecond) after \(found)")
    }
}

@Suite("What a receiver answers")
struct AnsweringTests {
    private let digest = Digest(of: [9])

    private func makeReceiver() throws -> ReceiverSession {
        .begun(Hello(session: try Name("r"), goal: .lossless, elapsedMicroseconds: 0, roundTripMicroseconds: 0))
    }

    private func holdings(_ actions: [ReceiverSession.Action]) -> [Holdings] {
        actions.compactMap { action in
            guard case .send(let bytes) = action, case .holdings(let page)? = try? Datagram(decoding: bytes) else { return nil }
            return page
        }
    }

    @Test("However often it is asked, it says what it holds twice a second at most, and each answer has its own number")
    func asked() throws {
        var receiver = try makeReceiver()
        var pages: [Holdings] = []
        for step in 0..<100 {
            let beat = Heartbeat(sequence: UInt32(step), departureMicroseconds: 0, asksForHoldings: true)
            pages += holdings(
                receiver.handle(.datagram(Datagram.heartbeat(beat).encoded()), now: .milliseconds(1000 + 20 * step)))
        }
        #expect(pages.count == 4)
        #expect(Set(pages.map(\.answer)).count == pages.count && pages.map(\.answer) == pages.map(\.answer).sorted())
    }

    @Test("Chunks that were on disk are not done before they are applied: the end waits for them")
    func found() throws {
        var disk = Reassembler()
        for ordinal in [0, 1] as [UInt32] {
            let record = try makeRecord(ordinal, byteCount: 200)
            _ = try disk.take(
                Fragment(
                    ordinal: ordinal, totalByteCount: 200, offset: 0, departureMicroseconds: 0, payload: record[...]))
        }
        var receiver = ReceiverSession(now: .zero)
        let hello = Hello(session: try Name("r"), goal: .lossless, elapsedMicroseconds: 0, roundTripMicroseconds: 0)
        _ = receiver.handle(.datagram(Datagram.hello(hello).encoded()), now: .zero)
        _ = receiver.handle(.opened(disk, nonce: []), now: .zero)
        func isStoring(_ actions: [ReceiverSession.Action]) -> Bool { actions.contains(.store(tableDigest: digest)) }
        #expect(!isStoring(receiver.handle(.datagram(Datagram.end(tableDigest: digest).encoded()), now: .zero)))
        #expect(!isStoring(receiver.handle(.applied(0), now: .zero)))
        #expect(isStoring(receiver.handle(.applied(1), now: .zero)))
    }

    @Test("The receipt of a complete session is given for its own table only")
    func otherTable() throws {
        for table in [digest, Digest(of: [1])] {
            var receiver = ReceiverSession(now: .zero)
            let hello = Hello(session: try Name("r"), goal: .lossless, elapsedMicroseconds: 0, roundTripMicroseconds: 0)
            _ = receiver.handle(.datagram(Datagram.hello(hello).encoded()), now: .zero)
            let receipt = Receipt(tableDigest: digest, volumes: [])
            _ = receiver.handle(.openedComplete(receipt, nonce: []), now: .zero)
            let actions = receiver.handle(.datagram(Datagram.end(tableDigest: table).encoded()), now: .zero)
            #expect(actions.contains(.send(Datagram.receipt(receipt).encoded())) == (table == digest))
            #expect(receiver.isOver == (table != digest))
        }
    }

    @Test("A sender that leaves, gives up or falls silent before it has a receipt has not been received")
    func unfinished() throws {
        let endings: [(ReceiverSession.Event, Duration)] = [
            (.datagram(Datagram.bye.encoded()), .zero), (.disconnected, .zero), (.tick, .seconds(126)),
            (.datagram(Datagram.abort(Abort(reason: .failed, message: "no")).encoded()), .zero),
        ]
        for (event, time) in endings {
            var receiver = try makeReceiver()
            let actions = receiver.handle(event, now: time)
            #expect(receiver.isOver)
            #expect(!actions.contains(.closed))
            #expect(actions.contains { if case .failed = $0 { true } else { false } }, "\(event)")
        }
    }
}
