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
