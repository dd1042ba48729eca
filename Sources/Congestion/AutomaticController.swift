internal import Concurrency
public import WireFormat

/// Finds the rate a link carries from what its receiver reports, and keeps the link full with next to nothing waiting in its queue.
///
/// The rate is what arrives, times a little more than one while nothing queues, and a little less than one while more queues than the small
/// amount that proves the link full. It grows by 5 % a round trip at first, twice that with every round trip in which no queue shows. It opens
/// with a probe train of datagrams sent as fast as can be: how far apart they arrive tells the link's rate after one round trip (packet trains as in
/// Jain and Dovrolis 2003; the estimate of arrivals after BBR, Cardwell and others 2016; the queue as the target after Copa, Arun and
/// Balakrishnan 2018).
public struct AutomaticController: Controller {
    public private(set) var bitsPerSecond: Double
    public private(set) var estimate: LinkEstimate
    public private(set) var flight: Flight

    private let ceiling: Double
    private var history = SendHistory()
    private var filter = ArrivalFilter()
    /// By how much the rate exceeds arrivals while no queue shows.
    private var probe = 1.0
    private var probedAt = Duration.zero
    private var shortfallCount = 0
    private var competition = CompetitiveMode()
    private var drainTest = DrainTest()
    private var lastStarved: Duration?
    /// Datagrams of the probe train still to go.
    private var trainCount = Self.trainDatagramCount
    private var isTrainLeaving = false
    /// True when the probe train, or what came after it, has told of the link.
    private var hasFirstEstimate = false

    /// Datagrams of the probe train: 48 kB, a fifth of a second at 2 Mbit/s, long enough to be drawn out at 300.
    static let trainDatagramCount = 32
    /// The rate at which the probe train leaves: faster than the links it is to measure.
    private static let trainBitsPerSecond = 200e6
    /// A rate below which not even the reports would come in time.
    private static let minBitsPerSecond = 64e3
    /// A rate beyond which one core cannot seal and send.
    private static let maxBitsPerSecond = 2e9
    /// The share of what a link carried the last time that is believed at first: a slow start costs less than a queue.
    private static let hintShare = 0.75
    /// The shortest round trip by which the first rate is reckoned: on a shorter one the train would be answered before it is sent.
    private static let minFirstRoundTrip = Duration.milliseconds(20)
    /// The transport's rate over the pace: a little above it, or what the transport holds would be one more queue.
    private static let transportGain = 1.1
    /// By how much the rate exceeds arrivals after a queue has shown, after the train, and at most.
    private static let minProbe = 0.05
    private static let firstProbe = 0.25
    private static let maxProbe = 1.0
    /// The most that arrivals may exceed what was sent, by the clocks' grain.
    private static let arrivalSlack = 1.05
    /// Without a report for so long the link was out: arrivals tell of the outage.
    private static let outage = Duration.seconds(1)
    /// The time that arrivals are remembered: four round trips, and at least some twenty reports.
    private static let minMemory = Duration.milliseconds(300)
    /// Reports without a delay for so long say that only repeats come.
    private static let repeatsOnly = Duration.milliseconds(150)
    /// Arrivals that make a train's figure: so many datagrams, drawn out over so many microseconds; a short row needs a long time.
    private static let minTrain: (count: UInt32, microseconds: UInt32) = (8, 500)
    private static let minShortTrain: (count: UInt32, microseconds: UInt32) = (4, 10_000)
    /// Arrivals below this share of what was found and sent are a link that has become slower, where two reports say so.
    private static let shortfallShare = 0.85
    private static let shortfallReports = 2
    /// The most that a rate falls or grows by one report's queue.
    private static let correction: (fall: Double, growth: Double) = (-0.5, 0.05)
    /// The time over which a queue is to reach its target, at least.
    private static let minHorizon = Duration.milliseconds(100)

