import NetSim
import Testing

@Suite("Simulated pair")
struct SimulatedPairTests {
    @Test("Everything is delivered once under 5 % loss, given that something is sent behind it", arguments: 1...5)
    func reliability(seed: UInt64) throws {
        var pair = try SimulatedPair(
            link: makeLink(delay: .milliseconds(50), loss: 0.05), seed: seed, maximumBitsPerSecond: 9.7e6)
        let count = 2000
        for number in 0..<count {
            pair.send(numbered(number), from: .client, at: .zero)
            pair.send(numbered(number, byteCount: 200), from: .server, at: .zero)
        }
        var deliveries: [Delivery] = []
        var now = Duration.zero
        // Trailing traffic, as the session's heartbeat gives.
        for beat in 0..<300 {
            now = .milliseconds(beat * 20)
            deliveries += pair.advance(to: now)
            for endpoint in Endpoint.allCases where pair.unsentDatagramCount(at: endpoint) == 0 {
                pair.send(numbered(count + beat, byteCount: 8), from: endpoint, at: now)
            }
        }
        deliveries += drain(&pair, until: now + .seconds(5))
        for endpoint in Endpoint.allCases {
            let numbers = deliveries.filter { $0.endpoint == endpoint }.map { number(of: $0.payload) }
            #expect(Set(numbers).count == numbers.count, "seed \(seed): delivered twice")
            #expect(Set(numbers).isSuperset(of: 0..<count), "seed \(seed): not all delivered")
            #expect(pair.retransmissionCount(from: endpoint) > 0)
        }
        #expect(deliveries.allSatisfy { $0.payload == numbered(number(of: $0.payload), byteCount: $0.payload.count) })
        #expect(zip(deliveries, deliveries.dropFirst()).allSatisfy { $0.time <= $1.time })
    }

    @Test("A lost tail is not delivered until something later is sent")
    func lostTail() throws {
        var pair = try SimulatedPair(link: makeLink(), seed: 1, maximumBitsPerSecond: 9.7e6)
        pair.send(numbered(0), from: .client, at: .zero)
        #expect(drain(&pair, until: .seconds(1)).count == 1)
        pair.setOutage(true, direction: .up)
        pair.send(numbered(1), from: .client, at: .seconds(1))
        #expect(drain(&pair, until: .seconds(2)).isEmpty)
        pair.setOutage(false, direction: .up)

        #expect(drain(&pair, until: .seconds(60)).isEmpty)
        #expect(pair.nextEventTime == nil)
        #expect(pair.unacknowledgedDatagramCount(at: .client) == 1)

        pair.send(numbered(2), from: .client, at: .seconds(60))
        let deliveries = drain(&pair, until: .seconds(61))
        #expect(deliveries.map { number(of: $0.payload) } == [2, 1])
        #expect(pair.retransmissionCount(from: .client) == 1)
        #expect(pair.unacknowledgedDatagramCount(at: .client) == 0)
    }

    @Test("A loss costs one round trip when its report gets through")
    func repairTime() throws {
        var pair = try SimulatedPair(
            link: makeLink(rate: 100e6, delay: .milliseconds(40)), seed: 1, maximumBitsPerSecond: 90e6)
        _ = pair.advance(to: .zero)
        pair.setOutage(true, direction: .up)
        pair.send(numbered(0), from: .client, at: .zero)
        pair.setOutage(false, direction: .up)
        pair.send(numbered(1), from: .client, at: .milliseconds(1))
        let deliveries = drain(&pair, until: .seconds(1))
        try #require(deliveries.map { number(of: $0.payload) } == [1, 0])
        let repair = deliveries[1].time - deliveries[0].time
        #expect(repair >= pair.roundTrip && repair < pair.roundTrip + .milliseconds(1))
    }

    @Test("A report that is lost is repeated until the gap is filled")
    func lostReport() throws {
        var pair = try SimulatedPair(link: makeLink(), seed: 1, maximumBitsPerSecond: 9.7e6)
        _ = pair.advance(to: .zero)
        pair.setOutage(true, direction: .up)
        pair.send(numbered(0), from: .client, at: .zero)
        pair.setOutage(false, direction: .up)
        pair.setOutage(true, direction: .down)
        pair.send(numbered(1), from: .client, at: .milliseconds(1))
        #expect(drain(&pair, until: .seconds(1)).map { number(of: $0.payload) } == [1])
        pair.setOutage(false, direction: .down)
        #expect(drain(&pair, until: .milliseconds(1300)).map { number(of: $0.payload) } == [0])
    }

