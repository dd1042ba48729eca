import Congestion
import Testing

@Suite("Queues that another flow filled")
struct DrainTestTests {
    private static let target = Duration.milliseconds(30)
    private static let roundTrip = Duration.milliseconds(100)

    private func take(
        _ test: inout DrainTest, at now: Duration, queue: Duration = .milliseconds(30), loss: Double = 0.05, minDelay: UInt32
    ) -> DrainTest.Verdict {
        test.take(
            queueDelay: queue, target: Self.target, lossShare: loss, minDelay: minDelay, roundTrip: Self.roundTrip, now: now)
    }

    /// The times at which the rate is lowered, over some seconds of reports.
    private func draining(queue: Duration, loss: Double) -> [Duration] {
        var test = DrainTest()
        return (0..<60).map { Duration.milliseconds(50 * $0) }.filter {
            take(&test, at: $0, queue: queue, loss: loss, minDelay: 50_000) == .draining
        }
    }

    @Test("Losses over a queue that never runs empty are put to the test once they have lasted a second")
    func begins() {
        let times = draining(queue: Self.target, loss: 0.05)
        #expect(times.first.map { $0 > .seconds(1) && $0 < .milliseconds(1200) } == true, "\(times)")
        #expect(draining(queue: Self.target, loss: 0.01) == [] && draining(queue: .milliseconds(20), loss: 0.05) == [])
    }

    @Test(
        "A least delay that falls meanwhile says that the queue was longer, one that stays that it was not",
        arguments: [true, false])
    func verdict(falls: Bool) {
        var test = DrainTest()
        var verdicts: [DrainTest.Verdict] = []
        var began: Duration?
        for step in 0..<40 {
            let now = Duration.milliseconds(50 * step)
            let verdict = take(&test, at: now, minDelay: falls && began != nil ? 20_000 : 50_000)
            if verdict == .draining, began == nil { began = now }
            if began != nil { verdicts.append(verdict) }
        }
        #expect(verdicts.first { $0 != .draining } == (falls ? .wasLonger : .nothing))
        // Two round trips and a little.
        #expect((5...7).contains(verdicts.prefix { $0 == .draining }.count), "\(verdicts)")
    }
}
