import Congestion
import NetSim
import Secrecy
import StreamSession
import Testing
import WireFormat

@Suite("Sessions of ends that share a secret")
struct SealedSessionTests {
    private func makeSetup(seed: UInt64, loss: Double = 0.02, byteCount: Int = 60_000) throws -> SessionPair.Setup {
        var setup = SessionPair.Setup(
            link: try Link.rural4G.parameters(loss: loss), seed: seed, chunks: try makeSession(seed: seed, byteCount: byteCount))
        setup.secret = try Secrets.shared()
        return setup
    }

    private func alteredCount(_ pair: SessionPair) -> (sender: Int, receiver: Int) {
        (
            pair.senderActions.filter { $0.action == .altered }.count,
            pair.receiverActions.filter { $0.action == .altered }.count
        )
    }

    @Test("With a secret every chunk arrives and both ends are over", arguments: Link.allCases, [0, 0.05, 0.1])
    func complete(link: Link, loss: Double) throws {
        for seed in 1...UInt64(8) {
            var setup = try makeSetup(seed: seed)
            setup.link = try link.parameters(loss: loss)
            var pair = try SessionPair(setup)
            pair.run(until: .seconds(300))
            pair.expectComplete("\(link.rawValue), loss \(loss), seed \(seed), at \(pair.now)")
            #expect(alteredCount(pair) == (0, 0), "\(link.rawValue), loss \(loss), seed \(seed)")
            for case (_, .send(let bytes)) in pair.senderActions { #expect(bytes.count <= WireLimits.datagramByteCount) }
            for case (_, .send(let bytes)) in pair.receiverActions { #expect(bytes.count <= WireLimits.datagramByteCount) }
        }
    }

    @Test("A hello that is lost on the link is recovered like everything else")
    func lostHello() throws {
        var pair = try SessionPair(try makeSetup(seed: 1, loss: 0))
        var lossCount = 0
        pair.fate = { _, datagram in
            guard case .hello = datagram, lossCount == 0 else { return .carried }
            lossCount += 1
            return .lostOnLink
        }
        pair.run()
        pair.expectComplete("hello lost")
        #expect(lossCount == 1)
        #expect(pair.now < .seconds(10))
    }

    @Test("Altered pieces are ignored, said once, and repaired", arguments: 1...UInt64(8))
    func altered(seed: UInt64) throws {
        var pair = try SessionPair(try makeSetup(seed: seed))
        var random = SeededGenerator(seed: seed, stream: 9)
        var alteredCount = 0
        pair.arrival = { endpoint, bytes in
            guard endpoint == .server, bytes.count > 100, Int.random(in: 0..<5, using: &random) == 0 else {
                return [(endpoint, bytes)]
            }
            alteredCount += 1
            var changed = bytes
            changed[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            return [(endpoint, changed)]
        }
        pair.run()
        pair.expectComplete("seed \(seed)")
        #expect(alteredCount > 3 && self.alteredCount(pair) == (0, 1), "seed \(seed): \(alteredCount)")
        // Each altered one is sent again, and none is taken.
        #expect(pair.traffic.keptAndSentByteCount == 0, "seed \(seed)")
    }

    enum Message: String, CaseIterable, Sendable {
        case hello, welcome, acknowledgement, end, receipt, heartbeat, report, bye

        func isSame(as datagram: Datagram, of pair: SessionPair.Setup) -> Bool {
            switch (self, datagram) {
            case (.hello, .hello), (.welcome, .welcome), (.end, .end), (.receipt, .receipt), (.heartbeat, .heartbeat),
                (.report, .report),
                (.bye, .bye):
                true
            case (.acknowledgement, .acknowledgement(let ranges)): ranges.joined().count == pair.chunks.count
            default: false
            }
        }
    }

    @Test("A message other than a piece that is altered once does not end or hold up the session", arguments: Message.allCases)
    func alteredMessage(which: Message) throws {
        var setup = try makeSetup(seed: 2, loss: 0)
        setup.reconnectDelay = .seconds(1)
        var pair = try SessionPair(setup)
        var isAltered = false
        pair.arrival = { endpoint, bytes in
            guard !isAltered, let datagram = try? Datagram(decoding: Array(bytes.dropLast(Datagram.sealByteCount))),
                which.isSame(as: datagram, of: setup)
            else { return [(endpoint, bytes)] }
            isAltered = true
            var changed = bytes
            changed[bytes.count - 1] ^= 1
            return [(endpoint, changed)]
        }
        pair.run(until: .seconds(1800))
        #expect(isAltered)
        pair.expectCompleteInTheEnd("\(which) altered")
        // A farewell or a welcome that does not come is noticed by silence alone.
        #expect(pair.now < .seconds(which == .bye || which == .welcome ? 130 : 15), "\(which): \(pair.now)")
    }

    @Test("Datagrams that come again or come back change nothing", arguments: 1...UInt64(8))
    func replayed(seed: UInt64) throws {
        func log(_ arrival: ((Endpoint, [UInt8]) -> [(Endpoint, [UInt8])])?) throws -> SessionPair {
            var pair = try SessionPair(try makeSetup(seed: seed, loss: 0))
            pair.arrival = arrival
            pair.run()
            pair.expectComplete("seed \(seed)")
            return pair
        }
        func told(_ pair: SessionPair) -> [SessionPair.Entry] {
            pair.log.filter { $0.what != .sender(.altered) && $0.what != .receiver(.altered) }
        }
        let plain = try log(nil)
        var random = SeededGenerator(seed: seed, stream: 8)
        var seen: [Endpoint: [[UInt8]]] = [:]
        let replayed = try log { endpoint, bytes in
            seen[endpoint, default: []].append(bytes)
            return [(endpoint, bytes), (endpoint, bytes), (endpoint, seen[endpoint]?.randomElement(using: &random) ?? bytes)]
        }
        #expect(told(replayed) == told(plain), "seed \(seed)")
        #expect(alteredCount(replayed) == (1, 1), "seed \(seed)")
        let reflected = try log { endpoint, bytes in [(endpoint, bytes), (endpoint.peer, bytes)] }
        #expect(told(reflected) == told(plain), "seed \(seed)")
    }

    @Test("What was recorded of one connection is refused on another")
    func anotherConnection() throws {
        var setup = try makeSetup(seed: 4, byteCount: 600_000)
        setup.reconnectDelay = .milliseconds(500)
        var pair = try SessionPair(setup)
        var recorded: [(Endpoint, [UInt8])] = []
        pair.arrival = { endpoint, bytes in
            recorded.append((endpoint, bytes))
            return [(endpoint, bytes)]
        }
        pair.run(until: .seconds(1))
        pair.arrival = nil
        pair.loseConnection()
        let before = pair.traffic
        pair.run(until: .seconds(2))
        for (endpoint, bytes) in recorded {
            if endpoint == .server { pair.tell(receiver: .datagram(bytes)) } else { pair.tell(sender: .datagram(bytes)) }
        }
        #expect(!pair.sender.isOver && !pair.receiver.isOver && before.sentByteCount > 0)
        pair.run()
        pair.expectCompleteInTheEnd("recorded")
        #expect(alteredCount(pair) == (1, 1))
    }

    @Test("A wrong secret, a missing one and one too many never begin a session", arguments: 0..<3)
    func wrongSecret(which: Int) throws {
        let right = try Secrets.shared()
        let wrong = try Secret(text: "correct horse battery stapler")
        let (own, other) = [(right, wrong), (nil, right), (right, nil)][which] as (Secret?, Secret?)
        var setup = SenderSession.Setup(session: try Name("wrong"), goal: .roi, rate: .fixed(2.4e9))
        setup.secret = own
        var sender = SenderSession(setup, now: .zero)
        var receiver = ReceiverSession(secret: other, now: .zero)
        let nonce = [UInt8](repeating: 4, count: Hello.nonceByteCount)
        _ = sender.handle(.connected(roundTrip: .milliseconds(80), nonce: nonce), now: .zero)
        _ = sender.handle(.chunk(ordinal: 0, rank: 0, record: try makeRecord(0, byteCount: 3000)), now: .zero)
        var actions: [ReceiverSession.Action] = []
        for milliseconds in stride(from: 0, through: 12_000, by: 20) {
            let now = Duration.milliseconds(milliseconds)
            if let tick = sender.nextTick, tick <= now { _ = sender.handle(.tick, now: now) }
            for case .send(let bytes) in sender.handle(.room(9), now: now) {
                actions += receiver.handle(.datagram(bytes), now: now)
            }
            if let tick = receiver.nextTick, tick <= now { actions += receiver.handle(.tick, now: now) }
        }
        #expect(!actions.contains { if case .begun = $0 { true } else { false } })
        #expect(receiver.isOver)
        guard case .failed? = actions.last else {
            Issue.record("\(actions)")
            return
        }
        #expect(actions.filter { $0 == .altered }.count == (other == nil ? 0 : 1))
    }
}
