internal import Faults

/// An outage that comes again and again: nothing gets onto the link for ``duration`` out of every ``period``.
///
/// Times count from the zero of the link's clock, as for ``LinkRate``: all clients of a relay are cut off together.
public struct PeriodicOutage: Sendable, Equatable {
    /// The longest period and the latest first outage accepted.
    public static let maximumTime = Duration.seconds(1_000_000)

    /// From the start of one outage to the start of the next.
    public let period: Duration
    /// Time that each outage lasts.
    public let duration: Duration
    /// When the first one starts.
    public let phase: Duration

    /// Creates an outage; ``validate()`` looks at its values.
    ///
    /// - Parameters:
    ///   - period: Above zero, at most ``maximumTime``.
    ///   - duration: From zero to `period`.
    ///   - phase: From zero to ``maximumTime``; `nil` for one period after the start.
    public init(every period: Duration, for duration: Duration, phase: Duration? = nil) {
        self.period = period
        self.duration = duration
        self.phase = phase ?? period
    }

    /// Checks the values; ``LinkDirection`` does so itself.
    ///
    /// - Throws: ``NetSimError`` with code `invalidParameter`, naming the value refused.
    public func validate() throws {
        guard period > .zero, period <= Self.maximumTime else {
            throw NetSimError(.invalidParameter, "an outage every \(period) is not above 0 and at most \(Self.maximumTime)")
        }
        guard duration >= .zero, duration <= period else {
            throw NetSimError(.invalidParameter, "an outage for \(duration) is not from 0 to its period of \(period)")
        }
        guard phase >= .zero, phase <= Self.maximumTime else {
            throw NetSimError(.invalidParameter, "an outage's phase of \(phase) is outside 0 to \(Self.maximumTime)")
        }
    }

    /// Tells whether there is an outage at a time. Its first instant belongs to it, its end does not.
    public func isOut(at time: Duration) -> Bool {
        guard time >= phase, period > .zero else { return false }
        return (time - phase).attoseconds % period.attoseconds < duration.attoseconds
    }
}
