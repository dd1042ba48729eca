/// Statistics of how far arrivals are from their ideal times.
package struct DelayStatistics: Sendable, Equatable {
    /// The greatest error that half of the packets may have.
    static let maxMedian = Duration.microseconds(300)
    /// The greatest error that 99 of 100 packets may have.
    static let greatest99th = Duration.milliseconds(2)

    package let median: Duration
    package let percentile99: Duration
    /// True when the ideal times are those in the relay's log, because the link's delay varies, rather than what was asked for.
    package let isByLog: Bool

    /// - Parameter errors: One a packet, at least one; early ones count as late ones do.
    package init?(errors: [Duration], isByLog: Bool) {
        let sorted = errors.map { $0 < .zero ? .zero - $0 : $0 }.sorted()
        guard let longest = sorted.last else { return nil }
        func percentile(_ share: Double) -> Duration { sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))] }
        (median, percentile99) = (percentile(0.5), max(percentile(0.99), sorted.count < 100 ? longest : .zero))
        self.isByLog = isByLog
    }

    /// From a stream that never waits for another packet of its own.
    init?(_ stream: ProbeStream, byteCount: Int, direction: LinkDirection) {
        let departures = stream.departures
        guard departures.count == stream.arrivals.count else { return nil }
        var asked: Duration?
        if case .constant(let rate) = direction.rate {
            asked = direction.delay + .seconds(Double(byteCount * 8) / rate)
        }
        let delays = departures.compactMap { event -> Duration? in
            if case .departure(let delay) = event.kind { delay } else { nil }
        }
        // The log is exact to a microsecond.
        let isFixed = (delays.max() ?? .zero) - (delays.min() ?? .zero) <= .microseconds(2)
        guard let asked, isFixed else {
            self.init(errors: zip(stream.arrivals, departures).map { $0.time - $1.time }, isByLog: true)
            return
        }
        let errors = stream.arrivals.compactMap { arrival in
            stream.sent.indices.contains(arrival.number) ? arrival.time - stream.sent[arrival.number] - asked : nil
        }
        self.init(errors: errors, isByLog: false)
    }
}
