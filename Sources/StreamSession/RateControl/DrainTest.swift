/// Finds out whether a queue is longer than it seems.
///
/// Where another flow had filled the queue before the first datagram, the least delay ever seen includes that queue: what stands on top of it looks
/// short, and what overflows it looks like the link's own losses. So when datagrams are lost while the queue never runs empty, less is sent for two
/// round trips; if the least delay falls, the queue was the sender's own doing (the idea of BBR's ProbeRTT, Cardwell and others 2016, at need only).
package struct DrainTest: Sendable {
    private enum State {
        /// Nothing speaks for a test; since when something has, if it does.
        case waiting(doubtSince: Duration?)
        case draining(since: Duration, delayBefore: UInt32)
    }
    private var state = State.waiting(doubtSince: nil)
    private var patience = 1
    /// Of the rate of arrivals, while a queue drains.
    static let gain = 0.7
    private static let mostPatience = 16
    private static let suspiciousLoss = 0.015

    /// Nothing speaks for a test.
    package init() {}

    /// The answer to a report.
    package enum Verdict {
        case nothing, draining
        /// The least delay fell by more than the goal: what was known of queue and losses was wrong.
        case wasLonger
    }

    /// Takes how things stand by the last report.
    /// - Parameter leastDelay: of all datagrams of late, in microseconds between clocks whose offset is unknown.
    package mutating func take(
        queueDelay: Duration, goal: Duration, lossShare: Double, leastDelay: UInt32, roundTrip: Duration, now: Duration
    ) -> Verdict {
        switch state {
        case .waiting(let doubtSince):
            guard lossShare > Self.suspiciousLoss, queueDelay > goal * 9 / 10 else {
                state = .waiting(doubtSince: nil)
                return .nothing
            }
            let since = doubtSince ?? now
            guard now - since > max(.seconds(1), roundTrip * 8) * patience else {
                state = .waiting(doubtSince: since)
                return .nothing
            }
            state = .draining(since: now, delayBefore: leastDelay)
            return .draining
        case .draining(let since, let delayBefore):
            let fall = Duration.microseconds(Int64(Int32(bitPattern: delayBefore &- leastDelay)))
            // A round trip until what was sent less shows, and one for the queue to drain.
            guard now - since > roundTrip * 2 + .milliseconds(60) else { return .draining }
            state = .waiting(doubtSince: nil)
            guard fall > goal / 2 else {
                patience = min(Self.mostPatience, patience * 2)
                return .nothing
            }
            patience = 1
            return .wasLonger
        }
    }
}
