/// Time since something began, on a clock that never goes back.
package struct Stopwatch: Sendable {
    package let start: ContinuousClock.Instant
    /// Begins now.
    package init() { start = .now }
    /// Since the beginning.
    package var elapsed: Duration { .now - start }
    /// Since the beginning, in seconds.
    package var seconds: Double { elapsed.inSeconds }
}

extension Duration {
    /// In seconds.
    package var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
