internal import Glibc

/// Medians, and how sure they are.
package enum Statistics {
    /// A median with an interval of order statistics.
    package struct Estimate: Sendable, Equatable {
        /// The middle value, or the mean of the two middle ones.
        package let median: Double
        /// The interval's ends: two of the values themselves.
        package let low: Double
        /// The greater end.
        package let high: Double
        /// The probability that the interval holds the population's median, whatever the distribution.
        package let coverage: Double
        /// Number of values.
        package let count: Int
    }

    /// The median of some values; nil of none.
    package static func median(_ values: [Double]) -> Double? {
        let sorted = values.sorted()
        guard let last = sorted.last else { return nil }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + (sorted.count > 1 ? sorted[middle] : last)) / 2
    }

    /// The median with the narrowest interval of two order statistics, as far from either end, that covers the population's
    /// median with a probability
    /// of at least 95 % (Conover, Practical Nonparametric Statistics, 3rd ed., section 3.2). Below six values there is none: then
    /// the least and
    /// greatest value, with what they cover.
    package static func estimate(_ values: [Double]) -> Estimate? {
        let sorted = values.sorted()
        guard let median = median(sorted), let least = sorted.first, let greatest = sorted.last else { return nil }
        let count = sorted.count
        var rank = 0
        while rank + 1 < count / 2, coverage(rank: rank + 1, count: count) >= 0.95 { rank += 1 }
        guard count > 1 else { return Estimate(median: median, low: least, high: greatest, coverage: 0, count: 1) }
        return Estimate(
            median: median, low: sorted[rank], high: sorted[count - 1 - rank], coverage: coverage(rank: rank, count: count),
            count: count)
    }

    /// The probability that a median lies between the values of two ranks, as far from either end: that among `count` fair coins
    /// neither side comes
    /// up `rank` times or less.
    static func coverage(rank: Int, count: Int) -> Double {
        var tail = 0.0
        for successes in 0...rank {
            tail += exp(
                lgamma(Double(count + 1)) - lgamma(Double(successes + 1)) - lgamma(Double(count - successes + 1)) - Double(count)
                    * log(2))
        }
        return max(0, 1 - 2 * tail)
    }

    /// The empirical distribution: each value, and the share of values up to it.
    package static func distribution(_ values: [Double]) -> [(value: Double, share: Double)] {
        let sorted = values.sorted()
        return sorted.enumerated().map { ($1, Double($0 + 1) / Double(sorted.count)) }
    }
}
