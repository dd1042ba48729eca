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
            let stalled = try [#require(pair.senderTime(.stalled)), #require(pair.receiverTime(.stalled))]
            let resumed = try [#require(pair.senderTime(.resumed)), #require(pair.receiverTime(.resumed))]
            let expected = try Endpoint.allCases.map { try #require(heard[$0]) + .seconds(2) }
            #expect(stalled == expected, "seed \(seed)")
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
        let sender = pair.senderActions.map(\.action).filter { $0 == .stalled || $0 == .resumed }
        let receiver = pair.receiverActions.map(\.action).filter { $0 == .stalled || $0 == .resumed }
        #expect(sender == [.stalled, .resumed, .stalled, .resumed, .stalled, .resumed])
        #expect(receiver == [.stalled, .resumed, .stalled, .resumed, .stalled, .resumed])
    }

    @Test("A link that stays away fails both ends after twenty seconds of silence")
    func forGood() throws {
        var pair = try makePair()
        pair.at(.seconds(2)) { $0.setOutage(true) }
        pair.run()
        #expect(pair.isOver)
        for (endpoint, failure, last) in [
            (Endpoint.client, pair.senderFailure, pair.senderActions.last?.time),
            (.server, pair.receiverFailure, pair.receiverActions.last?.time),
        ] {
            #expect(failure?.code == .peerSilent && failure?.message.contains("20 s") == true)
            #expect(last == pair.lastHeard[endpoint].map { $0 + .seconds(20) })
        }
        #expect(pair.senderTime(.resumed) == nil && pair.receiverTime(.resumed) == nil)
    }

    @Test("Only the end that hears nothing stalls when one direction is cut")
    func oneWay() throws {
        for (heading, senderStalls) in [(Heading.up, false), (.down, true)] {
            var pair = try makePair()
            pair.at(.seconds(2)) { $0.setOutage(true, [heading]) }
            pair.run(until: .seconds(12))
            #expect((pair.senderTime(.stalled) != nil) == senderStalls)
            #expect((pair.receiverTime(.stalled) != nil) == !senderStalls)
            #expect(!pair.sender.isOver && !pair.receiver.isOver)
        }
    }

    @Test("A link that comes back just before twenty seconds saves the session")
    func justInTime() throws {
        var pair = try makePair()
        pair.at(.seconds(2)) { $0.setOutage(true) }
        pair.at(.milliseconds(20_500)) { $0.setOutage(false) }
        pair.run()
        pair.expectComplete("just in time")
    }

    @Test("An idle sender and a slow decoder never look silent to each other")
    func idle() throws {
        var setup = SessionPair.Setup(link: try Link.geoSatellite.parameters(loss: 0.05), seed: 5, chunks: try makeSession(seed: 5))
        setup.chunks[4].readyAt = .seconds(90)
        setup.decodeDelay = .seconds(40)
        var pair = try SessionPair(setup)
        pair.run()
        pair.expectComplete("seed 5")
        #expect(pair.senderTime(.stalled) == nil && pair.receiverTime(.stalled) == nil)
    }

    @Test("A sender that is never connected gives up after twenty seconds")
    func neverConnected() throws {
        var sender = SenderSession(session: try Name("alone"), goal: .roi, now: .zero)
        var last: SenderSession.Action?
        var end = Duration.zero
        while let tick = sender.nextTick, tick < .seconds(60) {
            end = tick
            last = sender.handle(.tick, now: tick).last ?? last
        }
        guard case .failed(let error)? = last else {
            Issue.record("no failure but \(String(describing: last))")
            return
        }
        #expect(error.code == .peerSilent && end == .seconds(20) && sender.isOver)
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

    @Test("The receiver reports every 100 ms what it has received, and the least delay since its last report")
    func reports() throws {
        var pair = try makePair()
        pair.run(until: .seconds(2))
        let reports = pair.sent(from: .server).compactMap { entry -> (Duration, Report)? in
            if case .report(let report) = entry.datagram { (entry.time, report) } else { nil }
        }
        let expected = (1...20).map { Duration.milliseconds($0 * 100) }
        #expect(reports.map(\.0) == expected)
        #expect(reports.map { Duration.microseconds($0.1.receiverMicroseconds) } == expected)
        // One way is 40 ms; behind it, at most what the transport holds unsent.
        #expect(reports.dropFirst().allSatisfy { (40_000...65_000).contains($0.1.leastDelayMicroseconds) })
        #expect(zip(reports, reports.dropFirst()).allSatisfy { $0.1.receivedByteCount < $1.1.receivedByteCount })
        let last = try #require(reports.last?.1)
        let sentByteCount = pair.sent(from: .client).reduce(0) { $0 + $1.datagram.encoded().count }
        #expect(last.receivedDatagramCount > 100 && Int(last.receivedByteCount) <= sentByteCount)
        #expect(pair.senderActions.contains { $0.action == .report(reports[10].1) })
    }

    @Test(
        "The least delay is that since the last report, modulo 2^32, and 0 when nothing came",
        arguments: [0, 90_000, UInt32.max - 70_000] as [UInt32])
    func leastDelay(offset: UInt32) throws {
        var receiver = ReceiverSession(now: .zero)
        func hear(at now: Duration, delay: UInt32) {
            let departure = UInt32(truncatingIfNeeded: Int64(now / .microseconds(1))) &- delay &- offset
            let beat = Datagram.heartbeat(Heartbeat(sequence: 0, departureMicroseconds: departure))
            #expect(receiver.handle(.datagram(beat.encoded()), now: now).isEmpty)
        }
        func report(at now: Duration) throws -> UInt32? {
            guard case .send(let bytes)? = receiver.handle(.tick, now: now).last,
                case .report(let report) = try Datagram(decoding: bytes)
            else { return nil }
            return report.leastDelayMicroseconds
        }
        for delay in [80_000, 60_000, 75_000] as [UInt32] { hear(at: .milliseconds(90), delay: delay) }
        #expect(try report(at: .milliseconds(100)) == 60_000 &+ offset)
        for delay in [90_000, 85_000] as [UInt32] { hear(at: .milliseconds(190), delay: delay) }
        #expect(try report(at: .milliseconds(200)) == 85_000 &+ offset)
        #expect(try report(at: .milliseconds(300)) == 0)
    }
}
