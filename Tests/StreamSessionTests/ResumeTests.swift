import Congestion
import Bytes
import Faults
import NetSim
import StreamSession
import Testing
import WireFormat

@Suite("Going on where a connection was lost")
struct ResumeTests {
    private func makeSetup(seed: UInt64, byteCount: Int = 400_000, loss: Double = 0.02) throws -> SessionPair.Setup {
        var setup = SessionPair.Setup(
            link: try Link.rural4G.parameters(loss: loss), seed: seed, chunks: try makeSession(seed: seed, byteCount: byteCount))
        setup.reconnectDelay = .milliseconds(700)
        return setup
    }

    private func expectLittleTwice(_ pair: SessionPair, _ comment: Comment) {
        #expect(pair.traffic.twiceByteCount <= pair.traffic.inFlightByteCount, comment)
        #expect(pair.traffic.keptAndSentByteCount == 0, comment)
    }

    @Test("However often the connection is lost, all arrives, and nothing goes twice but what was in flight")
    func connectionLost() throws {
        for seed in 1...UInt64(40) {
            var random = SeededGenerator(seed: seed, stream: 3)
            var pair = try SessionPair(try makeSetup(seed: seed))
            let lossCount = Int.random(in: 1...5, using: &random)
            for index in 0..<lossCount {
                pair.at(.milliseconds(Int.random(in: 1...(index == 0 ? 1500 : 4000), using: &random))) { $0.loseConnection() }
            }
            pair.run()
            pair.expectCompleteInTheEnd("seed \(seed), \(pair.connectionCount) connections")
            expectLittleTwice(pair, "seed \(seed)")
            #expect(pair.connectionCount > 1, "seed \(seed)")
            // The sender's own count is of one life, and this was one.
            #expect(pair.sender.resentByteCount == pair.traffic.twiceByteCount, "seed \(seed)")
        }
    }

    @Test("A connection lost at any moment of the end still gives a receipt")
    func lostAtTheEnd() throws {
        var whole = try SessionPair(try makeSetup(seed: 3, byteCount: 60_000, loss: 0))
        whole.run()
        whole.expectComplete("undisturbed")
        let last = Int(whole.now / .milliseconds(1))
        for milliseconds in stride(from: last - 400, through: last, by: 5) {
            var pair = try SessionPair(try makeSetup(seed: 3, byteCount: 60_000, loss: 0))
            pair.at(.milliseconds(milliseconds)) { $0.loseConnection() }
            pair.run()
            pair.expectCompleteInTheEnd("lost at \(milliseconds) ms")
        }
    }

