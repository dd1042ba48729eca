internal import Synchronization

/// Events from other tasks for a loop that asks for them.
final class Mailbox<Event: Sendable>: Sendable {
    private let events = Mutex<[Event]>([])

    /// Adds an event; says how many wait now.
    @discardableResult
    func put(_ event: Event) -> Int {
        events.withLock { events in
            events.append(event)
            return events.count
        }
    }

    func takeAll() -> [Event] {
        events.withLock { events in
            defer { events.removeAll(keepingCapacity: true) }
            return events
        }
    }
}

/// Time since something began, on a clock that never goes back.
public struct Stopwatch: Sendable {
    private let start: ContinuousClock.Instant
    /// Begins now.
    public init() { start = .now }
    /// Since the beginning.
    public var elapsed: Duration { .now - start }
    /// Since the beginning, in seconds.
    public var seconds: Double { elapsed.inSeconds }
}

extension Duration {
    /// In seconds.
    public var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
