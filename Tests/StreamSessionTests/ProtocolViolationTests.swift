import Bytes
import Faults
import NetSim
import StreamSession
import Testing
import WireFormat

@Suite("Violations of the protocol")
struct ProtocolViolationTests {
    private let digest = Digest(of: [1])

    /// A connected sender that has sent chunks 0 to 3 whole, and has chunk 4 queued.
    private func makeSender() throws -> SenderSession {
        var sender = SenderSession(session: try Name("strict"), goal: .lossless, now: .zero)
        _ = sender.handle(.connected(roundTrip: .milliseconds(80)), now: .zero)
        for ordinal in 0..<5 as Range<UInt32> {
            let record = try makeRecord(ordinal, byteCount: ordinal == 4 ? 100_000 : 100)
            _ = sender.handle(.chunk(ordinal: ordinal, rank: UInt64(ordinal), record: record), now: .zero)
        }
        #expect(sender.handle(.room(5), now: .zero).count == 5)
        return sender
    }

    /// A sender that has sent everything, and then the end.
    private func makeEndingSender() throws -> SenderSession {
        var sender = try makeSender()
        _ = sender.handle(.supplied(tableDigest: digest), now: .zero)
        _ = sender.handle(.room(1000), now: .zero)
        _ = sender.handle(.datagram(Datagram.acknowledgement([0..<5]).encoded()), now: .zero)
        #expect(sender.handle(.room(10), now: .zero) == [.send(Datagram.end(tableDigest: digest).encoded())])
        return sender
    }

    private func hello() throws -> Datagram {
        .hello(Hello(session: try Name("strict"), goal: .lossless, elapsedMicroseconds: 0, roundTripMicroseconds: 80_000))
    }

