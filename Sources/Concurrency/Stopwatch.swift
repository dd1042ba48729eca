/// Time since something began, on a clock that never goes back.
public struct Stopwatch: Sendable {
    public let start: ContinuousClock.Instant
    /// Begins now.
    public init() { start = .now }
    /// Since the beginning.
    public var elapsed: Duration { .now - start }
    /// Since the beginning, in seconds.
    public var seconds: Double { elapsed.inSeconds }
}
