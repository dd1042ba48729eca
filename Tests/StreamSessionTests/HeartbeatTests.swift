import NetSim
import StreamSession
import Testing
import WireFormat

@Suite("Heartbeats and lost tails")
struct HeartbeatTests {
    private static func isHeartbeat(_ datagram: Datagram) -> Bool { if case .heartbeat = datagram { true } else { false } }

    /// A manifest at once, and a chunk of one datagram when everything else has long been acknowledged: the tail.
    private func makePair(tailAt time: Duration = .milliseconds(1300), timing: SessionTiming = SessionTiming()) throws
        -> SessionPair
    {
        var setup = SessionPair.Setup(
            link: try Link.rural4G.parameters(),
            chunks: [try makeChunk(0, .manifest, byteCount: 3000), try makeChunk(1, .roi, byteCount: 900, readyAt: time)])
        setup.timing = timing
        return try SessionPair(setup)
    }

    @Test("A lost tail is recovered within two round trips and a heartbeat")
    func tail() throws {
        var pair = try makePair()
        pair.fate = { _, datagram in if case .data(let fragment) = datagram, fragment.ordinal == 1 { .lostOnLink } else { .carried }
        }
        pair.run()
        pair.expectComplete("tail lost")
        let took = try #require(pair.arrival(of: 1)) - .milliseconds(1300)
        // A heartbeat after half a round trip, its way there, the report's way back, and the repeat's way there.
        #expect(took > .milliseconds(120) && took < .milliseconds(2 * 80 + 40 + 20), "\(took)")
    }

    @Test("Without heartbeats a lost tail never arrives, however long one waits")
    func tailWithoutHeartbeats() throws {
        var timing = SessionTiming()
        timing.idleTimeout = .seconds(86_400)
        var pair = try makePair(timing: timing)
        pair.fate = { _, datagram in
            if Self.isHeartbeat(datagram) { return .neverSent }
            if case .data(let fragment) = datagram, fragment.ordinal == 1 { return .lostOnLink }
            return .carried
        }
        pair.run(until: .seconds(3600))
        #expect(pair.arrival(of: 0) != nil && pair.arrival(of: 1) == nil)
        #expect(pair.acknowledged == [0] && !pair.sender.isOver && !pair.receiver.isOver)
        // With the first heartbeat let through, it comes.
        pair.fate = { _, _ in .carried }
        pair.run(until: .seconds(3700))
        pair.expectComplete("heartbeats back")
    }

    @Test("Over many seeds at 10 % loss, short sessions all finish with heartbeats and some never do without")
    func manyTails() throws {
        var timing = SessionTiming()
        timing.idleTimeout = .seconds(86_400)
        var stuck: [UInt64] = []
        for seed in 1...UInt64(40) {
            for withHeartbeats in [true, false] {
                var setup = SessionPair.Setup(
                    link: try Link.rural4G.parameters(loss: 0.1), seed: seed,
                    chunks: try makeSession(seed: seed, byteCount: 30_000, chunkCount: 6, codingTime: .zero))
                setup.timing = timing
                var pair = try SessionPair(setup)
                if !withHeartbeats { pair.fate = { _, datagram in Self.isHeartbeat(datagram) ? .neverSent : .carried } }
                pair.run(until: .seconds(120), or: { $0.sender.isOver })
                if withHeartbeats {
                    #expect(pair.senderTime(.finished(pair.receipt)) != nil, "seed \(seed)")
                } else if !pair.sender.isOver {
                    stuck.append(seed)
                }
            }
        }
        #expect(!stuck.isEmpty)
    }

    @Test("Beginning, end, acknowledgement and receipt are each recovered when lost alone", arguments: 0..<4)
    func messages(which: Int) throws {
        var pair = try makePair()
        var lossCount = 0
        pair.fate = { _, datagram in
            let isMeant =
                switch (which, datagram) {
                case (0, .hello), (1, .end), (3, .receipt): true
                case (2, .acknowledgement(let ranges)): ranges == [0..<2]
                default: false
                }
            if isMeant { lossCount += 1 }
            return isMeant ? .lostOnLink : .carried
        }
        pair.run()
        pair.expectComplete("message \(which) lost")
        #expect(lossCount == 1)
    }

    @Test("A farewell that is lost leaves the receiver to close by itself once the sender has been silent long enough")
    func lostFarewell() throws {
        var pair = try makePair()
        pair.fate = { _, datagram in datagram == .bye ? .lostOnLink : .carried }
        pair.run()
        pair.expectComplete("farewell lost")
        let closed = try #require(pair.receiverTime(.closed))
        #expect(closed - (try #require(pair.lastHeard[.server])) == .seconds(125))
    }

