import Foundation
import NetSim
import Testing

@Suite("Measuring the relay")
struct CheckTests {
    @Test("Losses are counted, and those in a row make one burst")
    func losses() {
        let pattern = "x.xx...xxx.".map { $0 == "x" }
        let statistics = LossStatistics(pattern)
        #expect(statistics.lostCount == 6)
        #expect(statistics.burstCount == 3)
        #expect(statistics.meanBurstLength == 2)
        #expect(statistics.loss == 6.0 / 11)
        #expect(LossStatistics([]).loss == 0)
        #expect(LossStatistics([false]).meanBurstLength == nil)
    }

    @Test("A loss within three standard deviations is allowed, and one beyond is not")
    func lossBounds() {
        let expected = LossExpectation(independent: 0.1, packetCount: 900)
        #expect(abs(expected.lossDeviation - 0.01) < 1e-12)
        #expect(abs(expected.meanBurstLength - 1 / 0.9) < 1e-12)
        func lost(_ count: Int) -> LossStatistics { LossStatistics((0..<900).map { $0 < count }) }
        #expect(expected.allows(loss: lost(90)))
        #expect(expected.allows(loss: lost(116)))
        #expect(expected.allows(loss: lost(64)))
        #expect(!expected.allows(loss: lost(120)))
        #expect(!expected.allows(loss: lost(60)))
        // Ninety in a row are as many as expected, and all in one burst.
        #expect(!expected.allows(bursts: lost(90)))
    }

    @Test("A link that is to lose nothing must lose nothing, and one that is to lose everything must")
    func certainLosses() {
        let one = LossStatistics([true] + [Bool](repeating: false, count: 999))
        #expect(!LossExpectation(independent: 0, packetCount: 1000).allows(loss: one))
        #expect(LossExpectation(independent: 0, packetCount: 2).allows(loss: LossStatistics([false, false])))
        #expect(LossExpectation(independent: 1, packetCount: 2).allows(loss: LossStatistics([true, true])))
        #expect(!LossExpectation(independent: 1, packetCount: 2).allows(loss: LossStatistics([true, false])))
    }

    @Test("What the model itself is expected to lose in virtual time is what its probability says")
    func simulatedExpectation() throws {
        let direction = try makeDirection(loss: 0.2)
        let sent = (0..<2000).map { Duration.milliseconds($0) }
        let simulated = LossExpectation(of: direction, heading: .up, seed: 5, sent: sent, byteCount: 100)
        let computed = LossExpectation(independent: 0.2, packetCount: sent.count)
        #expect(abs(simulated.loss - 0.2) < 4 * computed.lossDeviation / 40.0.squareRoot())
        #expect((0.5...1.6).contains(simulated.lossDeviation / computed.lossDeviation))
        #expect(abs(simulated.meanBurstLength - 1.25) < 0.03)
        #expect((0.5...1.6).contains(simulated.burstDeviation / computed.burstDeviation))
    }

    @Test("The delay's error has the percentiles of its magnitude")
    func delays() throws {
        let errors = (1...100).map { Duration.microseconds($0 % 2 == 0 ? $0 : -$0) }
        let statistics = try #require(DelayStatistics(errors: errors, isByLog: false))
        #expect(statistics.median == .microseconds(51))
        #expect(statistics.percentile99 == .microseconds(100))
        #expect(DelayStatistics(errors: [], isByLog: false) == nil)
        #expect(DelayStatistics(errors: [.seconds(1)], isByLog: true)?.percentile99 == .seconds(1))
    }