    /// A receiver that has been told who the sender is, and has told it what it holds: nothing.
    private func makeReceiver() throws -> ReceiverSession {
        var receiver = ReceiverSession(now: .zero)
        #expect(receiver.handle(.datagram(try hello().encoded()), now: .zero).count == 1)
        let welcome = Welcome(standing: .fresh, nonce: [], manifestDigest: nil, pageCount: 0)
        #expect(
            receiver.handle(.opened(Reassembler(), nonce: []), now: .zero) == [.send(Datagram.welcome(welcome).encoded())])
        return receiver
    }

    /// A datagram before the beginning waits for it, and is refused then.
    private func expectViolationOnceBegun(_ bytes: [UInt8], _ comment: Comment, _ location: SourceLocation = #_sourceLocation)
        throws
    {
        var receiver = ReceiverSession(now: .zero)
        #expect(receiver.handle(.datagram(bytes), now: .zero).isEmpty, comment, sourceLocation: location)
        #expect(receiver.handle(.datagram(try hello().encoded()), now: .zero).count == 1, comment, sourceLocation: location)
        let actions = receiver.handle(.opened(Reassembler(), nonce: []), now: .zero)
        guard case .failed(let error)? = actions.last, actions.count == 3, case .send(let answer) = actions[1] else {
            Issue.record("\(comment): \(actions)", sourceLocation: location)
            return
        }
        #expect(error.code == .protocolViolation && receiver.isOver, comment, sourceLocation: location)
        let abort = Datagram.abort(Abort(reason: .refused, message: error.message))
        #expect((try? Datagram(decoding: answer)) == abort, comment, sourceLocation: location)
    }

    private func expectViolation(
        _ sender: SenderSession, _ bytes: [UInt8], _ comment: Comment, _ location: SourceLocation = #_sourceLocation
    ) {
        var sender = sender
        let actions = sender.handle(.datagram(bytes), now: .milliseconds(5))
        guard case .send(let answer)? = actions.first, case .failed(let error)? = actions.last, actions.count == 2 else {
            Issue.record("\(comment): \(actions)", sourceLocation: location)
            return
        }
        #expect(error.code == .protocolViolation && !error.message.isEmpty, comment, sourceLocation: location)
        let abort = Datagram.abort(Abort(reason: .refused, message: error.message))
        #expect((try? Datagram(decoding: answer)) == abort, comment, sourceLocation: location)
        #expect(sender.isOver && sender.nextTick == nil, comment, sourceLocation: location)
        #expect(sender.handle(.room(10), now: .seconds(1)).isEmpty, comment, sourceLocation: location)
    }

    private func expectViolation(
        _ receiver: ReceiverSession, _ bytes: [UInt8], _ comment: Comment, _ location: SourceLocation = #_sourceLocation
    ) {
        var receiver = receiver
        let actions = receiver.handle(.datagram(bytes), now: .milliseconds(5))
        guard actions.count >= 2, case .send(let answer) = actions[actions.count - 2], case .failed(let error)? = actions.last
        else {
            Issue.record("\(comment): \(actions)", sourceLocation: location)
            return
        }
        #expect(error.code == .protocolViolation && !error.message.isEmpty, comment, sourceLocation: location)
        let abort = Datagram.abort(Abort(reason: .refused, message: error.message))
        #expect((try? Datagram(decoding: answer)) == abort, comment, sourceLocation: location)
        #expect(receiver.isOver && receiver.nextTick == nil, comment, sourceLocation: location)
        #expect(receiver.handle(.tick, now: .seconds(1)).isEmpty, comment, sourceLocation: location)
    }

    private func receipt(_ digest: Digest) -> Datagram { .receipt(Receipt(tableDigest: digest, volumes: [])) }

    private func fragment(_ ordinal: UInt32, total: Int, offset: Int) -> Datagram {
        let payload = [UInt8](repeating: 9, count: min(Fragment.payloadLimit, total - offset))
        return .data(
            Fragment(
                ordinal: ordinal, totalByteCount: UInt32(total), offset: UInt32(offset), departureMicroseconds: 0,
                payload: payload[...]))
    }

    @Test("A sender takes no receipt before the end, and none for another table")
    func receipts() throws {
        expectViolation(try makeSender(), receipt(digest).encoded(), "too early")
        var coded = try makeSender()
        _ = coded.handle(.supplied(tableDigest: digest), now: .zero)
        expectViolation(coded, receipt(digest).encoded(), "all is coded, and not all of it is there")
        expectViolation(try makeEndingSender(), receipt(Digest(of: [2])).encoded(), "another table")
        var sender = try makeEndingSender()
        let actions = sender.handle(.datagram(receipt(digest).encoded()), now: .zero)
        #expect(actions == [.send(Datagram.bye.encoded()), .finished(Receipt(tableDigest: digest, volumes: []))])
    }

    @Test("What was asked for and is coded only once all is there is not sent any more")
    func lateAnswer() throws {
        var sender = try makeEndingSender()
        let before = sender.hasQueued
        #expect(sender.handle(.chunk(ordinal: 9, rank: 0, record: [1, 2, 3], isProtected: false), now: .zero).isEmpty)
        #expect(sender.hasQueued == before)
        // Nor over the next connection, should this one break off before the receipt.
        var actions = sender.handle(.room(10), now: .zero)
        _ = sender.handle(.disconnected, now: .seconds(1))
        _ = sender.handle(.connected(roundTrip: .milliseconds(80)), now: .seconds(2))
        _ = sender.handle(.room(10), now: .seconds(2))
        let welcome = Welcome(standing: .begun, nonce: [], manifestDigest: nil, pageCount: 0)
        actions += sender.handle(.datagram(Datagram.welcome(welcome).encoded()), now: .seconds(2))
        actions += sender.handle(.room(10), now: .seconds(2))
        let said = actions.compactMap { action in
            if case .send(let bytes) = action { try? Datagram(decoding: bytes) } else { nil }
        }
        #expect(said.contains(.end(tableDigest: digest)), "\(said)")
        #expect(!said.contains { if case .data = $0 { true } else { false } })
    }

    @Test("A sender takes no acknowledgement of chunks it was never given")
    func unknownChunks() throws {
        for ranges in [[5..<6], [0..<6], [0..<2, 16_383..<16_384], [100..<200]] as [[Range<UInt32>]] {
            expectViolation(try makeSender(), Datagram.acknowledgement(ranges).encoded(), "\(ranges)")
        }
    }

    @Test("A sender takes no acknowledgement of a chunk that it has not sent whole")
    func unsentChunks() throws {
        var sender = try makeSender()
        #expect(sender.hasQueued)
        let actions = sender.handle(.datagram(Datagram.acknowledgement([4..<5]).encoded()), now: .zero)
        guard case .failed(let error)? = actions.last else {
            Issue.record("\(actions)")
            return
        }
        #expect(error.code == .protocolViolation)
    }

    @Test("A sender refuses what only a sender may send", arguments: 0..<6)
    func senderMessagesToSender(which: Int) throws {
        let messages = [
            try hello(), fragment(0, total: 100, offset: 0), .heartbeat(Heartbeat(sequence: 0, departureMicroseconds: 0)),
            .end(tableDigest: digest), .bye,
            .parity(
                Parity(
                    ordinal: 0, totalByteCount: 100, block: 0, index: 0, departureMicroseconds: 0,
                    payload: [UInt8](repeating: 0, count: Parity.payloadByteCount)[...])),
        ]
        expectViolation(try makeSender(), messages[which].encoded(), "\(messages[which])")
        expectViolation(try makeEndingSender(), messages[which].encoded(), "\(messages[which])")
    }

    @Test("A receiver refuses what only a receiver may send, before and after the beginning", arguments: 0..<5)
    func receiverMessagesToReceiver(which: Int) throws {
        let messages = [
            Datagram.report(Report()), .acknowledgement([0..<1]), receipt(digest),
            .welcome(Welcome(standing: .fresh, nonce: [], manifestDigest: nil, pageCount: 0)),
            .holdings(Holdings(answer: 0, page: 0, pageCount: 1, runs: [])),
        ]
        expectViolation(try makeReceiver(), messages[which].encoded(), "\(messages[which])")
        try expectViolationOnceBegun(messages[which].encoded(), "\(messages[which])")
    }

    @Test("A receiver takes one beginning")
    func helloTwice() throws {
        expectViolation(try makeReceiver(), try hello().encoded(), "hello twice")
        var receiver = ReceiverSession(now: .zero)
        _ = receiver.handle(.datagram(try hello().encoded()), now: .zero)
        expectViolation(receiver, try hello().encoded(), "hello twice before it is known what is on disk")
    }

    @Test("A receiver takes no farewell before its receipt is sent")
    func earlyFarewell() throws {
        try expectViolationOnceBegun(Datagram.bye.encoded(), "waiting")
        var receiver = try makeReceiver()
        expectViolation(receiver, Datagram.bye.encoded(), "receiving")
        #expect(
            receiver.handle(.datagram(Datagram.end(tableDigest: digest).encoded()), now: .zero) == [.store(tableDigest: digest)])
        expectViolation(receiver, Datagram.bye.encoded(), "storing")
        _ = receiver.handle(.stored(Receipt(tableDigest: digest, volumes: [])), now: .zero)
        #expect(receiver.handle(.datagram(Datagram.bye.encoded()), now: .zero) == [.closed])
    }

    @Test("A receiver takes no chunk of two lengths")
    func twoLengths() throws {
        var receiver = try makeReceiver()
        #expect(receiver.handle(.datagram(fragment(3, total: 5000, offset: 0).encoded()), now: .zero).first == .firstByte(3))
        expectViolation(receiver, fragment(3, total: 5001, offset: 1421).encoded(), "longer")
        expectViolation(receiver, fragment(3, total: 2000, offset: 1421).encoded(), "shorter")
        let parity = Parity(
            ordinal: 3, totalByteCount: 5001, block: 0, index: 0, departureMicroseconds: 0,
            payload: [UInt8](repeating: 5, count: Parity.payloadByteCount)[...])
        expectViolation(receiver, Datagram.parity(parity).encoded(), "parity of a longer one")
        #expect(receiver.handle(.datagram(fragment(4, total: 5001, offset: 0).encoded()), now: .zero).first == .firstByte(4))
    }

    @Test("A fragment that comes twice, or after its chunk is whole, changes nothing")
    func duplicates() throws {
        var receiver = try makeReceiver()
        let (first, rest) = (fragment(3, total: 1500, offset: 0), fragment(3, total: 1500, offset: 1421))
        guard case .data(let firstPiece) = first, case .data(let lastPiece) = rest else { return }
        #expect(receiver.handle(.datagram(first.encoded()), now: .zero) == [.firstByte(3), .keep(firstPiece)])
        #expect(receiver.handle(.datagram(first.encoded()), now: .zero).isEmpty)
        let whole = receiver.handle(.datagram(rest.encoded()), now: .zero)
        #expect(whole == [.keep(lastPiece), .chunk(3, record: [UInt8](repeating: 9, count: 1500))])
        for offset in [0, 1421] {
            #expect(receiver.handle(.datagram(fragment(3, total: 1500, offset: offset).encoded()), now: .zero).isEmpty)
        }
    }

    @Test("Neither end takes what is no datagram of this version")
    func garbage() throws {
        let good = Datagram.heartbeat(Heartbeat(sequence: 1, departureMicroseconds: 2)).encoded()
        var cases: [(String, [UInt8])] = [
            ("nothing", []), ("another protocol", Array("GET / HTTP/1.1\r\n\r\n".utf8)), ("cut off", Array(good.dropLast())),
            ("one byte more", good + [0]), ("too long", good + [UInt8](repeating: 0, count: 1456)),
        ]
        for (name, index, value) in [
            ("magic", 0, 0xF4), ("version 1", 1, 1), ("version 0", 1, 0), ("kind 0", 2, 0), ("kind 13", 2, 13),
        ] {
            var bytes = good
            bytes[index] = UInt8(value)
            cases.append((name, bytes))
        }
        var generator = SeededGenerator(seed: 11)
        for number in 0..<200 {
            let bytes = (0..<Int.random(in: 1...1456, using: &generator)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            cases.append(("seed 11, number \(number)", bytes))
        }
        for (name, bytes) in cases {
            expectViolation(try makeSender(), bytes, "\(name)")
            expectViolation(try makeReceiver(), bytes, "\(name)")
        }
    }

    @Test("The answer to another version names both versions")
    func otherVersion() throws {
        var receiver = ReceiverSession(now: .zero)
        guard case .failed(let error)? = receiver.handle(.datagram([0xF5, 1, 1]), now: .zero).last else {
            Issue.record("version 1 is taken")
            return
        }
        #expect(error.message.contains("version 1") && error.message.contains("this program 2"))
    }

    @Test(
        "Over a link, a violation ends both ends, and the offender learns what was wrong", arguments: [Endpoint.client, .server])
    func acrossTheLink(offender: Endpoint) throws {
        var pair = try SessionPair(SessionPair.Setup(link: Link.rural4G.parameters(), chunks: makeSession(seed: 1)))
        pair.at(.milliseconds(400)) { pair in
            if offender == .client {
                pair.tell(receiver: .datagram([0xF5, 2, 77]))
            } else {
                pair.tell(sender: .datagram([0xF5, 2, 77]))
            }
        }
        pair.run(until: .seconds(5))
        #expect(pair.isOver)
        let failures = [pair.senderFailure, pair.receiverFailure].compactMap { $0 }
        #expect(Set(failures.map(\.code)) == [.protocolViolation, .peerAborted])
        let offended = offender == .client ? pair.senderFailure : pair.receiverFailure
        #expect(offended?.code == .peerAborted && offended?.message.contains("kind 77") == true)
    }
}