    /// - Parameters:
    ///   - ceiling: bits a second that are never exceeded.
    ///   - hint: bits a second that the link carried the last time; 0 where nobody knows.
    ///   - roundTrip: as connecting took it.
    public init(ceiling: Double, hint: Double, roundTrip: Duration, now: Duration) {
        estimate = LinkEstimate(roundTrip: roundTrip)
        flight = Flight(now: now)
        self.ceiling = min(Self.maxBitsPerSecond, ceiling)
        // After the train: as much a round trip as the train was.
        let train = Double(Self.trainDatagramCount * RateControl.wireByteCount * 8)
        let slow = train / max(roundTrip, Self.minFirstRoundTrip).inSeconds
        bitsPerSecond = min(self.ceiling, max(Self.minBitsPerSecond, slow, hint * Self.hintShare))
    }

    private var isTrainUnderWay: Bool { trainCount > 0 || isTrainLeaving }

    /// The probe train goes faster than the rate.
    public var pacingBitsPerSecond: Double {
        isTrainUnderWay ? max(bitsPerSecond, min(ceiling, Self.trainBitsPerSecond)) : bitsPerSecond
    }

    public var transportBitsPerSecond: Double { min(ceiling, pacingBitsPerSecond * Self.transportGain) }

    /// None between the train and what follows it.
    public var burstLimit: Int { trainCount > 0 ? trainCount : isTrainLeaving ? 0 : .max }

    public var inFlightLimit: Int {
        // While nothing is known of the rate: the train, and then twice what has come, as a slow start.
        guard !filter.isEmpty else { return max(Self.trainDatagramCount, 2 * Int(clamping: estimate.receivedCount)) }
        return inFlightLimit(queue: targetQueueDelay, atLeast: competition.isOn ? estimate.roundTrip : .zero)
    }

    private var targetQueueDelay: Duration { estimate.targetQueueDelay(at: bitsPerSecond) }
    private var memory: Duration { max(Self.minMemory, estimate.minRoundTrip * 4) }

    public mutating func sent(byteCount: Int, now: Duration) {
        flight.sent()
        if trainCount > 0 {
            trainCount -= 1
            isTrainLeaving = trainCount == 0
        }
        history.add(byteCount: byteCount + RateControl.overheadByteCount, now: now)
    }

    public mutating func note(_ transport: TransportState, now: Duration) {
        if transport.unsentCount == 0 { isTrainLeaving = false }
        let again = flight.note(transport, roundTrip: estimate.roundTrip, now: now)
        if again > 0 { history.add(byteCount: again * RateControl.wireByteCount, now: now) }
    }

    public mutating func starved(now: Duration) {
        lastStarved = now
        // What trickled so far told nothing of the link: what comes next opens it once more.
        if !hasFirstEstimate, flight.transportCount == 0 { trainCount = Self.trainDatagramCount }
    }

    /// Takes a report.
    public mutating func take(_ report: Report, now: Duration) {
        let silence = estimate.lastReport.map { now - $0 } ?? .zero
        guard estimate.take(report, now: now) else { return }
        if trainCount > 0 || filter.isEmpty { takeTrain(report, now: now) }
        // Before the train there is nothing to compare arrivals with: a sender that has little to send yet is no slow link.
        if trainCount > 0 { return }
        guard let arrivalRate = estimate.arrivalRate else { return }
        let start = estimate.lastDeparture - estimate.span
        // What comes out of a standing queue is the link's rate, whatever was sent; else no more can have come than was sent.
        let sample =
            estimate.queueDelay > targetQueueDelay
            ? arrivalRate : min(arrivalRate, Self.arrivalSlack * history.rate(from: start, to: estimate.lastDeparture))
        let isLimited = lastStarved.map { $0 >= start } ?? false
        // After an outage arrivals tell of the outage.
        if silence > Self.outage || isLimited && sample < filter.greatest {
            filter.hold(now: now)
        } else {
            filter.add(sample, now: now, span: memory)
            if !isLimited { hasFirstEstimate = true }
        }
        adjust(arrivalRate: sample, isLimited: isLimited, now: now)
    }