    @Test("A rate that was kept busy is measured exactly, and pauses of the sender do not count")
    func rate() throws {
        let direction = try makeDirection(rate: 12e6, delay: .milliseconds(5))
        // 1500 bytes a millisecond; between the two runs nothing was sent.
        let exits = (1...50).map { Duration.milliseconds($0) } + (101...150).map { Duration.milliseconds($0) }
        let departures = exits.map { exit in
            let arrival: Duration = exit < .milliseconds(100) ? .zero : .milliseconds(100)
            let time = exit + .milliseconds(5)
            return LinkEvent(time: time, kind: .departure(delay: time - arrival), byteCount: 1500, heading: .up)
        }
        let punctual = try #require(
            RateStatistics(departures: departures, arrivals: departures.map { ($0.time, 1500) }, direction: direction))
        #expect(abs(punctual.measuredBitsPerSecond - 12e6) < 1)
        #expect(abs(punctual.requestedBitsPerSecond - 12e6) < 1)
        let slow = try #require(
            RateStatistics(departures: departures, arrivals: departures.map { ($0.time * 1.01, 1500) }, direction: direction))
        #expect(slow.error > slow.maxError)
        #expect(RateStatistics(departures: departures, arrivals: [], direction: direction) == nil)
    }

    @Test("What steps and traces can carry is counted over any part of their time")
    func capacity() throws {
        let steps = LinkRate.steps([
            LinkRate.Step(from: .zero, bitsPerSecond: 1e6), LinkRate.Step(from: .seconds(2), bitsPerSecond: 4e6),
        ])
        #expect(steps.bitCount(after: .seconds(1), upTo: .seconds(3)) == 5e6)
        #expect(steps.bitCount(after: .seconds(3), upTo: .seconds(3)) == 0)
        let trace = LinkRate.trace(try LinkTrace(parsing: "1\n1\n4\n10\n"))
        #expect(trace.bitCount(after: .zero, upTo: .milliseconds(10)) == 4 * 12_000)
        #expect(trace.bitCount(after: .milliseconds(1), upTo: .milliseconds(11)) == 4 * 12_000)
        #expect(trace.bitCount(after: .milliseconds(10), upTo: .milliseconds(1010)) == 400 * 12_000)
    }

    @Test("Every opportunity of a trace must carry a packet")
    func opportunities() throws {
        let trace = try LinkTrace(parsing: "2\n2\n5\n9\n10\n")
        let exits = [2, 2, 5, 9, 10, 12, 12, 15].map { Duration.milliseconds($0) }
        func statistics(_ exits: [Duration]) -> RateStatistics? {
            let departures = exits.map { LinkEvent(time: $0, kind: .departure(delay: .zero), byteCount: 1500, heading: .up) }
            return RateStatistics(departures: departures, arrivalCount: exits.count, trace: trace, delay: .zero)
        }
        let whole = try #require(statistics(exits))
        #expect(whole.opportunityCount == 5)
        #expect(whole.usedOpportunityCount == 5)
        #expect(whole.error <= whole.maxError)
        let partial = try #require(statistics(exits.filter { $0 != .milliseconds(9) }))
        #expect(partial.usedOpportunityCount == 4)
        #expect(partial.error > partial.maxError)
    }

    @Test("A check sends real packets both ways, and its summary has the fields that programs rely on")
    func summary() throws {
        let folder = try ScratchFolder()
        let check = try NetSimCommand("check", "--link", folder.link(), "--seconds", "1", "--json")
        // On a busy machine the relay may fall short; that it says so is what matters then.
        #expect(check.status == 0 || check.errors.contains("falls short"))
        let lines = check.output.split(separator: "\n")
        #expect(lines.count == 1)
        let summary = try #require(
            JSONSerialization.jsonObject(with: Data((lines.last ?? "").utf8)) as? [String: Any])
        #expect(summary["event"] as? String == "summary")
        #expect(summary["requested_rate_bps"] as? Double == 20e6)
        #expect(summary["requested_loss"] as? Double == 0)
        #expect(summary["ok"] as? Bool == (check.status == 0))
        let others = ["measured_rate_bps", "delay_error_p50_ms", "delay_error_p99_ms", "measured_loss", "down"]
        for field in others { #expect(summary[field] != nil, "\(field)") }
        #expect(try NetSimCommand("check", "--link", folder.link(), "--seconds", "0").status == 64)
    }
}
