internal import Faults

/// Delay that differs from packet to packet, on top of a direction's own.
public struct Jitter: Sendable, Equatable {
    /// The distribution of the times for which packets are held, each by itself.
    public enum Distribution: Sendable, Equatable {
        /// Anything from `minimum` to `maximum`, equally likely.
        case uniform(minimum: Duration, maximum: Duration)
        /// Normal, truncated to no more than `mean` on either side of `mean`, so that no delay is negative and the mean stays
        /// as it is. The standard deviation is `deviation` before that, and is at most `mean`.
        case normal(mean: Duration, deviation: Duration)
        /// Pareto, of type I: `minimum` is its scale, `shape` its tail's exponent (the smaller the heavier), truncated at `maximum`.
        case pareto(minimum: Duration, shape: Double, maximum: Duration)
    }

    /// The distribution of the times for which packets are held.
    public let distribution: Distribution
    /// True when a packet held for a shorter time may leave before one that came in earlier. Where not, none leaves before the one
    /// ahead of it, and the packets behind one held for long leave with it.
    public let reorders: Bool

    /// The longest that a packet may be held.
    public static let maximumDelay = LinkDirection.maximumDelay
    /// The exponents accepted for a Pareto distribution.
    public static let shapes = 0.1...100

    /// Creates jitter; ``validate()`` looks at its values.
    public init(_ distribution: Distribution, reorders: Bool = false) {
        self.distribution = distribution
        self.reorders = reorders
    }

    /// Checks the values; ``LinkDirection`` does so itself.
    ///
    /// - Throws: ``NetSimError`` with code `invalidParameter`, naming the value refused.
    public func validate() throws {
        func refusal(_ why: String) -> NetSimError { NetSimError(.invalidParameter, why) }
        switch distribution {
        case .uniform(let minimum, let maximum):
            guard minimum >= .zero, minimum <= maximum, maximum <= Self.maximumDelay else {
                throw refusal("jitter from \(minimum) to \(maximum) is not within 0 to \(Self.maximumDelay), the lesser first")
            }
        case .normal(let mean, let deviation):
            guard mean >= .zero, mean * 2 <= Self.maximumDelay else {
                throw refusal("jitter with a mean of \(mean) is outside 0 to \(Self.maximumDelay / 2)")
            }
            guard deviation >= .zero, deviation <= mean else {
                throw refusal("jitter with a deviation of \(deviation) is outside 0 to its mean of \(mean)")
            }
        case .pareto(let minimum, let shape, let maximum):
            guard minimum > .zero, minimum <= maximum, maximum <= Self.maximumDelay else {
                throw refusal("jitter from \(minimum) to \(maximum) is not above 0 and to \(Self.maximumDelay), the lesser first")
            }
            guard Self.shapes.contains(shape) else {
                throw refusal("jitter with a shape of \(shape) is outside \(Self.shapes.lowerBound) to \(Self.shapes.upperBound)")
            }
        }
    }
}