    @Test("A sender that is begun anew sends what is missing, and learns that the rest is there")
    func senderRestarted() throws {
        for seed in 1...UInt64(40) {
            var random = SeededGenerator(seed: seed, stream: 4)
            var pair = try SessionPair(try makeSetup(seed: seed))
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                pair.at(.milliseconds(Int.random(in: 1...3000, using: &random))) { $0.restartSender(after: .milliseconds(900)) }
            }
            pair.run()
            pair.expectCompleteInTheEnd("seed \(seed), \(pair.connectionCount) connections")
            expectLittleTwice(pair, "seed \(seed)")
        }
    }

    @Test("A sender that goes on says how many bytes were there already")
    func resumedAt() throws {
        var pair = try SessionPair(try makeSetup(seed: 2, loss: 0))
        pair.run(until: .milliseconds(1200))
        var kept = 0
        for case (_, .keep(let fragment)) in pair.receiverActions { kept += fragment.payload.count }
        pair.loseConnection()
        pair.run()
        pair.expectCompleteInTheEnd("seed 2")
        // A chunk that is confirmed is no longer the sender's affair; what it is told counts all the same.
        let told = pair.senderActions.compactMap { if case .resumedAt(let byteCount) = $0.action { byteCount } else { nil } }
        let sum = try #require(told.first)
        #expect(told.count == 1 && kept > 0 && sum >= kept && sum - kept < Fragment.payloadLimit * pair.setup.chunks.count)
    }

    @Test("A session that is complete at the receiver ends without a byte of it sent again", arguments: [false, true])
    func complete(restarted: Bool) throws {
        var pair = try SessionPair(try makeSetup(seed: 5))
        pair.fate = { endpoint, datagram in if case .receipt = datagram { .neverSent } else { .carried } }
        pair.run(until: .seconds(60)) { $0.stored != nil }
        pair.run(until: pair.now + .seconds(1))
        #expect(pair.stored == pair.receipt && !pair.sender.isOver)
        pair.fate = { _, _ in .carried }
        let sent = pair.traffic.sentByteCount
        if restarted { pair.restartSender(after: .seconds(1)) } else { pair.loseConnection() }
        pair.run()
        pair.expectCompleteInTheEnd("seed 5")
        #expect(pair.traffic.sentByteCount == sent)
    }

    @Test("Another volume under the name of a session that the receiver has begun is refused, and the way out is said")
    func anotherVolume() throws {
        var pair = try SessionPair(try makeSetup(seed: 6))
        pair.run(until: .milliseconds(1500))
        let disk = pair.disk
        #expect(!disk.isEmpty)
        // Other bytes of every chunk, the manifest's too.
        for ordinals in [[0, 1, 2], [1, 0], [0]] as [[UInt32]] {
            var sender = SenderSession(try pair.setup.sender(mayBeKnown: true), now: .zero)
            var receiver = ReceiverSession(now: .zero)
            _ = sender.handle(.connected(roundTrip: .milliseconds(80)), now: .zero)
            var actions: [SenderSession.Action] = []
            for case .send(let hello) in sender.handle(.transport(TransportState()), now: .zero) {
                #expect(receiver.handle(.datagram(hello), now: .zero).count == 1)
            }
            for ordinal in ordinals {
                let record = try makeRecord(ordinal, byteCount: 2000, seed: 99)
                actions += sender.handle(.chunk(ordinal: ordinal, rank: UInt64(ordinal), record: record), now: .zero)
            }
            #expect(actions.isEmpty)
            for case .send(let bytes) in receiver.handle(.opened(disk, nonce: []), now: .zero) {
                actions += sender.handle(.datagram(bytes), now: .zero)
            }
            guard case .failed(let error)? = actions.last, case .send(let farewell)? = actions.dropLast().last else {
                Issue.record("\(ordinals): \(actions)")
                continue
            }
            #expect(error.code == .protocolViolation && sender.isOver)
            #expect(error.message.contains("--session") && error.message.contains("'pair'"), "\(error.message)")
            #expect(sender.handle(.transport(TransportState()), now: .zero).isEmpty)
            guard case .failed(let refused)? = receiver.handle(.datagram(farewell), now: .zero).last else {
                Issue.record("the receiver goes on")
                continue
            }
            #expect(refused.code == .peerAborted && refused.message.contains("--session"))
        }
    }

    @Test(
        "A piece that is lost above the transport is sent again once the receiver has said what it holds",
        arguments: 1...UInt64(6))
    func lostAbove(seed: UInt64) throws {
        var setup = try makeSetup(seed: seed, byteCount: 60_000)
        setup.reconnectDelay = nil
        var pair = try SessionPair(setup)
        var dropped: Set<[UInt32]> = []
        pair.fate = { _, datagram in
            guard case .data(let fragment) = datagram, fragment.ordinal % 3 == 1, fragment.offset == 0,
                dropped.insert([fragment.ordinal, fragment.offset]).inserted
            else { return .carried }
            return .neverSent
        }
        pair.run()
        pair.expectComplete("seed \(seed)")
        #expect(dropped.count >= 4)
        // As many as were lost, and no other.
        let places = pair.sentFragments.map { [$0.fragment.ordinal, $0.fragment.offset] }
        let twice = Dictionary(grouping: places, by: { $0 }).filter { $0.value.count > 1 }
        #expect(Set(twice.keys) == dropped && twice.values.allSatisfy { $0.count == 2 }, "seed \(seed)")
        #expect(pair.traffic.keptAndSentByteCount == 0, "seed \(seed)")
    }

    @Test("A welcome that is overtaken by what comes after it begins the session all the same", arguments: [false, true])
    func welcomeOvertaken(sealed: Bool) throws {
        var setup = try makeSetup(seed: 7, loss: 0)
        if sealed { setup.secret = try Secrets.shared() }
        var pair = try SessionPair(setup)
        pair.run(until: .milliseconds(900))
        pair.loseConnection()
        var isFirst = true
        pair.fate = { _, datagram in
            guard case .welcome = datagram, isFirst else { return .carried }
            isFirst = false
            return .lostOnLink
        }
        pair.run()
        pair.expectCompleteInTheEnd("welcome lost")
        #expect(pair.connectionCount == 2 && pair.now < .seconds(10))
    }

    @Test("A chunk that turns out wrong comes again, whole and alone", arguments: [0, 0.05])
    func wrongChunk(loss: Double) throws {
        for ordinal in [0, 2, 13] as [UInt32] {
            var setup = try makeSetup(seed: 8, byteCount: 60_000, loss: loss)
            setup.wrongOnce = [ordinal]
            var pair = try SessionPair(setup)
            pair.run()
            #expect(pair.senderActions.last?.action == .finished(pair.receipt) && pair.receiver.isOver, "chunk \(ordinal)")
            #expect(pair.arrivals.map(\.ordinal).filter { $0 == ordinal }.count == 2, "chunk \(ordinal)")
            #expect(pair.acknowledged.sorted() == setup.chunks.map(\.ordinal), "chunk \(ordinal)")
            let byteCount = setup.chunks.first { $0.ordinal == ordinal }?.record.count
            #expect(pair.traffic.twiceByteCount == byteCount, "chunk \(ordinal)")
        }
    }

    @Test("Another volume under the name of a session that is complete is refused too")
    func anotherVolumeThanComplete() throws {
        var setup = SenderSession.Setup(session: try Name("pair"), goal: .roi, rate: .fixed(2.4e9))
        setup.mayBeKnown = true
        var sender = SenderSession(setup, now: .zero)
        var receiver = ReceiverSession(now: .zero)
        var toSender: [ReceiverSession.Action] = []
        func exchange() -> [SenderSession.Action] {
            var actions: [SenderSession.Action] = []
            for case .send(let bytes) in toSender { actions += sender.handle(.datagram(bytes), now: .zero) }
            toSender = []
            for case .send(let bytes) in actions + sender.handle(.transport(TransportState()), now: .zero) {
                toSender += receiver.handle(.datagram(bytes), now: .zero)
            }
            return actions
        }
        _ = sender.handle(.connected(roundTrip: .milliseconds(80)), now: .zero)
        _ = exchange()
        let receipt = Receipt(tableDigest: Digest(of: [1]), volumes: [])
        toSender += receiver.handle(.openedComplete(receipt, nonce: []), now: .zero)
        _ = exchange()
        _ = sender.handle(.chunk(ordinal: 0, rank: 0, record: try makeRecord(0, byteCount: 2000, seed: 99)), now: .zero)
        _ = sender.handle(.supplied(tableDigest: Digest(of: [2])), now: .zero)
        var last: [SenderSession.Action] = []
        for _ in 0..<4 where !sender.isOver { last = exchange() }
        guard case .failed(let error)? = last.last else {
            Issue.record("\(last)")
            return
        }
        #expect(error.code == .peerAborted && receiver.isOver)
    }

    @Test("A receiver that resumes may confirm what this sender has not made yet; one that does not may not")
    func confirmedEarly() throws {
        let record = try makeRecord(3, byteCount: 100)
        for standing in [Welcome.Standing.begun, .fresh] {
            var setup = SenderSession.Setup(session: try Name("early"), goal: .roi, rate: .fixed(1e9))
            setup.mayBeKnown = true
            var sender = SenderSession(setup, now: .zero)
            _ = sender.handle(.connected(roundTrip: .milliseconds(80)), now: .zero)
            let welcome = Welcome(standing: standing, nonce: [], manifestDigest: nil, pageCount: 0)
            #expect(sender.handle(.datagram(Datagram.welcome(welcome).encoded()), now: .zero).isEmpty)
            let actions = sender.handle(.datagram(Datagram.acknowledgement([3..<4]).encoded()), now: .zero)
            if standing == .begun {
                #expect(actions.isEmpty)
                let chunk = sender.handle(.chunk(ordinal: 3, rank: 0, record: record), now: .zero)
                #expect(chunk == [.acknowledged([3])])
            } else {
                guard case .failed(let error)? = actions.last else {
                    Issue.record("\(actions)")
                    continue
                }
                #expect(error.code == .protocolViolation)
            }
        }
    }
}
