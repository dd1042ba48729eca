internal import Concurrency

/// Tells a queue that another flow keeps full from one's own, and says what to send into it: a queue that stands however little is sent says
/// nothing about this sender's rate, so the rate grows and shrinks by what is lost, as the other flow's does (the competitive mode of Copa, Arun
/// and Balakrishnan 2018).
struct CompetitiveMode: Sendable {
    /// The figures by which a turn, a round trip long, is judged.
    struct Traffic: Sendable {
        /// Datagrams sent so far, and those sent again.
        var sentCount: Int
        var repeatedCount: Int
        /// The share the link loses by itself.
        var lossShare: Double
    }

    /// Since when the queue has stood above its target, the longest it was, how much of it should have drained since, and the rate before.
    private struct Standing: Sendable {
        let since: Duration
        let rate: Double
        var last: Duration
        var greatest: Duration
        var drained = Duration.zero
    }
    private struct Turn: Sendable {
        let number: Int
        let end: Duration
        let traffic: Traffic
    }
    private var standing: Standing?
    private var turn: Turn?
    private var rate = 0.0
    private var shrunkAt = Duration.zero

    /// The share of the rate before that is taken up when a queue should have drained long ago: as a flow's after one loss.
    private static let share = 0.5
    /// A rate after losses, over the one before.
    private static let shrinking = 0.75
    /// Datagrams that a rate grows by in a turn.
    private static let growthDatagramCount = 1.0
    /// A rate while it is looked whether the queue is still another's, over the one before; so many turns of so many.
    private static let lookingGain = 0.7
    private static let lookingTurns = 2
    private static let cycleTurns = 16
    /// A queue longer than the target by half and by this stands.
    private static let standingSlack = Duration.milliseconds(5)
    /// A queue that stands for so long, or five round trips, is another flow's.
    private static let standingTime = Duration.milliseconds(800)

    /// True when another flow holds the queue.
    var isOn: Bool { turn != nil }

    /// Takes how the queue stands by the last report.
    /// - Parameters:
    ///   - rate: what is sent.
    ///   - arrivalRate: what arrives: the queue should drain by as much as the rate is below it.
    mutating func note(
        queueDelay: Duration, target: Duration, rate: Double, arrivalRate: Double, roundTrip: Duration, traffic: Traffic,
        now: Duration
    ) {
        if queueDelay < target { turn = nil }
        guard queueDelay > target * 3 / 2 + Self.standingSlack else {
            standing = nil
            return
        }
        var current = standing ?? Standing(since: now, rate: rate, last: now, greatest: queueDelay)
        // A rate cut takes one round trip to show in the reports.
        if now - current.since > roundTrip {
            current.drained += (now - current.last) * min(1, max(0, 1 - rate / max(1, arrivalRate)))
        }
        current.last = now
        current.greatest = max(current.greatest, queueDelay)
        standing = current
        guard !isOn else { return }
        let isOverdue = current.drained > current.greatest * 2 && now - current.since > roundTrip * 4
        guard isOverdue || now - current.since > max(Self.standingTime, roundTrip * 5) else { return }
        self.rate = max(rate, arrivalRate, isOverdue ? current.rate * Self.share : 0)
        turn = Turn(number: 0, end: now + roundTrip, traffic: traffic)
    }

    /// Returns the rate to send at. Of sixteen turns two look whether the queue is still another's.
    mutating func bitsPerSecond(roundTrip: Duration, traffic: Traffic, now: Duration) -> Double {
        guard let current = turn else { return rate }
        let isLooking = current.number % Self.cycleTurns >= Self.cycleTurns - Self.lookingTurns
        if now >= current.end {
            let sent = traffic.sentCount - current.traffic.sentCount
            let again = traffic.repeatedCount - current.traffic.repeatedCount
            if Double(again) > 2 * traffic.lossShare * Double(sent) {
                // What the rate before the last cut lost is repeated a round trip after it.
                if now - shrunkAt > roundTrip * 2 {
                    shrunkAt = now
                    rate *= Self.shrinking
                }
            } else if !isLooking {
                rate += Self.growthDatagramCount * Double(8 * RateControl.wireByteCount) / roundTrip.inSeconds
            }
            turn = Turn(number: current.number + 1, end: now + roundTrip, traffic: traffic)
        }
        return isLooking ? rate * Self.lookingGain : rate
    }
}
