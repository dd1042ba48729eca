import Faults
import NetSim
import StreamSession
import Testing
import WireFormat

@Suite("Silence")
struct SilenceTests {
    /// Busy for far longer than the outages.
    private func makePair(loss: Double = 0, seed: UInt64 = 1, link: Link = .rural4G) throws -> SessionPair {
        let parameters = try link.parameters(loss: loss)
        let byteCount = Int(parameters.up.rateBitsPerSecond / 8 * 8)
        return try SessionPair(
            SessionPair.Setup(link: parameters, seed: seed, chunks: makeSession(seed: seed, byteCount: byteCount)))
    }

    @Test(
        "An outage of ten seconds stalls both ends after two, and both resume and finish",
        arguments: [Link.rural4G, .geoSatellite], [0, 0.05])
    func outage(link: Link, loss: Double) throws {
        for seed in 1...UInt64(3) {
            var pair = try makePair(loss: loss, seed: seed, link: link)
            var heard: [Endpoint: Duration] = [:]
            pair.at(.seconds(3)) { $0.setOutage(true) }
            pair.at(.seconds(8)) { heard = $0.lastHeard }
            pair.at(.seconds(13)) { $0.setOutage(false) }
            pair.run()
            pair.expectComplete("seed \(seed)")
            let stalled = try [#require(pair.senderTime(.stalled(.silent))), #require(pair.receiverTime(.stalled))]
            let resumed = try [#require(pair.senderTime(.resumed)), #require(pair.receiverTime(.resumed))]
            let lastHeard = try Endpoint.allCases.map { try #require(heard[$0]) }
            // Two seconds, or four round trips as the sender finds them, its queue included.
            #expect(stalled[1] == lastHeard[1] + .seconds(2), "seed \(seed)")
            let silence = (stalled[0] - lastHeard[0]) / .seconds(1)
            #expect((link == .rural4G ? 2.0...2.001 : 4 * 0.6...4 * 0.9).contains(silence), "seed \(seed): \(silence)")
            #expect(resumed.allSatisfy { $0 >= .seconds(13) && $0 < .seconds(16) }, "seed \(seed): \(resumed)")
        }
    }

    @Test("Stalling and resuming are each said once an outage")
    func saidOnce() throws {
        var pair = try makePair()
        for start in [2, 9, 16] {
            pair.at(.seconds(start)) { $0.setOutage(true) }
            pair.at(.seconds(start + 4)) { $0.setOutage(false) }
        }
        pair.run()
        pair.expectComplete("three outages")
        let sender = pair.senderActions.map(\.action).filter { $0 == .stalled(.silent) || $0 == .resumed }
        let receiver = pair.receiverActions.map(\.action).filter { $0 == .stalled || $0 == .resumed }
        #expect(sender == [.stalled(.silent), .resumed, .stalled(.silent), .resumed, .stalled(.silent), .resumed])
        #expect(receiver == [.stalled, .resumed, .stalled, .resumed, .stalled, .resumed])
    }

    @Test(
        "A link that stays away ends the connection after 125 s: the receiver fails, the sender tries for ten minutes more"
    )
    func forGood() throws {
        var pair = try makePair()
        pair.at(.seconds(2)) { $0.setOutage(true) }
        pair.run(until: .seconds(900))
        #expect(pair.isOver)
        let parted = try #require(pair.lastHeard[.client]) + .seconds(125)
        #expect(pair.senderTime(.reconnect) == parted)
        #expect(pair.senderFailure?.code == .peerSilent && pair.senderFailure?.message.contains("600 s") == true)
        #expect(pair.senderActions.last?.time == parted + .seconds(600))
        #expect(pair.receiverFailure?.code == .peerSilent && pair.receiverFailure?.message.contains("125 s") == true)
        #expect(pair.receiverActions.last?.time == pair.lastHeard[.server].map { $0 + .seconds(125) })
        #expect(pair.senderTime(.resumed) == nil && pair.receiverTime(.resumed) == nil)
    }

    @Test("The end that hears nothing stalls when one direction is cut, and a sender also when nothing of its own arrives")
    func oneWay() throws {
        for (heading, senderStalls) in [(Heading.up, false), (.down, true)] {
            var pair = try makePair()
            pair.at(.seconds(2)) { $0.setOutage(true, [heading]) }
            pair.run(until: .seconds(12))
            #expect((pair.senderTime(.stalled(.silent)) != nil) == senderStalls)
            // Told of by the receiver's reports, which count nothing new.
            #expect((pair.senderTime(.stalled(.nothingArrives)) != nil) == !senderStalls)
            #expect(pair.senderTime(.stalled(.onlySmallArrives)) == nil)
            #expect((pair.receiverTime(.stalled) != nil) == !senderStalls)
            #expect(!pair.sender.isOver && !pair.receiver.isOver)
        }
    }

    @Test("A link that comes back just before 125 s are over saves the connection")
    func justInTime() throws {
        var pair = try makePair()
        pair.at(.seconds(2)) { $0.setOutage(true) }
        pair.at(.milliseconds(125_500)) { $0.setOutage(false) }
        pair.run()
        pair.expectComplete("just in time")
    }

    @Test("An idle sender and a slow decoder never look silent to each other")
    func idle() throws {
        var setup = SessionPair.Setup(
            link: try Link.geoSatellite.parameters(loss: 0.05), seed: 5, chunks: try makeSession(seed: 5))
        setup.chunks[4].readyAt = .seconds(90)
        setup.decodeDelay = .seconds(40)
        var pair = try SessionPair(setup)
        pair.run()
        pair.expectComplete("seed 5")
        #expect(pair.senderTime(.stalled(.silent)) == nil && pair.receiverTime(.stalled) == nil)
        #expect(pair.senderTime(.stalled(.nothingArrives)) == nil && pair.senderTime(.stalled(.onlySmallArrives)) == nil)
        // That nothing is confirmed for 40 s is worth a word, and what it is.
        #expect(pair.senderTime(.stalled(.unconfirmed)) != nil)
    }

    @Test("A sender that is never connected says nothing, and fails once no connection can be had")
    func neverConnected() throws {
        var sender = SenderSession(session: try Name("alone"), goal: .roi, now: .zero)
        #expect(sender.nextTick == nil)
        #expect(sender.handle(.chunk(ordinal: 0, rank: 0, record: try makeRecord(0, byteCount: 100)), now: .zero).isEmpty)
        for second in 1...1000 { #expect(sender.handle(.tick, now: .seconds(second)).isEmpty) }
        #expect(sender.handle(.room(9), now: .seconds(1000)).isEmpty && !sender.hasQueued)
        let expected = SessionError(.unreachable, "nobody listens there")
        #expect(sender.handle(.unreachable(expected.message), now: .seconds(1001)) == [.failed(expected)])
        #expect(sender.isOver)
    }

    @Test("A receiver gives up a connection on which nobody says who it is, though data come", arguments: [false, true])
    func noBeginning(dataCome: Bool) throws {
        let limit = SessionTiming().helloLimit
        var receiver = ReceiverSession(now: .seconds(5))
        var ends: [ReceiverSession.Action] = []
        var end = Duration.zero
        let beat = Datagram.heartbeat(Heartbeat(sequence: 0, departureMicroseconds: 0)).encoded()
        while let tick = receiver.nextTick, tick < .seconds(60) {
            end = tick
            if dataCome { #expect(receiver.handle(.datagram(beat), now: tick).isEmpty) }
            ends = receiver.handle(.tick, now: tick)
        }
        #expect(end == .seconds(5) + limit && receiver.isOver)
        guard case .failed(let silent)? = ends.last else {
            Issue.record("no failure but \(ends)")
            return
        }
        #expect(silent.code == .peerSilent)
    }
}
