import Foundation
import NetSim
import Testing

/// Real recordings, where there are any: the folder in FOVEA_DATA, by default `shared/data` beside the project.
enum RealTraces {
    static let paths: [String] = {
        let project = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let data =
            ProcessInfo.processInfo.environment["FOVEA_DATA"] ?? project.deletingLastPathComponent().path + "/shared/data"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(data)/traces")) ?? []
        return names.filter { $0.hasSuffix(".up") || $0.hasSuffix(".down") }.sorted().map { "\(data)/traces/\($0)" }
    }()
}

@Suite("A rate that follows a trace")
struct TraceRateTests {
    private func queue(_ trace: LinkTrace) throws -> RateQueue<Int> {
        try RateQueue(rate: .trace(trace), queueByteCount: 100_000_000)
    }

    private func queue(_ lines: [Int]) throws -> RateQueue<Int> {
        try queue(LinkTrace(parsing: lines.map { "\($0)\n" }.joined()))
    }

    private func offer(_ queue: inout RateQueue<Int>, _ byteCounts: [Int], at now: Duration) {
        for (number, byteCount) in byteCounts.enumerated() {
            queue.accept(SimulatedPacket(payload: number, byteCount: byteCount, arrivalTime: now), at: now)
        }
    }

    /// The milliseconds at which everything leaves that is in the queue.
    private func departures(_ queue: inout RateQueue<Int>) -> [Int] {
        var times: [Int] = []
        while let next = queue.nextEventTime, let packet = queue.release(at: next) {
            times.append(Int(packet.readyTime.attoseconds / 1_000_000_000_000_000))
        }
        return times
    }

    /// Every opportunity after the start, over some periods.
    private func opportunities(_ lines: [Int], periods: Int) -> [Int] {
        let period = lines.last ?? 0
        return (0..<periods).flatMap { number in lines.map { number * period + $0 } }.filter { $0 > 0 }
    }

    @Test("A saturated link sends one full packet at each of its opportunities, period after period")
    func saturated() throws {
        let lines = [0, 0, 2, 2, 2, 5, 9, 9]
        var queue = try queue(lines)
        let expected = opportunities(lines, periods: 20)
        offer(&queue, Array(repeating: 1500, count: expected.count), at: .zero)
        #expect(departures(&queue) == expected)
    }

    @Test(
        "A saturated link delivers three periods of a real recording line by line",
        .enabled(if: !RealTraces.paths.isEmpty, "no traces in FOVEA_DATA"), arguments: RealTraces.paths)
    func real(path: String) throws {
        let trace = try LinkTrace(path: path)
        let expected = opportunities(trace.milliseconds.map(Int.init), periods: 3)
        var queue = try RateQueue<Int>(rate: .trace(trace), queueByteCount: .max)
        offer(&queue, Array(repeating: 1500, count: expected.count), at: .zero)
        let times = departures(&queue)
        #expect(times.count == expected.count)
        // Not the lists themselves, which a failure would print.
        let wrong = zip(times, expected).first { $0 != $1 }
        #expect(wrong == nil)
    }

    @Test("Small packets share an opportunity, and one that does not fit whole leaves with its last byte")
    func sharing() throws {
        var queue = try queue([10, 20, 30, 40])
        offer(&queue, [500, 500, 500, 1000, 1000, 1000, 100], at: .zero)
        #expect(departures(&queue) == [10, 10, 10, 20, 30, 30, 40])
    }

    @Test("A packet larger than an opportunity waits for as many as it needs, across the end of the trace too")
    func large() throws {
        var queue = try queue([10, 20, 30])
        offer(&queue, [1501, 2999, 9000, 1], at: .zero)
        #expect(departures(&queue) == [20, 30, 90, 100])
    }

    @Test("What is left of an opportunity is for packets that arrived before it, and for no others")
    func leftovers() throws {
        var queue = try queue([10, 20])
        offer(&queue, [500], at: .zero)
        offer(&queue, [500], at: .milliseconds(10) - .nanoseconds(1))
        offer(&queue, [500], at: .milliseconds(10))
        #expect(departures(&queue) == [10, 10, 20])
    }

