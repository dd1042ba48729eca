internal import Concurrency

/// Finds out whether a queue is longer than it seems.
///
/// Where another flow had filled the queue before the first datagram, the least delay ever seen includes that queue: what stands on top of it looks
/// short, and what overflows it looks like the link's own losses. So when datagrams are lost while the queue never runs empty, less is sent for two
/// round trips; if the least delay falls, the queue was the sender's own doing (the idea of BBR's ProbeRTT, Cardwell and others 2016, at need only).
public struct DrainTest: Sendable {
    private enum State {
        /// Nothing speaks for a test; since when something has, if it does.
        case waiting(doubtSince: Duration?)
        case draining(since: Duration, delayBefore: UInt32)
    }
    private var state = State.waiting(doubtSince: nil)
    private var interval = 1
    /// Losses have to last so long, or eight round trips, before a test.
    private static let firstDelay = Duration.seconds(1)
    /// The rate while a queue drains, over that of arrivals.
    static let gain = 0.7
    private static let maxInterval = 16
    /// A share of losses below which nothing speaks for a test.
    private static let suspiciousLoss = 0.015

    /// Nothing speaks for a test.
    public init() {}

    /// The answer to a report.
    public enum Verdict {
        case nothing, draining
        /// The least delay fell by more than half the target: what was known of queue and losses was wrong.
        case wasLonger
    }

    /// Takes how things stand by the last report.
    /// - Parameter minDelay: of all datagrams of late, in microseconds between clocks whose offset is unknown.
    public mutating func take(
        queueDelay: Duration, target: Duration, lossShare: Double, minDelay: UInt32, roundTrip: Duration, now: Duration
    ) -> Verdict {
        switch state {
        case .waiting(let doubtSince):
            guard lossShare > Self.suspiciousLoss, queueDelay > target * 9 / 10 else {
                state = .waiting(doubtSince: nil)
                return .nothing
            }
            let since = doubtSince ?? now
            guard now - since > max(Self.firstDelay, roundTrip * 8) * interval else {
                state = .waiting(doubtSince: since)
                return .nothing
            }
            state = .draining(since: now, delayBefore: minDelay)
            return .draining
        case .draining(let since, let delayBefore):
            let fall = Duration.microseconds(Int64(Int32(bitPattern: delayBefore &- minDelay)))
            // A round trip until the cut shows, and one for the queue to drain.
            guard now - since > roundTrip * 2 + Flight.reportTime else { return .draining }
            state = .waiting(doubtSince: nil)
            guard fall > target / 2 else {
                interval = min(Self.maxInterval, interval * 2)
                return .nothing
            }
            interval = 1
            return .wasLonger
        }
    }
}