    @Test("Heartbeats come every half round trip while an answer is awaited, never under 20 ms, and every 500 ms otherwise")
    func intervals() throws {
        // The round trip as reports tell it: a datagram's own time on the wire is in it.
        for (link, awaited) in [(Link.rural4G, 40...43), (.geoSatellite, 300...310), (.adslUplink, 20...25), (.lan, 20...20)] {
            var setup = SessionPair.Setup(
                link: try link.parameters(), chunks: [try makeChunk(0, .manifest, byteCount: 500)])
            setup.decodeDelay = .seconds(5)
            setup.storeDelay = nil
            // The last chunk keeps the session open long after the first is acknowledged.
            setup.chunks.append(try makeChunk(1, .table, byteCount: 500, readyAt: .seconds(15)))
            var pair = try SessionPair(setup)
            pair.run(until: .seconds(14))
            let beats = pair.sent(from: .client).filter { Self.isHeartbeat($0.datagram) }.map(\.time)
            let answered = try #require(pair.senderTime(.acknowledged([0])))
            func gaps(_ times: [Duration]) -> Set<Duration> { Set(zip(times, times.dropFirst()).map { $1 - $0 }) }
            let before = gaps(beats.filter { $0 < answered })
            let isMeant = before.allSatisfy { $0 >= .milliseconds(awaited.lowerBound) && $0 <= .milliseconds(awaited.upperBound) }
            #expect(isMeant && !before.isEmpty, "\(link.rawValue): \(before)")
            #expect(gaps(Array(beats.filter { $0 > answered }.dropFirst())) == [.milliseconds(500)], "\(link.rawValue)")
        }
    }

    @Test("While the receiver stores, heartbeats come as often as while acknowledgements are awaited")
    func storing() throws {
        var setup = SessionPair.Setup(link: try Link.rural4G.parameters(), chunks: [try makeChunk(0, .manifest, byteCount: 500)])
        setup.storeDelay = .seconds(3)
        var pair = try SessionPair(setup)
        pair.run()
        pair.expectComplete("slow disk")
        let stored = try #require(pair.receiverTime(.store(tableDigest: pair.tableDigest)))
        let beats = pair.sent(from: .client).filter { Self.isHeartbeat($0.datagram) && $0.time > stored }.map(\.time)
        try #require(beats.count > 50)
        #expect(zip(beats, beats.dropFirst()).allSatisfy { (.milliseconds(40)...(.milliseconds(43))).contains($1 - $0) })
    }

    @Test("The heartbeat's interval follows the round trip as reports tell it, and its number counts up")
    func measuredRoundTrip() throws {
        var sender = SenderSession(session: try Name("far"), goal: .roi, now: .zero)
        _ = sender.handle(.connected(roundTrip: .milliseconds(80)), now: .zero)
        _ = sender.handle(.chunk(ordinal: 0, rank: 0, record: try makeRecord(0, byteCount: 100)), now: .zero)
        var beats: [(Duration, UInt32)] = []
        for milliseconds in stride(from: 0, through: 10_000, by: 10) {
            let now = Duration.milliseconds(milliseconds)
            if milliseconds >= 1000, milliseconds % 100 == 0 {
                // 30 ms passed between arrival and report.
                var report = Report()
                report.receivedDatagramCount = UInt64(milliseconds)
                report.echoMicroseconds = UInt32((milliseconds - 430) * 1000)
                report.holdMicroseconds = 30_000
                let actions = sender.handle(.datagram(Datagram.report(report).encoded()), now: now)
                #expect(actions.isEmpty)
            }
            if let tick = sender.nextTick, tick <= now { _ = sender.handle(.tick, now: now) }
            for case .send(let bytes) in sender.handle(.room(9), now: now) {
                guard case .heartbeat(let heartbeat) = try Datagram(decoding: bytes) else { continue }
                beats.append((now, heartbeat.sequence))
            }
        }
        func gaps(_ beats: [(Duration, UInt32)]) -> Set<Duration> { Set(zip(beats, beats.dropFirst()).map { $1.0 - $0.0 }) }
        #expect(gaps(beats.filter { $0.0 < .seconds(1) }) == [.milliseconds(40)])
        #expect(gaps(beats.filter { $0.0 > .seconds(5) }) == [.milliseconds(200)])
        #expect(abs(sender.roundTrip / .milliseconds(1) - 400) < 1)
        #expect(beats.map(\.1) == Array(0..<UInt32(beats.count)))
    }

    @Test("No heartbeat goes while datagrams wait for room")
    func busy() throws {
        var sender = SenderSession(session: try Name("busy"), goal: .roi, now: .zero)
        _ = sender.handle(.connected(roundTrip: .milliseconds(80)), now: .zero)
        _ = sender.handle(.chunk(ordinal: 0, rank: 0, record: try makeRecord(0, byteCount: 100_000)), now: .zero)
        _ = sender.handle(.room(3), now: .zero)
        for step in 1...100 { #expect(sender.handle(.tick, now: .milliseconds(step * 19)).isEmpty) }
        let actions = sender.handle(.room(1), now: .milliseconds(1900))
        guard case .send(let bytes)? = actions.first, case .data? = try? Datagram(decoding: bytes) else {
            Issue.record("\(actions.count) actions, the first no data")
            return
        }
    }
}
