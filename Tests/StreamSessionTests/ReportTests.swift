import Congestion
import NetSim
import StreamSession
import Testing
import WireFormat

@Suite("Reports")
struct ReportTests {
    private func makeReceiver() throws -> ReceiverSession {
        .begun(Hello(session: try Name("reports"), goal: .roi, elapsedMicroseconds: 0, roundTripMicroseconds: 0))
    }

    private func reports(_ actions: [ReceiverSession.Action]) throws -> [Report] {
        try actions.compactMap { action in
            guard case .send(let bytes) = action, case .report(let report) = try Datagram(decoding: bytes) else { return nil }
            return report
        }
    }

    private func beat(at now: Duration, delay: UInt32) -> [UInt8] {
        let departure = UInt32(truncatingIfNeeded: Int64(now / .microseconds(1))) &- delay
        return Datagram.heartbeat(Heartbeat(sequence: 0, departureMicroseconds: departure)).encoded()
    }

    @Test("Reports come every 100 ms where little arrives, and every 20 ms where more does", arguments: [1, 4, 5, 10, 30, 100])
    func intervals(gapMilliseconds: Int) throws {
        var receiver = try makeReceiver()
        var times: [Int] = []
        for now in 1...2000 {
            var actions: [ReceiverSession.Action] = []
            if now % gapMilliseconds == 0 {
                actions += receiver.handle(.datagram(beat(at: .milliseconds(now), delay: 0)), now: .milliseconds(now))
            }
            if let tick = receiver.nextTick, tick <= .milliseconds(now) {
                actions += receiver.handle(.tick, now: .milliseconds(now))
            }
            for _ in try reports(actions) { times.append(now) }
        }
        let gaps = Set(zip(times, times.dropFirst()).map { $1 - $0 })
        // With the fourth arrival since the last report, but neither before 20 ms nor after 100.
        let expected = min(100, max(20, 4 * gapMilliseconds))
        #expect(gaps == [expected], "one every \(gapMilliseconds) ms: \(gaps)")
    }

    @Test("A report says how fast the newest run of datagrams came, without those sent again, and from when the newest is")
    func spans() throws {
        var receiver = try makeReceiver()
        let size = beat(at: .zero, delay: 0).count
        let helloSize = Datagram.hello(
            Hello(session: try Name("reports"), goal: .roi, elapsedMicroseconds: 0, roundTripMicroseconds: 0)
        ).encoded().count
        var sent: [Report] = []
        // The hello at 0 counts too.
        for (milliseconds, delay) in [(3, 80_000), (5, 60_000), (7, 60_000), (26, 90_000), (30, 90_000)] as [(Int, UInt32)] {
            let now = Duration.milliseconds(milliseconds)
            sent += try reports(receiver.handle(.datagram(beat(at: now, delay: delay)), now: now))
        }
        #expect(sent.count == 1)
        var expected = Report()
        expected.receivedByteCount = UInt64(4 * size + helloSize)
        expected.receivedDatagramCount = 5
        expected.lastArrivalMicroseconds = 26_000
        // What came at 5 ms had left 22 ms after the one before it, which is a pause; what came at 26 ms had left before it.
        expected.arrivalCount = 2
        expected.spanByteCount = UInt32(size)
        expected.spanMicroseconds = 2_000
        expected.minDelayMicroseconds = 60_000
        expected.echoMicroseconds = 0 &- 53_000
        expected.holdMicroseconds = 19_000
        #expect(sent.first == expected)
        sent = try reports(receiver.handle(.tick, now: .milliseconds(126)))
        expected.receivedByteCount += UInt64(size)
        expected.receivedDatagramCount = 6
        expected.lastArrivalMicroseconds = 30_000
        expected.arrivalCount = 0
        expected.spanByteCount = 0
        expected.spanMicroseconds = 0
        expected.holdMicroseconds = Report.noEcho
        let only = try #require(sent.first)
        // Without an echo neither it nor the least delay means anything.
        expected.minDelayMicroseconds = only.minDelayMicroseconds
        expected.echoMicroseconds = only.echoMicroseconds
        #expect(sent == [expected])
    }

