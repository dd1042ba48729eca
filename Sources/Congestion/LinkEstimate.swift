internal import Concurrency
internal import WireFormat

/// A sender's knowledge of the link from its receiver's reports: round trip, queueing delay, and how fast things arrive.
public struct LinkEstimate: Sendable {
    /// The least round trip of late, without queues as far as can be known.
    public private(set) var minRoundTrip: Duration
    /// The round trip by the last report, smoothed.
    public private(set) var roundTrip: Duration
    /// The least that a datagram of late took to get there, in microseconds between clocks whose offset is unknown, modulo 2^32.
    public private(set) var minDelay: UInt32 = 0
    /// Time that datagrams wait in the link's queue: the least of the last reports, over the least there ever was.
    public private(set) var queueDelay = Duration.zero
    /// Bits a second on the wire that arrived over the last while; nil before there is a while.
    public private(set) var arrivalRate: Double?
    /// The receiver's datagrams so far.
    public private(set) var receivedCount: UInt64 = 0
    /// When what the last report saw last had left, by the sender's clock.
    public private(set) var lastDeparture: Duration = .zero
    /// The time the arrival rate is over.
    public private(set) var span = Duration.zero
    /// When the last report came that said something new.
    public private(set) var lastReport: Duration?
    /// When the last report came that said how long datagrams wait: none does while only what was lost before comes in.
    public private(set) var lastDelay: Duration = .zero

    private struct Arrival: Sendable {
        let time: UInt64
        let byteCount: UInt64
        let count: UInt64
    }
    private var arrivals: [Arrival] = []
    private var delays: [UInt32] = []
    private var minDelays: [(since: Duration, delay: UInt32)] = []
    private var minRoundTrips: [(since: Duration, value: Duration)] = []
    /// The least of two such times is remembered: a route may change, and a clock drift.
    private static let delayBucket = Duration.seconds(30)
    private static let keptArrivals = 256
    /// A round trip below this is a clock's grain.
    private static let minRoundTrip = Duration.microseconds(200)
    /// An arrival rate is over this time and so many datagrams at least, so that neither bunched arrivals nor single datagrams count.
    private static let minArrivalMicroseconds: UInt64 = 60_000
    private static let minArrivalCount: UInt64 = 12
    /// Delays of so many reports: the least of them is the queue's.
    private static let keptDelays = 3

    init(roundTrip: Duration) {
        minRoundTrip = max(roundTrip, Self.minRoundTrip)
        self.roundTrip = minRoundTrip
    }

    /// The queue that proves the link full: a tenth of the round trip within bounds, and at least two datagrams and a half.
    func targetQueueDelay(at bitsPerSecond: Double) -> Duration {
        let datagrams = Duration.seconds(2.5 * Double(8 * RateControl.wireByteCount) / bitsPerSecond)
        return max(.milliseconds(5), min(.milliseconds(20), minRoundTrip / 10), min(.milliseconds(100), datagrams))
    }

    /// Takes a report; false when it says nothing new.
    mutating func take(_ report: Report, now: Duration) -> Bool {
        guard report.receivedDatagramCount > receivedCount else { return false }
        receivedCount = report.receivedDatagramCount
        lastReport = now
        if report.holdMicroseconds != Report.noEcho {
            takeRoundTrip(report, now: now)
            takeDelay(report.minDelayMicroseconds, now: now)
            lastDelay = now
        }
        takeArrivals(report)
        return true
    }

    private mutating func takeRoundTrip(_ report: Report, now: Duration) {
        let passed = Int32(bitPattern: now.wrappedMicroseconds &- report.echoMicroseconds &- report.holdMicroseconds)
        guard passed > 0 else { return }
        let sample = Duration.microseconds(Int64(passed))
        roundTrip += (sample - roundTrip) / 4
        lastDeparture = max(lastDeparture, now - sample - .microseconds(Int64(report.holdMicroseconds)))
        if let last = minRoundTrips.last, now - last.since < Self.delayBucket {
            minRoundTrips[minRoundTrips.count - 1].value = min(last.value, sample)
        } else {
            minRoundTrips.append((now, sample))
            if minRoundTrips.count > 2 { minRoundTrips.removeFirst() }
        }
        minRoundTrip = max(Self.minRoundTrip, minRoundTrips.map(\.value).min() ?? sample)
    }

    private mutating func takeDelay(_ delay: UInt32, now: Duration) {
        func less(_ a: UInt32, _ b: UInt32) -> UInt32 { Int32(bitPattern: a &- b) < 0 ? a : b }
        if let last = minDelays.last, now - last.since < Self.delayBucket {
            minDelays[minDelays.count - 1].delay = less(last.delay, delay)
        } else {
            minDelays.append((now, delay))
            if minDelays.count > 2 { minDelays.removeFirst() }
        }
        delays.append(delay)
        if delays.count > Self.keptDelays { delays.removeFirst() }
        minDelay = minDelays.dropFirst().reduce(minDelays[0].delay) { less($0, $1.delay) }
        let least = delays.dropFirst().reduce(delays[0], less)
        queueDelay = .microseconds(Int64(max(0, Int32(bitPattern: least &- minDelay))))
    }

    /// Over at least one round trip.
    private mutating func takeArrivals(_ report: Report) {
        let wire = report.receivedByteCount + report.receivedDatagramCount * UInt64(RateControl.overheadByteCount)
        let now = Arrival(time: report.lastArrivalMicroseconds, byteCount: wire, count: report.receivedDatagramCount)
        let least = max(Self.minArrivalMicroseconds, UInt64(minRoundTrip.microseconds))
        // A peer whose sums go back is lying, and is not believed.
        if let last = arrivals.last, now.byteCount < last.byteCount || now.time < last.time { return }
        let earlier = arrivals.last { now.time >= $0.time + least && now.count >= $0.count + Self.minArrivalCount }
        arrivals.append(now)
        if arrivals.count > Self.keptArrivals { arrivals.removeFirst() }
        if let earlier {
            span = .microseconds(Int64(now.time - earlier.time))
            arrivalRate = Double(now.byteCount - earlier.byteCount) * 8 / span.inSeconds
        }
    }
}
