/// The count of the datagrams that were sent, and of those that went again.
public struct Flight: Sendable {
    /// Datagrams handed to the transport.
    public private(set) var sentCount = 0
    /// Datagrams that the peer's transport has not confirmed.
    public private(set) var transportCount = 0
    /// Datagrams that the transport has sent again.
    public private(set) var repeatedCount = 0
    /// The share of what goes on the wire that has to be sent again.
    public private(set) var lossShare = 0.0
    /// True when more than a little has queued since the losses were counted last.
    private var hasQueued = false
    private var window: (start: Duration, sent: Int, again: Int)

    /// Datagrams that may be on their way at any rate.
    static let minCount = 8
    /// Time until a report of a datagram comes, beside the round trip: a report's interval and a scheduler's turn.
    static let reportTime = Duration.milliseconds(60)
    /// Losses are counted over this time or two round trips, and over at least so many datagrams: fewer say little of a share of one per cent.
    private static let minWindow = Duration.milliseconds(500)
    private static let minWindowCount = 50
    /// A larger share is an outage's or an overflowing queue's, not the link's.
    private static let maxLossShare = 0.3
    /// The weight of a new window beside the ones before it.
    private static let weight = 0.4

    init(now: Duration) { window = (now, 0, 0) }

    /// Retransmissions over first transmissions.
    public var retransmitRatio: Double { sentCount > 0 ? Double(repeatedCount) / Double(sentCount) : 0 }

    mutating func sent() {
        sentCount += 1
        transportCount += 1
    }

    /// Takes the state of the transport; returns the datagrams that went again since the last time.
    @discardableResult
    mutating func note(_ transport: TransportState, roundTrip: Duration, now: Duration) -> Int {
        transportCount = transport.inFlightCount
        let more = max(0, transport.repeatedCount - repeatedCount)
        repeatedCount += more
        let sent = sentCount - window.sent
        let again = repeatedCount - window.again
        guard now - window.start >= max(Self.minWindow, roundTrip * 2), sent + again >= Self.minWindowCount else { return more }
        // A queue that overflows loses too, and is answered by what the queue says.
        let share = min(Self.maxLossShare, Double(again) / Double(sent + again))
        if !hasQueued || share < lossShare {
            lossShare += (share - lossShare) * (lossShare == 0 ? 1 : Self.weight)
        }
        window = (now, sentCount, repeatedCount)
        hasQueued = false
        return more
    }

    /// Counts the losses of this window as a queue's, not the link's.
    mutating func queued() { hasQueued = true }

    /// Drops the estimate of the link's own losses: it was wrong.
    mutating func forgetLosses() {
        lossShare = 0
        hasQueued = true
    }
}
