internal import Faults

/// The bits a second that one direction of a link carries, over time.
///
/// Times count from the zero of the link's clock: the start of a relay, or of virtual time. All clients of a relay see the same
/// rate at the same time, as all phones in a car do.
public enum LinkRate: Sendable, Equatable {
    /// A rate that holds from a time on.
    public struct Step: Sendable, Equatable {
        /// The first instant of this rate.
        public let from: Duration
        /// Counted at the IP level.
        public let bitsPerSecond: Double

        /// Creates a step; ``LinkRate/validate()`` looks at its values.
        public init(from: Duration, bitsPerSecond: Double) {
            self.from = from
            self.bitsPerSecond = bitsPerSecond
        }
    }

    /// The same at all times.
    case constant(bitsPerSecond: Double)
    /// Each step holds until the next; the last one holds for ever.
    case steps([Step])
    /// Packets leave at the instants of a recording, which starts anew when it ends.
    case trace(LinkTrace)

    /// The most steps accepted.
    public static let maximumStepCount = 1000
    /// The latest start of a step accepted.
    public static let maximumStepTime = Duration.seconds(1_000_000)

    /// One number for all of it, for tables: a constant rate itself, the first of the steps, a trace's mean over its period.
    ///
    /// 0 for steps of which there are none, which no ``LinkDirection`` has.
    public var bitsPerSecond: Double {
        switch self {
        case .constant(let rate): rate
        case .steps(let steps): steps.first?.bitsPerSecond ?? 0
        case .trace(let trace): trace.meanBitsPerSecond
        }
    }

    /// Checks the values; ``LinkDirection`` does so itself.
    ///
    /// - Throws: ``NetSimError`` with code `invalidParameter` when a rate, or a trace's mean, is not above 0 and at most
    ///   ``LinkDirection/maximumRateBitsPerSecond``, when steps are none or more than ``maximumStepCount``, or when they do not
    ///   start at zero and ascend to at most ``maximumStepTime``.
    public func validate() throws {
        guard case .steps(let steps) = self else {
            _ = try LinkDirection.validatedRate(bitsPerSecond)
            return
        }
        guard !steps.isEmpty, steps.count <= Self.maximumStepCount else {
            throw NetSimError(.invalidParameter, "a rate has 1 to \(Self.maximumStepCount) steps, not \(steps.count)")
        }
        guard steps[0].from == .zero else {
            throw NetSimError(.invalidParameter, "the first step must start at 0 seconds, not at \(steps[0].from)")
        }
        for (step, next) in zip(steps, steps.dropFirst()) where next.from <= step.from {
            throw NetSimError(.invalidParameter, "a step from \(next.from) on cannot come after one from \(step.from) on")
        }
        guard let last = steps.last, last.from <= Self.maximumStepTime else {
            throw NetSimError(.invalidParameter, "a step starts later than \(Self.maximumStepTime)")
        }
        for step in steps { _ = try LinkDirection.validatedRate(step.bitsPerSecond) }
    }
}
