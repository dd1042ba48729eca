internal import WireFormat

/// Finds the rate a link carries from what its receiver reports, and keeps the link full with next to nothing waiting in its queue.
///
/// The rate is what arrives, times a little more than one while nothing queues, and a little less than one while more queues than the small
/// amount that proves the link full. It grows by 5 % a round trip at first, twice that with every round trip in which no queue shows. It opens
/// with a train of datagrams sent as fast as can be: how far apart they arrive tells the link's rate after one round trip (packet trains as in
/// Jain and Dovrolis 2003; the estimate of arrivals after BBR, Cardwell and others 2016; the queue as the goal after Copa, Arun and
/// Balakrishnan 2018).
package struct RateController: Sendable {
    /// Bits a second on the wire, headers and what is sent again included.
    package private(set) var bitsPerSecond: Double
    /// Time that datagrams wait in the link's queue, by the last reports.
    package var queueDelay: Duration { estimate.queueDelay }
    /// The round trip by the last reports.
    package var roundTrip: Duration { estimate.roundTrip }
    /// The least round trip of late.
    package var leastRoundTrip: Duration { estimate.leastRoundTrip }
    /// The share of what goes on the wire that has to be sent again.
    package private(set) var lossShare = 0.0

    private let ceiling: Double
    private let isFixed: Bool
    private var estimate: LinkEstimate
    private var history = SendHistory()
    private var filter = ArrivalFilter()
    /// By how much the rate exceeds arrivals while no queue shows.
    private var probe = 1.0
    private var probedAt = Duration.zero
    private var shortfallCount = 0
    private var contest = QueueContest()
    private var drainTest = DrainTest()
    private var lastStarved: Duration?
    /// Datagrams of the opening train still to go.
    package private(set) var opening = Self.openingCount
    private var isTrainLeaving = false
    /// True when the opening train, or what came after it, has told of the link.
    private var hasFirstEstimate = false
    private var sentCount = 0
    private var transportCount = 0
    private var retransmittedCount = 0
    /// True when more than a little has queued since the losses were counted last.
    private var hasQueued = false
    private var lossWindow = (start: Duration.zero, sent: 0, again: 0)

    /// Datagrams of the opening train.
    static let openingCount = 32
    private static let openingBitsPerSecond = 200e6
    private static let leastBitsPerSecond = 64e3
    private static let mostBitsPerSecond = 2e9
    private static let leastProbe = 0.05
    private static let firstProbe = 0.25

    /// - Parameter roundTrip: as connecting took it.
    package init(_ control: RateControl, roundTrip: Duration, now: Duration) {
        estimate = LinkEstimate(roundTrip: roundTrip)
        lossWindow.start = now
        switch control {
        case .fixed(let rate):
            isFixed = true
            ceiling = rate
            bitsPerSecond = rate
            opening = 0
        case .automatic(let ceiling, let hint):
            isFixed = false
            self.ceiling = min(Self.mostBitsPerSecond, ceiling ?? .infinity)
            // After the train: as much a round trip as the train was.
            let slow = Double(Self.openingCount * RateControl.wireByteCount * 8) / max(roundTrip, .milliseconds(20)).seconds
            bitsPerSecond = min(self.ceiling, max(Self.leastBitsPerSecond, slow, (hint ?? 0) * 0.75))
        }
    }

    /// The rate to hand things over at now: the opening train goes faster than the rate.
    package var pacingBitsPerSecond: Double {
        opening > 0 || isTrainLeaving ? max(bitsPerSecond, min(ceiling, Self.openingBitsPerSecond)) : bitsPerSecond
    }

    /// The rate that the transport is to be held to: a little above the pace, or what it holds would be one more queue.
    package var transportBitsPerSecond: Double { isFixed ? bitsPerSecond : min(ceiling, pacingBitsPerSecond * 1.1) }

    /// The most datagrams that may go to the transport at once; none between the train and what follows it.
    var burstLimit: Int { opening > 0 ? opening : isTrainLeaving ? 0 : .max }

    /// The most datagrams that may be on their way, for the rate may be wrong, and for an outage: what is on its way then goes again.
    package var inFlightLimit: Int {
        // While nothing is known of the rate: the train, and then twice what has come, as a slow start.
        guard isFixed || !filter.isEmpty else { return max(Self.openingCount, 2 * Int(clamping: estimate.receivedCount)) }
        // Half a round trip more than there is, for what is lost and comes later; the goal's queue; and the reports' own time.
        let time = max(estimate.leastRoundTrip * 3 / 2 + goal, contest.isOn ? estimate.roundTrip : .zero) + .milliseconds(60)
        return 8 + Int(bitsPerSecond * time.seconds / Double(8 * RateControl.wireByteCount))
    }

    /// Datagrams on their way, as far as is known: not reported yet, and not confirmed by the peer's transport either. What came and was refused there is
    /// reported never.
    package var inFlightCount: Int { max(0, min(sentCount - Int(clamping: estimate.receivedCount), transportCount)) }
    /// Retransmissions over first transmissions.
    package var retransmitRatio: Double { sentCount > 0 ? Double(retransmittedCount) / Double(sentCount) : 0 }

    /// The queue that proves the link full: a tenth of the round trip within bounds, and at least two datagrams and a half.
    private var goal: Duration {
        let datagrams = Duration.seconds(2.5 * Double(8 * RateControl.wireByteCount) / bitsPerSecond)
        return max(.milliseconds(5), min(.milliseconds(20), estimate.leastRoundTrip / 10), min(.milliseconds(100), datagrams))
    }

    /// Takes what has gone to the transport.
    mutating func sent(byteCount: Int, now: Duration) {
        sentCount += 1
        transportCount += 1
        if opening > 0 {
            opening -= 1
            isTrainLeaving = opening == 0
        }
        history.add(byteCount: byteCount + RateControl.overheadByteCount, now: now)
    }

    /// Takes how the transport stands.
    mutating func note(_ transport: TransportState, now: Duration) {
        if transport.unsentCount == 0 { isTrainLeaving = false }
        transportCount = transport.inFlightCount
        repeated(transport.repeatedCount, now: now)
    }

    private mutating func repeated(_ count: Int, now: Duration) {
        if count > retransmittedCount { history.add(byteCount: (count - retransmittedCount) * RateControl.wireByteCount, now: now) }
        retransmittedCount = max(count, retransmittedCount)
        let sent = sentCount - lossWindow.sent
        let again = retransmittedCount - lossWindow.again
        guard now - lossWindow.start >= max(.milliseconds(500), estimate.roundTrip * 2), sent + again >= 50 else { return }
        // A queue that overflows loses too, and is answered by what the queue says.
        let share = min(0.3, Double(again) / Double(sent + again))
        if !hasQueued || share < lossShare {
            lossShare += (share - lossShare) * (lossShare == 0 ? 1 : 0.4)
        }
        lossWindow = (now, sentCount, retransmittedCount)
        hasQueued = false
    }

    /// There was room and nothing to send: what arrives tells less than what the link could carry.
    mutating func starved(now: Duration) {
        lastStarved = now
        // What trickled so far told nothing of the link: what comes next opens it once more.
        if !isFixed, !hasFirstEstimate, transportCount == 0 { opening = Self.openingCount }
    }

    /// Takes a report.
    mutating func take(_ report: Report, now: Duration) {
        let silence = estimate.lastReport.map { now - $0 } ?? .zero
        guard estimate.take(report, now: now), !isFixed else { return }
        if opening > 0 || filter.isEmpty { takeTrain(report, now: now) }
        // Before the train there is nothing to compare arrivals with: a sender that has little to send yet is no slow link.
        if opening > 0 { return }
        guard let arrivalRate = estimate.arrivalRate else { return }
        let start = estimate.lastDeparture - estimate.span
        // What comes out of a standing queue is the link's rate, whatever was sent; else no more can have come than was sent.
        let sample =
            estimate.queueDelay > goal
            ? arrivalRate : min(arrivalRate, 1.05 * history.rate(from: start, to: estimate.lastDeparture))
        let isLimited = lastStarved.map { $0 >= start } ?? false
        // After an outage arrivals tell of the outage.
        if silence > .seconds(1) || isLimited && sample < filter.greatest {
            filter.hold(now: now)
        } else {
            filter.add(sample, now: now, span: max(.milliseconds(300), estimate.leastRoundTrip * 4))
            if !isLimited { hasFirstEstimate = true }
        }
        adjust(arrivalRate: sample, isLimited: isLimited, now: now)
    }

    /// The opening train: how far the link has drawn it out is how fast the link is. What was sent as slowly as it came says nothing.
    private mutating func takeTrain(_ report: Report, now: Duration) {
        guard report.holdMicroseconds != Report.noEcho, report.arrivalCount >= 4,
            report.spanMicroseconds >= (report.arrivalCount >= 8 ? 500 : 10_000)
        else { return }
        let wire = Double(report.spanByteCount) + Double(Int(report.arrivalCount) - 1) * Double(RateControl.overheadByteCount)
        let span = Duration.microseconds(Int64(report.spanMicroseconds))
        guard history.span(of: wire, endingAt: estimate.lastDeparture) < span * 3 / 5 else { return }
        let rate = wire * 8 / span.seconds
        filter.add(min(rate, ceiling), now: now, span: max(.milliseconds(300), estimate.leastRoundTrip * 4))
        // A receiver that is busy sees a train later than it came, so the estimate is rather low.
        probe = Self.firstProbe
        probedAt = now
        opening = 0
        hasFirstEstimate = true
        set(rate)
    }

    private mutating func adjust(arrivalRate: Double, isLimited: Bool, now: Duration) {
        let queue = estimate.queueDelay
        let goal = goal
        if queue > goal * 3 { hasQueued = true }
        // What comes then are repeats, as fast as the rate lets them: no reason to lower it once more.
        guard now - estimate.lastDelay < .milliseconds(150) else { return filter.hold(now: now) }
        switch drainTest.take(
            queueDelay: queue, goal: goal, lossShare: lossShare, leastDelay: estimate.leastDelay, roundTrip: estimate.roundTrip,
            now: now)
        {
        case .draining:
            filter.hold(now: now)
            return set(filter.greatest * DrainTest.gain)
        case .wasLonger:
            lossShare = 0
            hasQueued = true
        case .nothing: break
        }
        noteShortfall(arrivalRate, isFull: queue > goal * 2, now: now)
        let traffic = QueueContest.Traffic(sentCount: sentCount, repeatedCount: retransmittedCount, lossShare: lossShare)
        contest.note(
            queueDelay: queue, goal: goal, rate: bitsPerSecond, arrivalRate: arrivalRate, roundTrip: estimate.roundTrip,
            traffic: traffic, now: now)
        // With a queue standing what arrives is all the link carries, whatever was lost before the queue.
        let carried = queue < goal * 3 / 2 ? filter.greatest / (1 - lossShare) : filter.greatest
        guard carried > 0 else { return }
        if contest.isOn { return set(contest.bitsPerSecond(roundTrip: estimate.roundTrip, traffic: traffic, now: now)) }
        if queue < goal / 2 {
            // Only once what was tried before shows in what arrives.
            if !isLimited, estimate.lastDeparture - estimate.span >= probedAt {
                probedAt = now
                probe = min(1, probe * 2)
            }
            // What could not be tried says nothing against what was found before.
            set(isLimited ? max(bitsPerSecond, carried) : carried * (1 + probe))
        } else {
            probe = Self.leastProbe / 2
            probedAt = now
            let horizon = max(.milliseconds(100), estimate.leastRoundTrip * 3 / 2)
            set(carried * (1 + max(-0.5, min(0.05, (goal - queue) / horizon))))
        }
    }

    /// Less arrives than was found before and than was sent, and a queue stands: the link has become slower. Without the queue it is this machine that
    /// was slow.
    private mutating func noteShortfall(_ arrivalRate: Double, isFull: Bool, now: Duration) {
        let end = now - estimate.roundTrip
        let sentRate = history.rate(from: end - estimate.span, to: end)
        shortfallCount = isFull && arrivalRate < 0.85 * min(filter.greatest, sentRate) ? shortfallCount + 1 : 0
        guard shortfallCount >= 2 else { return }
        shortfallCount = 0
        // What the old rate lost in the queue is repeated from now on.
        hasQueued = true
        filter.reset(to: arrivalRate, now: now)
    }

    private mutating func set(_ rate: Double) { bitsPerSecond = min(ceiling, max(Self.leastBitsPerSecond, rate)) }
}

/// The greatest rate of arrivals of late.
struct ArrivalFilter: Sendable {
    private var samples: [(time: Duration, rate: Double)] = []

    var isEmpty: Bool { samples.isEmpty }
    var greatest: Double { samples.first?.rate ?? 0 }

    /// Forgets what is older than `span` and what is less and older than this.
    mutating func add(_ rate: Double, now: Duration, span: Duration) {
        samples.removeAll { now - $0.time > span }
        while let last = samples.last, last.rate <= rate { samples.removeLast() }
        samples.append((now, rate))
    }

    /// Keeps what is known from growing old.
    mutating func hold(now: Duration) {
        guard let greatest = samples.first else { return }
        samples = [(now, greatest.rate)]
    }

    mutating func reset(to rate: Double, now: Duration) { samples = [(now, rate)] }
}