    @Test(
        "The least delay is that since the last report, modulo 2^32", arguments: [0, 90_000, UInt32.max - 70_000] as [UInt32])
    func minDelay(offset: UInt32) throws {
        var receiver = try makeReceiver()
        func hear(at microseconds: Int, delay: UInt32) throws -> Report? {
            let now = Duration.microseconds(microseconds)
            return try reports(receiver.handle(.datagram(beat(at: now, delay: delay &+ offset)), now: now)).first
        }
        // Far enough apart that none left before the one before it.
        #expect(try hear(at: 30_000, delay: 80_000) == nil)
        #expect(try hear(at: 60_000, delay: 60_000) == nil)
        let first = try #require(try hear(at: 90_000, delay: 75_000))
        #expect(first.minDelayMicroseconds == 60_000 &+ offset)
        #expect(try hear(at: 120_000, delay: 90_000) == nil)
        #expect(try hear(at: 150_000, delay: 85_000) == nil)
        let second = try #require(try reports(receiver.handle(.tick, now: .milliseconds(190))).first)
        #expect(second.minDelayMicroseconds == 85_000 &+ offset)
        #expect(second.echoMicroseconds == 65_000 &- offset && second.holdMicroseconds == 40_000)
        let third = try #require(try reports(receiver.handle(.tick, now: .milliseconds(290))).first)
        #expect(third.holdMicroseconds == Report.noEcho && third.arrivalCount == 0)
    }

    @Test("A receiver whose sums or clock go back does not bring the sender down")
    func sumsGoBack() throws {
        var sender = SenderSession(.init(session: try Name("reports"), goal: .lossless, rate: .automatic()), now: .zero)
        _ = sender.handle(.connected(roundTrip: .milliseconds(20), nonce: []), now: .zero)
        _ = sender.handle(.chunk(ordinal: 0, rank: 0, record: try makeRecord(0, byteCount: 500_000)), now: .zero)
        func report(_ number: UInt64, bytes: UInt64, at microseconds: UInt64) {
            var report = Report()
            report.receivedDatagramCount = number * 20
            report.receivedByteCount = bytes
            report.lastArrivalMicroseconds = microseconds
            report.holdMicroseconds = Report.noEcho
            let now = Duration.milliseconds(Int64(number) * 100)
            _ = sender.handle(.datagram(Datagram.report(report).encoded()), now: now)
        }
        report(1, bytes: 28_000, at: 100_000)
        report(2, bytes: 56_000, at: 200_000)
        report(3, bytes: 0, at: 300_000)
        report(4, bytes: 112_000, at: 0)
        report(5, bytes: 140_000, at: 500_000)
        #expect(!sender.isOver && !sender.isStalled)
    }

    @Test("Over a link the reports tell the sender its round trip and an empty queue")
    func overLink() throws {
        let parameters = try Link.rural4G.parameters()
        var pair = try SessionPair(
            SessionPair.Setup(link: parameters, chunks: makeSession(seed: 1, byteCount: 2_000_000)))
        pair.run(until: .seconds(2))
        let reports = pair.sent(from: .server).compactMap { entry -> (Duration, Report)? in
            if case .report(let report) = entry.datagram { (entry.time, report) } else { nil }
        }
        let gaps = zip(reports, reports.dropFirst()).map { $1.0 - $0.0 }
        #expect(gaps.allSatisfy { $0 >= .milliseconds(20) && $0 <= .milliseconds(100) })
        // One way is 40 ms; behind it, at most what the transport holds unsent.
        #expect(reports.dropFirst().allSatisfy { (40_000...65_000).contains($0.1.minDelayMicroseconds) })
        #expect(zip(reports, reports.dropFirst()).allSatisfy { $0.1.receivedByteCount <= $1.1.receivedByteCount })
        let last = try #require(reports.last?.1)
        let sentByteCount = pair.sent(from: .client).reduce(0) { $0 + $1.datagram.encoded().count }
        #expect(last.receivedDatagramCount > 100 && Int(last.receivedByteCount) <= sentByteCount)
        #expect(pair.sender.roundTrip > .milliseconds(80) && pair.sender.roundTrip < .milliseconds(110))
        #expect(pair.sender.queueDelay < .milliseconds(15))
    }
}
