internal import Faults

/// Measures the relay against what it is asked for, by UDP over loopback: the rate of a stream that keeps the link busy, and delay
/// and loss of one that never fills it.
public struct LinkCheck: Sendable {
    /// The times for which a direction may be measured.
    public static let durations = Duration.seconds(1)...Duration.seconds(600)

    private let link: LinkParameters
    private let seed: UInt64
    private let duration: Duration

    /// - Parameter duration: How long each direction is measured, within ``durations``: half of it for the rate.
    /// - Throws: ``NetSimError`` with code `invalidParameter`.
    public init(link: LinkParameters, seed: UInt64, duration: Duration) throws {
        guard Self.durations.contains(duration) else {
            throw NetSimError(.invalidParameter, "a direction is measured for 1 to 600 seconds, not for \(duration)")
        }
        self.link = link
        self.seed = seed
        self.duration = duration
    }

    /// Measures one direction, with nothing going the other way.
    ///
    /// - Throws: ``NetSimError``: `socket`, `thread` and `log` when the system gives too little to measure by.
    public func run(_ heading: Heading) throws -> CheckReport {
        let direction = link[heading]
        var report = CheckReport(heading: heading, requestedRateBitsPerSecond: direction.rateBitsPerSecond)
        report.judge(try rate(heading, direction))

        let byteCount = 100
        let lowest = direction.rate.lowestBitsPerSecond(before: duration)
        // A third of the link at most, so that packets never meet, however irregular their times are.
        let interval = max(Duration.milliseconds(1), Duration.seconds(Double(byteCount * 8 * 3) / lowest))
        let plan = ProbeStream.Plan(byteCount: byteCount, interval: interval, duration: duration / 2, isComplete: true)
        let stream = try ProbeStream(plan, over: link, heading: heading, seed: seed)
        report.judge(
            DelayStatistics(stream, byteCount: byteCount, direction: direction),
            lostOnTheWay: stream.departures.count - stream.arrivals.count)
        let arrived = Set(stream.arrivals.map(\.number))
        let loss = LossStatistics(stream.sent.indices.map { !arrived.contains($0) })
        let expected =
            direction.losesIndependently
            ? LossExpectation(independent: direction.lossProbability, packetCount: loss.packetCount)
            : LossExpectation(of: direction, heading: heading, seed: seed, sent: stream.sent, byteCount: byteCount)
        report.judge(loss, expected: expected)
        return report
    }

    private func rate(_ heading: Heading, _ direction: LinkDirection) throws -> RateStatistics? {
        let rate = direction.rate.highestBitsPerSecond(before: duration / 2)
        var byteCount = min(LinkTrace.opportunityByteCount, max(200, Int(rate * 0.005 / 8)))
        if case .trace = direction.rate { byteCount = LinkTrace.opportunityByteCount }
        // More than the link takes, also of what is left when some is lost.
        let excess = 1.25 / max(0.1, 1 - direction.lossProbability)
        let interval = Duration.seconds(Double(byteCount * 8) / (rate * excess))
        let plan = ProbeStream.Plan(byteCount: byteCount, interval: interval, duration: duration / 2, isComplete: false)
        let stream = try ProbeStream(plan, over: link, heading: heading, seed: seed)
        let departures = stream.departures
        if case .trace(let trace) = direction.rate {
            return RateStatistics(
                departures: departures, arrivalCount: stream.arrivals.count, trace: trace, delay: direction.delay)
        }
        return RateStatistics(
            departures: departures, arrivals: stream.arrivals.map { ($0.time, $0.byteCount) }, direction: direction)
    }
}
