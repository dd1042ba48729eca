/// Statistics of the lost packets of a stream: how many there were, and in bursts of what length.
package struct LossStatistics: Sendable, Equatable {
    package let packetCount: Int
    package let lostCount: Int
    /// Number of times that one or more packets in a row were lost.
    package let burstCount: Int

    /// - Parameter isLost: For each packet, in the order in which they were sent.
    package init(_ isLost: [Bool]) {
        packetCount = isLost.count
        lostCount = isLost.count { $0 }
        burstCount = zip(isLost, [false] + isLost).count { $0 && !$1 }
    }

    /// From 0 to 1; 0 for no packets.
    package var loss: Double { packetCount == 0 ? 0 : Double(lostCount) / Double(packetCount) }

    /// Packets lost in a row, on average; `nil` where none was lost.
    package var meanBurstLength: Double? { burstCount == 0 ? nil : Double(lostCount) / Double(burstCount) }
}

/// The loss that is expected of a link over a number of packets, and how far from it chance takes it.
package struct LossExpectation: Sendable, Equatable {
    package let loss: Double
    /// The standard deviation of the loss measured over the whole stream.
    package let lossDeviation: Double
    package let meanBurstLength: Double
    /// The standard deviation of a single burst's length.
    package let burstDeviation: Double

    /// Independent losses: the number lost is binomial, and bursts are geometric, of mean 1 / (1 - p).
    package init(independent probability: Double, packetCount: Int) {
        loss = probability
        lossDeviation = (probability * (1 - probability) / Double(max(1, packetCount))).squareRoot()
        meanBurstLength = probability < 1 ? 1 / (1 - probability) : Double(packetCount)
        burstDeviation = probability < 1 ? probability.squareRoot() / (1 - probability) : 0
    }

    /// Losses of any kind, from the model itself in virtual time: forty runs of other seeds with packets sent at the same times.
    package init(of direction: LinkDirection, heading: Heading, seed: UInt64, sent: [Duration], byteCount: Int) {
        let runs = (1...40).map { number in
            var model = LinkModel<Int>(direction, heading: heading, seed: seed &+ UInt64(number))
            return LossStatistics(
                sent.enumerated().map { index, time in
                    while model.release(at: time) != nil {}
                    return !model.accept(SimulatedPacket(payload: index, byteCount: byteCount, arrivalTime: time), at: time)
                })
        }
        (loss, lossDeviation) = Self.meanAndDeviation(runs.map(\.loss))
        let bursts = runs.filter { $0.burstCount > 0 }
        let deviation: Double
        (meanBurstLength, deviation) = Self.meanAndDeviation(bursts.compactMap(\.meanBurstLength))
        // A run's mean is less scattered than one burst, by the root of how many there were.
        let count = Double(bursts.map(\.burstCount).reduce(0, +)) / Double(max(1, bursts.count))
        burstDeviation = deviation * count.squareRoot()
    }

    /// Tells whether a loss is within three standard deviations. One packet more or less tells nothing either way.
    package func allows(loss measured: LossStatistics) -> Bool {
        let slack = lossDeviation > 0 ? 1 / Double(max(1, measured.packetCount)) : 0
        return abs(measured.loss - loss) <= 3 * lossDeviation + slack
    }

    /// Tells whether the bursts' mean length is within three standard deviations of a mean of so many, with the same slack.
    package func allows(bursts measured: LossStatistics) -> Bool {
        guard let length = measured.meanBurstLength else { return true }
        let count = Double(measured.burstCount)
        return abs(length - meanBurstLength) <= 3 * burstDeviation / count.squareRoot() + 1 / count
    }

    private static func meanAndDeviation(_ values: [Double]) -> (Double, Double) {
        guard !values.isEmpty else { return (0, 0) }
        let mean = values.reduce(0, +) / Double(values.count)
        let sum = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
        return (mean, values.count < 2 ? 0 : (sum / Double(values.count - 1)).squareRoot())
    }
}

extension LinkDirection {
    /// True when each packet is lost by itself, and at any time alike.
    var losesIndependently: Bool {
        if case .independent = impairments.loss { impairments.outage == nil } else { false }
    }
}
