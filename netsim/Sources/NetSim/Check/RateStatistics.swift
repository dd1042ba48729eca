/// The rate that a link carried while it always had something to carry, against the rate that it should have carried.
package struct RateStatistics: Sendable, Equatable {
    package let requestedBitsPerSecond: Double
    package let measuredBitsPerSecond: Double
    /// Of a trace: how many opportunities there were, and how many carried a packet.
    package var opportunityCount: Int?
    package var usedOpportunityCount: Int?

    /// - Parameters:
    ///   - departures: Ideal ones, in order.
    ///   - arrivals: When and how large each of them arrived, in the same order.
    /// - Returns: `nil` where the link was not kept busy by what was sent.
    package init?(departures: [LinkEvent], arrivals: [(time: Duration, byteCount: Int)], direction: LinkDirection) {
        guard departures.count == arrivals.count, departures.count >= 3 else { return nil }
        let exits = departures.map { $0.time - direction.delay }
        var (sentBits, carriableBits) = (0.0, 0.0)
        var (measured, ideal) = (Duration.zero, Duration.zero)
        for index in departures.indices.dropFirst() {
            // Only what was waiting already when the one before it left tells of the rate.
            guard case .departure(let delay) = departures[index].kind, departures[index].time - delay <= exits[index - 1] else {
                continue
            }
            sentBits += Double(arrivals[index].byteCount * 8)
            carriableBits += direction.rate.bitCount(after: exits[index - 1], upTo: exits[index])
            measured += arrivals[index].time - arrivals[index - 1].time
            ideal += exits[index] - exits[index - 1]
        }
        // A link that was idle for much of the time was not saturated.
        guard let first = exits.first, let last = exits.last, ideal > .zero, measured > .zero, ideal * 2 >= last - first else {
            return nil
        }
        measuredBitsPerSecond = sentBits / (measured / .seconds(1))
        requestedBitsPerSecond = carriableBits / (ideal / .seconds(1))
    }

    /// By counting what a trace lets through, which packets that fill an opportunity each use one by one.
    ///
    /// The first and the last millisecond are left out, as they may have begun and ended without packets to carry.
    package init?(departures: [LinkEvent], arrivalCount: Int, trace: LinkTrace, delay: Duration) {
        let exits = departures.map { $0.time - delay }
        guard let first = exits.first, let last = exits.last, arrivalCount == departures.count,
            let end = exits.last(where: { $0 < last }), end > first
        else { return nil }
        let count = trace.opportunityCount(upTo: end) - trace.opportunityCount(upTo: first)
        let used = exits.count { $0 > first && $0 <= end }
        let seconds = (end - first) / .seconds(1)
        let bits = Double(LinkTrace.opportunityByteCount * 8)
        requestedBitsPerSecond = Double(count) * bits / seconds
        measuredBitsPerSecond = Double(used) * bits / seconds
        (opportunityCount, usedOpportunityCount) = (count, used)
    }

    /// Difference between the measured rate and the requested one, as a share of the latter.
    package var error: Double { abs(measuredBitsPerSecond / requestedBitsPerSecond - 1) }

    /// The greatest error that a relay may have: 0.5 %, and 2 % from 300 Mbit/s on; a trace is carried to the packet.
    package var maxError: Double {
        opportunityCount != nil ? 0 : requestedBitsPerSecond >= 299e6 ? 0.02 : 0.005
    }
}