    @Test("A datagram reported lost is sent again before those that still wait for their first turn")
    func priority() throws {
        // 8 ms a datagram, so that the report of the first loss comes while most still wait.
        var pair = try SimulatedPair(link: makeLink(), seed: 1, maximumBitsPerSecond: 1e6)
        _ = pair.advance(to: .zero)
        pair.setOutage(true, direction: .up)
        pair.send(numbered(0, byteCount: 956), from: .client, at: .zero)
        pair.setOutage(false, direction: .up)
        for number in 1..<100 { pair.send(numbered(number, byteCount: 956), from: .client, at: .zero) }
        let order = drain(&pair, until: .seconds(5)).map { number(of: $0.payload) }
        // Number 1 leaves at 8 ms, arrives 25.8 ms later and the report of 0 takes another 25 ms: 7 have gone by then.
        #expect(order.firstIndex(of: 0) == 7)
        #expect(Set(order) == Set(0..<100) && order.count == 100)
    }

    @Test("An outage of 20 seconds is survived without a byte lost")
    func longOutage() throws {
        var pair = try SimulatedPair(link: makeLink(loss: 0.01), seed: 3, maximumBitsPerSecond: 2e6)
        var deliveries: [Delivery] = []
        for number in 0..<4000 {
            let now = Duration.milliseconds(number * 10)
            deliveries += pair.advance(to: now)
            if number == 500 { Heading.allCases.forEach { pair.setOutage(true, direction: $0) } }
            if number == 2500 { Heading.allCases.forEach { pair.setOutage(false, direction: $0) } }
            pair.send(numbered(number), from: .server, at: now)
        }
        for beat in 0..<200 {
            let now = Duration.seconds(40) + .milliseconds(beat * 50)
            deliveries += pair.advance(to: now)
            pair.send(numbered(4000 + beat, byteCount: 8), from: .server, at: now)
        }
        deliveries += drain(&pair, until: .seconds(60))
        let numbers = deliveries.map { number(of: $0.payload) }
        #expect(Set(numbers).count == numbers.count)
        #expect(Set(numbers).isSuperset(of: 0..<4000))
    }

    @Test("A window that is lost whole stays lost, and what waits behind it stays unsent")
    func lostWindow() throws {
        var pair = try SimulatedPair(
            link: makeLink(), seed: 1, maximumBitsPerSecond: 9.7e6, windowDatagramCount: 10)
        _ = pair.advance(to: .zero)
        pair.setOutage(true, direction: .up)
        for number in 0..<15 { pair.send(numbered(number), from: .client, at: .zero) }
        #expect(drain(&pair, until: .seconds(1)).isEmpty)
        pair.setOutage(false, direction: .up)
        #expect(drain(&pair, until: .seconds(60)).isEmpty)
        #expect(pair.unsentDatagramCount(at: .client) == 5)
    }

    @Test("Datagrams are paced, and those not yet on the wire are counted as unsent")
    func pacing() throws {
        // 956 + 44 bytes at 1 Mbit/s take 8 ms each.
        var pair = try SimulatedPair(link: makeLink(), seed: 1, maximumBitsPerSecond: 1e6)
        for number in 0..<10 { pair.send(numbered(number, byteCount: 956), from: .client, at: .zero) }
        #expect(pair.unsentDatagramCount(at: .client) == 9)
        _ = pair.advance(to: .milliseconds(8))
        #expect(pair.unsentDatagramCount(at: .client) == 8)
        _ = pair.advance(to: .milliseconds(71))
        #expect(pair.unsentDatagramCount(at: .client) == 1)
        let last = drain(&pair, until: .seconds(1)).last
        #expect(last?.time == .milliseconds(72 + 25) + .microseconds(800))
        #expect(pair.unsentDatagramCount(at: .server) == 0)
    }

    @Test("A new pacing rate holds from the datagram after the next on")
    func changingRate() throws {
        var pair = try SimulatedPair(link: makeLink(delay: .zero), seed: 1, maximumBitsPerSecond: 1e6)
        for number in 0..<4 { pair.send(numbered(number, byteCount: 956), from: .client, at: .zero) }
        try pair.setMaximumBitsPerSecond(2e6, from: .client)
        #expect(throws: NetSimError.self) { try pair.setMaximumBitsPerSecond(.nan, from: .client) }
        let times = drain(&pair, until: .seconds(1)).map(\.time)
        let service = Duration.microseconds(800)
        #expect(times == [0, 8, 12, 16].map { .milliseconds($0) + service })
    }

