/// Sends whole packets at the opportunities of a trace, by mahimahi's rule.
///
/// An opportunity carries up to 1500 bytes of the packets that arrived before it: one packet, several small ones, or a part of a
/// larger one, which leaves with its last byte. Opportunities that find nothing to carry are lost, and so is what is left of one.
struct TraceSchedule: Sendable {
    private let trace: LinkTrace
    /// The next opportunity with bytes left, and when the period that it belongs to began.
    private var index = 0
    private var periodStart = Duration.zero
    private var leftByteCount = LinkTrace.opportunityByteCount

    /// So that a packet of any size is far from overflowing a `Duration`. No IP packet takes more than 44.
    private static let largestOpportunityCount = 1 << 20

    init(_ trace: LinkTrace) { self.trace = trace }

    func start(arrivingAt arrival: Duration) -> Duration {
        guard nextTime <= arrival else { return nextTime }
        var later = self
        later.skip(past: arrival)
        return later.nextTime
    }

    mutating func departure(ofByteCount byteCount: Int, arrivingAt arrival: Duration) -> Duration {
        // One at the very instant of the arrival has gone already, as mahimahi has it.
        if nextTime <= arrival { skip(past: arrival) }
        if byteCount > leftByteCount {
            let (fullCount, lastByteCount) = (byteCount - leftByteCount - 1)
                .quotientAndRemainder(dividingBy: LinkTrace.opportunityByteCount)
            advance(by: min(fullCount, Self.largestOpportunityCount) + 1)
            leftByteCount -= lastByteCount + 1
        } else {
            leftByteCount -= byteCount
        }
        let departure = nextTime
        if leftByteCount == 0 { advance(by: 1) }
        return departure
    }

    private var nextTime: Duration { periodStart + .milliseconds(trace.milliseconds[index]) }

    private mutating func advance(by count: Int) {
        let (periodCount, newIndex) = (index + count).quotientAndRemainder(dividingBy: trace.milliseconds.count)
        periodStart += trace.period * periodCount
        index = newIndex
        leftByteCount = LinkTrace.opportunityByteCount
    }

    /// Goes on to the first opportunity after `time`, which is not before the next one, without looking at those between.
    private mutating func skip(past time: Duration) {
        let periodCount = (time - periodStart).attoseconds / trace.period.attoseconds
        periodStart += Duration(attoseconds: periodCount * trace.period.attoseconds)
        let millisecond = (time - periodStart).attoseconds / Self.attosecondsPerMillisecond
        // The last opportunity ends the period, and `time` is before that end.
        index = trace.firstIndex(after: UInt32(millisecond), from: periodCount == 0 ? index : 0)
        leftByteCount = LinkTrace.opportunityByteCount
    }

    private static let attosecondsPerMillisecond: Int128 = 1_000_000_000_000_000
}
