internal import Faults

/// The data that a log has of one direction, gathered into intervals of time of equal length.
struct PlotSeries {
    struct Interval {
        var arrivedByteCount = 0
        var departedByteCount = 0
        var departedPacketCount = 0
        var droppedPacketCount = 0
        /// Seconds that departing packets spent on the link.
        var delaySum = 0.0
        var longestDelay = 0.0
    }

    private(set) var intervals: [Interval]
    let start: Duration
    let length: Duration

    init(from start: Duration, length: Duration, count: Int) {
        self.start = start
        self.length = length
        intervals = [Interval](repeating: Interval(), count: count)
    }

    mutating func count(_ event: LinkEvent) {
        let index = Int((event.time - start).attoseconds / length.attoseconds)
        guard intervals.indices.contains(index) else { return }
        switch event.kind {
        case .arrival: intervals[index].arrivedByteCount += event.byteCount
        case .drop: intervals[index].droppedPacketCount += 1
        case .departure(let delay):
            intervals[index].departedByteCount += event.byteCount
            intervals[index].departedPacketCount += 1
            intervals[index].delaySum += delay / .seconds(1)
            intervals[index].longestDelay = max(intervals[index].longestDelay, delay / .seconds(1))
        }
    }

    /// The series of both directions, over the time in which something happened.
    ///
    /// - Throws: ``NetSimError`` with code `invalidLog` when nothing did, and what the reader throws.
    static func gather(_ log: LinkLogReader, file: String) throws -> [Heading: PlotSeries] {
        var span: ClosedRange<Duration>?
        var headings: Set<Heading> = []
        try log.forEachEvent { event in
            headings.insert(event.heading)
            span = min(span?.lowerBound ?? event.time, event.time)...max(span?.upperBound ?? event.time, event.time)
        }
        guard let span else { throw NetSimError(.invalidLog, "\(file): the log has no events to plot") }
        let length = niceLength(span.upperBound - span.lowerBound)
        let start = Duration(attoseconds: span.lowerBound.attoseconds / length.attoseconds * length.attoseconds)
        let count = Int((span.upperBound - start).attoseconds / length.attoseconds) + 1
        var series: [Heading: PlotSeries] = [:]
        for heading in headings { series[heading] = PlotSeries(from: start, length: length, count: count) }
        try log.forEachEvent { series[$0.heading]?.count($0) }
        return series
    }

    /// 1, 2 or 5 times a power of ten, at least 10 ms, so that single packets do not look like rates, and long enough for at most 250
    /// intervals.
    static func niceLength(_ span: Duration) -> Duration {
        var length = Duration.milliseconds(10)
        while true {
            for factor in [1, 2, 5] where length * factor * 250 >= span { return length * factor }
            length *= 10
        }
    }
}