    @Test("At the rate of the link, goodput stays near what real SRT reaches", arguments: [0, 0.01, 0.05])
    func goodput(loss: Double) throws {
        let link = try makeLink(delay: .milliseconds(50), loss: loss)
        var pair = try SimulatedPair(link: link, seed: 8, maximumBitsPerSecond: 9.7e6)
        var byteCount = 0
        let end = Duration.seconds(20)
        for tick in 0..<4000 {
            let now = Duration.milliseconds(tick * 5)
            byteCount += pair.advance(to: now).reduce(0) { $0 + $1.payload.count }
            while pair.unsentDatagramCount(at: .client) < 10 {
                pair.send(numbered(tick, byteCount: 1456), from: .client, at: now)
            }
        }
        let share = Double(byteCount) * 8 / (end / .seconds(1)) / link.up.rateBitsPerSecond
        #expect(share > 0.97 * 1456 / 1500 * (1 - 1.5 * loss) - 0.01 && share < 0.971, "\(share)")
    }

    @Test("The measured round trip starts at the empty link's and includes the queue")
    func roundTrip() throws {
        var pair = try SimulatedPair(link: makeLink(rate: 1e6), seed: 1, maximumBitsPerSecond: 10e6)
        #expect(pair.roundTrip == .milliseconds(50))
        #expect(pair.smoothedRoundTrip(at: .client) == .milliseconds(50))
        for number in 0..<100 { pair.send(numbered(number), from: .client, at: .zero) }
        _ = drain(&pair, until: .seconds(2))
        #expect(pair.smoothedRoundTrip(at: .client) > .milliseconds(60))
    }

    @Test("The same seed gives the same deliveries and the same log, however the time is divided")
    func determinism() throws {
        func run(seed: UInt64, step: Int) throws -> ([Delivery], String?) {
            var pair = try SimulatedPair(
                link: makeLink(loss: 0.1), seed: seed, maximumBitsPerSecond: 5e6, recordingLog: true)
            for number in 0..<500 { pair.send(numbered(number), from: .client, at: .zero) }
            for number in 0..<100 { pair.send(numbered(number, byteCount: 9), from: .server, at: .zero) }
            var deliveries: [Delivery] = []
            for time in stride(from: 0, through: 3_000_000, by: step) {
                deliveries += pair.advance(to: .microseconds(time))
            }
            return (deliveries, pair.log?.text)
        }
        let (deliveries, log) = try run(seed: 21, step: 3_000_000)
        #expect(deliveries.count > 500)
        for step in [100, 7500, 1_000_000] {
            let again = try run(seed: 21, step: step)
            #expect(again.0 == deliveries)
            #expect(again.1 == log)
        }
        #expect(try run(seed: 22, step: 7500).0 != deliveries)
    }

    @Test("A datagram that is too long is refused, and an empty one is carried")
    func lengths() throws {
        var pair = try SimulatedPair(link: makeLink(), seed: 1, maximumBitsPerSecond: 1e6)
        let taken = [1457, 1456, 0].map { byteCount in
            pair.send([UInt8](repeating: 0, count: byteCount), from: .client, at: .zero)
        }
        #expect(taken == [false, true, true])
        #expect(drain(&pair, until: .seconds(1)).map(\.payload.count) == [1456, 0])
        let counters = pair.counters(.up)
        #expect(counters.arrivedByteCount >= 1500 + 44)
    }

    @Test("A time that goes backwards does no harm")
    func backwards() throws {
        var pair = try SimulatedPair(link: makeLink(), seed: 1, maximumBitsPerSecond: 1e6)
        _ = pair.advance(to: .seconds(5))
        pair.send(numbered(1), from: .client, at: .seconds(1))
        let deliveries = drain(&pair, until: .seconds(6))
        #expect(deliveries.count == 1)
        #expect(deliveries.allSatisfy { $0.time > .seconds(5) })
        let more = pair.advance(to: .zero)
        #expect(more.isEmpty)
    }

    @Test(
        "A damaged report or acknowledgement tells nothing: nothing counts as arrived, and nothing lost is sent again",
        arguments: 1...3)
    func damagedReports(seed: UInt64) throws {
        let up = try makeDirection(loss: 0.1, queue: 1_000_000)
        func link(corruption: Double) throws -> LinkParameters {
            let down = try LinkDirection(
                rate: .constant(bitsPerSecond: 10e6), delay: .milliseconds(25), queue: QueueParameters(limit: .packets(10_000)),
                impairments: LinkImpairments(corruptionProbability: corruption))
            return try LinkParameters(name: "worn", up: up, down: down)
        }
        for (corruption, isTold) in [(0.0, true), (1.0, false)] {
            var pair = try SimulatedPair(link: try link(corruption: corruption), seed: seed, maximumBitsPerSecond: 5e6)
            for number in 0..<300 { pair.send(numbered(number), from: .client, at: .zero) }
            let deliveries = drain(&pair, until: .seconds(5))
            #expect((pair.retransmissionCount(from: .client) > 0) == isTold)
            #expect((pair.unacknowledgedDatagramCount(at: .client) < 300) == isTold)
            #expect(deliveries.count < 300 || isTold, "what was lost must not come without a report that can be read")
        }
    }
}