    @Test("Opportunities that find nothing to send are lost")
    func unused() throws {
        var queue = try queue([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
        offer(&queue, [1500, 1500], at: .zero)
        offer(&queue, [1500, 1500], at: .microseconds(5500))
        offer(&queue, [1500, 1500], at: .microseconds(17_000))
        #expect(departures(&queue) == [1, 2, 6, 7, 18, 19])
    }

    @Test("After a long idle time the trace stands where it would stand, at once", .timeLimit(.minutes(1)))
    func idle() throws {
        let lines = [0, 1, 3, 7]
        var queue = try queue(lines)
        var expected: [Int] = []
        // A look at every opportunity between would take years.
        for periods in [1, 1000, 1_000_000_000, 1_000_000_000_000] {
            let start = periods * 7
            offer(&queue, [1500, 1500, 1500], at: .milliseconds(start) + .microseconds(1500))
            expected += [start + 3, start + 7, start + 7]
        }
        #expect(departures(&queue) == expected)
    }

    @Test("The last opportunity of a period and those at the start of the next come at the same time")
    func seam() throws {
        var queue = try queue([0, 0, 5])
        offer(&queue, [1500, 1500, 1500, 1500], at: .milliseconds(4))
        #expect(departures(&queue) == [5, 5, 5, 10])
        var late = try self.queue([0, 0, 5])
        offer(&late, [1500], at: .milliseconds(5))
        #expect(departures(&late) == [10])
    }

    @Test("In a gap of 78 seconds nothing arrives, what does not fit is dropped, and the rest goes on after it")
    func gap() throws {
        let trace = try LinkTrace(parsing: (Array(1...100) + [78_100, 78_101]).map { "\($0)\n" }.joined())
        let direction = try LinkDirection(rate: .trace(trace), delay: .milliseconds(40), queueByteCount: 15_000)
        var model = LinkModel<Int>(direction, heading: .up, seed: 1)
        for number in 0..<80_000 {
            let now = Duration.milliseconds(number)
            while let packet = model.release(at: now) {
                let left = packet.readyTime - .milliseconds(40)
                #expect(left <= .milliseconds(100) || left >= .milliseconds(78_100))
            }
            model.accept(SimulatedPacket(payload: number, byteCount: 1500, arrivalTime: now), at: now)
        }
        // Numbers 0 to 99, two at the end of the gap, and the new period's from 78 102 ms on.
        #expect(model.counters.departedPacketCount == 100 + 2 + 100)
        #expect(model.queuedByteCount(at: .seconds(80)) == 15_000)
    }

    @Test("Departures do not depend on when somebody looks")
    func lateness() throws {
        func run(lookingEvery milliseconds: Int) throws -> [Duration] {
            let trace = try LinkTrace(parsing: "0\n4\n4\n11\n30\n")
            let link = try LinkDirection(rate: .trace(trace), delay: .milliseconds(7), queueByteCount: 1_000_000)
            var model = LinkModel<Int>(link, heading: .up, seed: 1)
            var generator = SeededGenerator(seed: 9)
            var times: [Duration] = []
            for number in 0..<2000 {
                let now = Duration.milliseconds(number * 8) + .nanoseconds(Int64(7_000_000 * generator.nextUniform()))
                if number % milliseconds == 0 {
                    while let packet = model.release(at: now) { times.append(packet.readyTime) }
                }
                let byteCount = 28 + Int(1472 * generator.nextUniform())
                model.accept(SimulatedPacket(payload: number, byteCount: byteCount, arrivalTime: now), at: now)
            }
            while let next = model.nextEventTime, let packet = model.release(at: next) { times.append(packet.readyTime) }
            return times
        }
        let times = try run(lookingEvery: 1)
        #expect(times.count == 2000 && times == times.sorted())
        #expect(try run(lookingEvery: 100) == times)
    }

    @Test("The widest trace and packets of any size do no harm")
    func extremes() throws {
        var queue = try RateQueue<Int>(
            rate: .trace(LinkTrace(parsing: "\(UInt32.max)\n")), queueByteCount: .max)
        offer(&queue, [1, 65_535, .max / 4, .max / 4], at: .seconds(1_000_000_000))
        offer(&queue, [1], at: .seconds(Int64.max / 1000))
        var last = Duration.zero
        while let next = queue.nextEventTime, let packet = queue.release(at: next) {
            #expect(packet.readyTime >= last)
            last = packet.readyTime
        }
        #expect(last > .seconds(Int64.max / 1000))
        #expect(throws: NetSimError.self) {
            try LinkDirection(
                rate: .trace(LinkTrace(parsing: String(repeating: "1\n", count: 10_000))), delay: .zero, queueByteCount: 1500)
        }
    }
}