    /// The probe train: how far the link has drawn it out is how fast the link is. What was sent as slowly as it came says nothing.
    private mutating func takeTrain(_ report: Report, now: Duration) {
        let least = report.arrivalCount >= Self.minTrain.count ? Self.minTrain : Self.minShortTrain
        guard report.holdMicroseconds != Report.noEcho, report.arrivalCount >= least.count,
            report.spanMicroseconds >= least.microseconds
        else { return }
        let wire = Double(report.spanByteCount) + Double(Int(report.arrivalCount) - 1) * Double(RateControl.overheadByteCount)
        let span = Duration.microseconds(Int64(report.spanMicroseconds))
        guard history.span(of: wire, endingAt: estimate.lastDeparture) < span * 3 / 5 else { return }
        let rate = wire * 8 / span.inSeconds
        filter.add(min(rate, ceiling), now: now, span: memory)
        // A receiver that is busy sees a train later than it came, so the estimate is rather low.
        probe = Self.firstProbe
        probedAt = now
        trainCount = 0
        hasFirstEstimate = true
        set(rate)
    }

    private mutating func adjust(arrivalRate: Double, isLimited: Bool, now: Duration) {
        let queue = estimate.queueDelay
        let target = targetQueueDelay
        if queue > target * 3 { flight.queued() }
        // What comes then are repeats, as fast as the rate lets them: no reason to lower it once more.
        guard now - estimate.lastDelay < Self.repeatsOnly else { return filter.hold(now: now) }
        switch drainTest.take(
            queueDelay: queue, target: target, lossShare: flight.lossShare, minDelay: estimate.minDelay,
            roundTrip: estimate.roundTrip,
            now: now)
        {
        case .draining:
            filter.hold(now: now)
            return set(filter.greatest * DrainTest.gain)
        case .wasLonger: flight.forgetLosses()
        case .nothing: break
        }
        noteShortfall(arrivalRate, isFull: queue > target * 2, now: now)
        let traffic = CompetitiveMode.Traffic(
            sentCount: flight.sentCount, repeatedCount: flight.repeatedCount, lossShare: flight.lossShare)
        competition.note(
            queueDelay: queue, target: target, rate: bitsPerSecond, arrivalRate: arrivalRate, roundTrip: estimate.roundTrip,
            traffic: traffic, now: now)
        // With a queue standing what arrives is all the link carries, whatever was lost before the queue.
        let carried = queue < target * 3 / 2 ? filter.greatest / (1 - flight.lossShare) : filter.greatest
        guard carried > 0 else { return }
        if competition.isOn { return set(competition.bitsPerSecond(roundTrip: estimate.roundTrip, traffic: traffic, now: now)) }
        if queue < target / 2 {
            // Only once what was tried before shows in what arrives.
            if !isLimited, estimate.lastDeparture - estimate.span >= probedAt {
                probedAt = now
                probe = min(Self.maxProbe, probe * 2)
            }
            // What could not be tried says nothing against what was found before.
            set(isLimited ? max(bitsPerSecond, carried) : carried * (1 + probe))
        } else {
            probe = Self.minProbe / 2
            probedAt = now
            let horizon = max(Self.minHorizon, estimate.minRoundTrip * 3 / 2)
            let change = (target - queue) / horizon
            set(carried * (1 + max(Self.correction.fall, min(Self.correction.growth, change))))
        }
    }

    /// Less arrives than was found before and than was sent, and a queue stands: the link has become slower. Without the queue it is this machine that
    /// was slow.
    private mutating func noteShortfall(_ arrivalRate: Double, isFull: Bool, now: Duration) {
        let end = now - estimate.roundTrip
        let sentRate = history.rate(from: end - estimate.span, to: end)
        shortfallCount = isFull && arrivalRate < Self.shortfallShare * min(filter.greatest, sentRate) ? shortfallCount + 1 : 0
        guard shortfallCount >= Self.shortfallReports else { return }
        shortfallCount = 0
        // What the old rate lost in the queue is repeated from now on.
        flight.queued()
        filter.reset(to: arrivalRate, now: now)
    }

    private mutating func set(_ rate: Double) { bitsPerSecond = min(ceiling, max(Self.minBitsPerSecond, rate)) }
}
