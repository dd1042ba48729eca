import Faults
import NetSim
import Testing

@Suite("A rate that changes in steps")
struct StepRateTests {
    private typealias Step = LinkRate.Step

    private func departures(_ rate: LinkRate, _ arrivals: [(at: Duration, byteCount: Int)]) throws -> [Duration] {
        var queue = try RateQueue<Int>(rate: rate, queueByteCount: .max)
        for (number, arrival) in arrivals.enumerated() {
            queue.accept(
                SimulatedPacket(payload: number, byteCount: arrival.byteCount, arrivalTime: arrival.at), at: arrival.at)
        }
        var times: [Duration] = []
        while let next = queue.nextEventTime, let packet = queue.release(at: next) { times.append(packet.readyTime) }
        return times
    }

    @Test("A packet in service when the rate changes takes what is left of it at the new rate")
    func straddling() throws {
        // 1000 bytes take 1 ms at 8 Mbit/s and 4 ms at 2 Mbit/s.
        let rate = LinkRate.steps([
            Step(from: .zero, bitsPerSecond: 8e6), Step(from: .microseconds(2500), bitsPerSecond: 2e6),
            Step(from: .microseconds(6500), bitsPerSecond: 8e6),
        ])
        let times = try departures(rate, Array(repeating: (.zero, 1000), count: 5))
        // The third is half sent at the first change, the fourth has 2 ms of 4 at the second.
        #expect(times == [1000, 2000, 4500, 7000, 8000].map { .microseconds($0) })
    }

    @Test("A large packet goes through several steps")
    func several() throws {
        let rate = LinkRate.steps((0..<10).map { Step(from: .seconds($0), bitsPerSecond: Double($0 + 1) * 8000) })
        // 1000 bytes in the first second, 2000 in the second, ..., and half of the 6000 of the sixth.
        #expect(try departures(rate, [(.zero, 18_000)]) == [.milliseconds(5500)])
    }

    @Test("The rate that holds is the time's, however long nothing was sent")
    func idle() throws {
        let rate = LinkRate.steps([
            Step(from: .zero, bitsPerSecond: 8e6), Step(from: .seconds(1), bitsPerSecond: 1e6),
            Step(from: .seconds(2), bitsPerSecond: 4e6),
        ])
        let arrivals: [(Duration, Int)] = [(.milliseconds(5), 1000), (.seconds(1), 1000), (.seconds(100), 1000)]
        #expect(try departures(rate, arrivals) == [.milliseconds(6), .milliseconds(1008), .milliseconds(100_002)])
    }

    @Test("A saturated link carries the integral of its rate")
    func integral() throws {
        let direction = try LinkDirection(
            rate: .steps([
                Step(from: .zero, bitsPerSecond: 10e6), Step(from: .seconds(8), bitsPerSecond: 2e6),
                Step(from: .seconds(16), bitsPerSecond: 10e6),
            ]), delay: .milliseconds(40), queueByteCount: 100_000)
        #expect(direction.rateBitsPerSecond == 10e6)
        var model = LinkModel<Int>(direction, heading: .up, seed: 1)
        for millisecond in 0...24_000 {
            let now = Duration.milliseconds(millisecond)
            while model.release(at: now) != nil {}
            while model.queuedByteCount(at: now) + 1500 <= 100_000 {
                model.accept(SimulatedPacket(payload: 0, byteCount: 1500, arrivalTime: now), at: now)
            }
        }
        // What leaves the queue by 23.96 s has arrived by 24 s.
        let carried = 8 * 10e6 + 8 * 2e6 + 7.96 * 10e6
        #expect(abs(Double(model.counters.departedByteCount) * 8 - carried) <= 12_000)
    }

    @Test("Steps of equal rates, and one step, are a constant rate to the last bit")
    func constant() throws {
        var generator = SeededGenerator(seed: 6)
        var now = Duration.zero
        let arrivals = (0..<5000).map { _ in
            now += .nanoseconds(Int64(3_000_000 * generator.nextUniform()))
            return (at: now, byteCount: 28 + Int(1472 * generator.nextUniform()))
        }
        let times = try departures(.constant(bitsPerSecond: 4.1e6), arrivals)
        #expect(try departures(.steps([Step(from: .zero, bitsPerSecond: 4.1e6)]), arrivals) == times)
        let equal = (0..<1000).map { Step(from: .milliseconds($0 * 7), bitsPerSecond: 4.1e6) }
        for (one, other) in zip(try departures(.steps(equal), arrivals), times) {
            #expect(abs((one - other).attoseconds) < 1_000_000_000_000)
        }
    }

    @Test("The slowest rate and the latest step do no harm")
    func extremes() throws {
        let rate = LinkRate.steps([
            Step(from: .zero, bitsPerSecond: .leastNonzeroMagnitude), Step(from: LinkRate.maximumStepTime, bitsPerSecond: 100e9),
        ])
        let times = try departures(rate, [(.zero, 1500), (.seconds(Int64.max / 1000), 1_000_000)])
        #expect(times[0] > LinkRate.maximumStepTime)
        #expect(times[1] > .seconds(Int64.max / 1000))
    }

    @Test("Steps that are none, too many, unordered, late or of impossible rates are refused")
    func refused() {
        let fine = Step(from: .zero, bitsPerSecond: 1e6)
        let refused: [[Step]] = [
            [], (0...1000).map { Step(from: .seconds($0), bitsPerSecond: 1e6) }, [Step(from: .seconds(1), bitsPerSecond: 1e6)],
            [Step(from: .seconds(-1), bitsPerSecond: 1e6), fine], [fine, fine],
            [fine, Step(from: .seconds(2), bitsPerSecond: 1e6), Step(from: .seconds(1), bitsPerSecond: 1e6)],
            [fine, Step(from: LinkRate.maximumStepTime + .nanoseconds(1), bitsPerSecond: 1e6)],
            [fine, Step(from: .seconds(1), bitsPerSecond: 0)], [fine, Step(from: .seconds(1), bitsPerSecond: .nan)],
            [Step(from: .zero, bitsPerSecond: 100e9 + 1)],
        ]
        for steps in refused {
            let error = #expect(throws: NetSimError.self, "\(steps)") {
                try LinkDirection(rate: .steps(steps), delay: .zero, queueByteCount: 1500)
            }
            #expect(error?.code == .invalidParameter)
        }
    }

    @Test("A log's header names the steps and the trace")
    func header() throws {
        let up = try LinkDirection(
            rate: .steps([Step(from: .zero, bitsPerSecond: 10e6), Step(from: .seconds(8), bitsPerSecond: 2e6)]),
            delay: .milliseconds(40), queueByteCount: 2000)
        let down = try LinkDirection(
            rate: .trace(LinkTrace(parsing: "0\n7\n12\n", file: "/data/car.down")), delay: .zero, queueByteCount: 2000)
        let log = LinkLog(link: try LinkParameters(name: "car", up: up, down: down), seed: 4)
        let lines = log.text.split(separator: "\n")
        #expect(lines.count == 6 && lines.allSatisfy { $0.hasPrefix("# ") })
        #expect(
            lines[2].hasPrefix("# up: rate steps [0.000 ms: 10000000.0 bit/s; 8000.000 ms: 2000000.0 bit/s], delay 40.000 ms, "))
        #expect(lines[3].hasPrefix("# down: rate trace [car.down: 3 x 1500 bytes in 12 ms], delay 0.000 ms, "))
    }
}
