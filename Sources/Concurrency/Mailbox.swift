internal import Synchronization

/// Events from other tasks for a loop that asks for them.
public final class Mailbox<Event: Sendable>: Sendable {
    private let events = Mutex<[Event]>([])

    public init() {}

    /// Adds an event; says how many wait now.
    @discardableResult
    public func put(_ event: Event) -> Int {
        events.withLock { events in
            events.append(event)
            return events.count
        }
    }

    /// Takes the events that wait.
    public func takeAll() -> [Event] {
        events.withLock { events in
            defer { events.removeAll(keepingCapacity: true) }
            return events
        }
    }
}
