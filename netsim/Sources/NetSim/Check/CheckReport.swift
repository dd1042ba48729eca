/// A report of what the relay did with one direction of a link, against what it was asked to do.
public struct CheckReport: Sendable {
    /// The direction that was measured.
    public let heading: Heading
    /// The rate that the link allows over the time measured, in bits a second.
    public internal(set) var requestedRateBitsPerSecond: Double
    /// The rate that arrived, in bits a second; `nil` where it could not be measured.
    public internal(set) var measuredRateBitsPerSecond: Double?
    /// Number of opportunities that a trace had meanwhile, and number of them that were used.
    public internal(set) var opportunities: (requested: Int, used: Int)?
    /// Time by which half of the packets missed their ideal times at most; `nil` where none arrived.
    public internal(set) var medianDelayError: Duration?
    /// Time by which 99 of 100 packets missed their ideal times at most.
    public internal(set) var delayError99: Duration?
    /// The share of packets that is to be lost, 0 to 1.
    public internal(set) var requestedLoss = 0.0
    /// The share that was lost.
    public internal(set) var measuredLoss = 0.0
    /// Number of packets in a row that are to be lost, on average.
    public internal(set) var requestedBurstLength = 1.0
    /// Number of packets in a row that were lost, on average; `nil` where none was.
    public internal(set) var measuredBurstLength: Double?
    /// Number of packets that delay and loss were measured by.
    public internal(set) var probeCount = 0
    /// The shortcomings, a sentence each; empty when all is as it should be.
    public internal(set) var shortcomings: [String] = []

    init(heading: Heading, requestedRateBitsPerSecond: Double) {
        self.heading = heading
        self.requestedRateBitsPerSecond = requestedRateBitsPerSecond
    }

    mutating func judge(_ rate: RateStatistics?) {
        guard let rate else {
            shortcomings.append("the rate: too little could be sent to keep the link busy")
            return
        }
        requestedRateBitsPerSecond = rate.requestedBitsPerSecond
        measuredRateBitsPerSecond = rate.measuredBitsPerSecond
        if let count = rate.opportunityCount, let used = rate.usedOpportunityCount { opportunities = (count, used) }
        guard rate.error > rate.maxError else { return }
        if let opportunities {
            shortcomings.append("the trace: \(opportunities.used) of \(opportunities.requested) opportunities carried a packet")
        } else {
            shortcomings.append(
                "the rate: \(Int64(rate.measuredBitsPerSecond)) bit/s instead of \(Int64(rate.requestedBitsPerSecond)), off by more "
                    + "than \(rate.maxError * 100) %")
        }
    }

    mutating func judge(_ delay: DelayStatistics?, lostOnTheWay count: Int) {
        if count != 0 { shortcomings.append("\(count) packets left the link and did not arrive") }
        guard let delay else { return }
        (medianDelayError, delayError99) = (delay.median, delay.percentile99)
        for (name, error, limit) in [
            ("half of the packets", delay.median, DelayStatistics.maxMedian),
            ("99 of 100 packets", delay.percentile99, DelayStatistics.greatest99th),
        ] where error > limit {
            shortcomings.append(
                "the delay: \(name) within \(error / .milliseconds(1)) ms instead of \(limit / .milliseconds(1)) ms")
        }
    }

    mutating func judge(_ loss: LossStatistics, expected: LossExpectation) {
        (requestedLoss, measuredLoss, probeCount) = (expected.loss, loss.loss, loss.packetCount)
        (requestedBurstLength, measuredBurstLength) = (expected.meanBurstLength, loss.meanBurstLength)
        if !expected.allows(loss: loss) {
            shortcomings.append("the loss: \(loss.loss) instead of \(expected.loss), by more than three standard deviations")
        }
        if !expected.allows(bursts: loss), let length = loss.meanBurstLength {
            shortcomings.append(
                "the bursts of losses: \(length) packets on average instead of \(expected.meanBurstLength), by more than three "
                    + "standard deviations")
        }
    }
}
