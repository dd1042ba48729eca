/// One thing that happened to a packet on a link, in the vocabulary of mahimahi's logs.
public struct LinkEvent: Sendable, Equatable {
    /// Why a packet was dropped.
    public enum DropCause: String, Sendable {
        /// Lost at random.
        case loss
        /// The queue was full.
        case queue
        /// The direction was cut, or in a ``PeriodicOutage``.
        case outage
        /// Larger than the link's MTU.
        case mtu
        /// Active queue management (CoDel, PIE) found that packets wait for too long.
        case aqm
    }

    /// The kinds of event.
    public enum Kind: Sendable, Equatable {
        /// The packet reached the link, or the link made a copy of it; `+` in a log.
        case arrival
        /// The packet left the link `delay` after it had reached it; `-` in a log.
        case departure(delay: Duration)
        /// The packet was dropped, on arrival or from the queue; `d` in a log.
        case drop(DropCause)
    }

    /// When it happened by the model's ideal time.
    public let time: Duration
    /// The kind of event.
    public let kind: Kind
    /// The packet's size at the IP level.
    public let byteCount: Int
    /// The direction in which the packet was going.
    public let heading: Heading
    /// Whose link it was: relays number their clients from 0.
    public let client: Int
    /// The marks for what the link had done to the packet by then.
    public let marks: PacketMarks

    /// Creates an event.
    public init(
        time: Duration, kind: Kind, byteCount: Int, heading: Heading, client: Int = 0, marks: PacketMarks = []
    ) {
        self.time = time
        self.kind = kind
        self.byteCount = byteCount
        self.heading = heading
        self.client = client
        self.marks = marks
    }
}

/// Somewhere to put a link's events as they happen: a ``LinkLog``, or an array in a test.
public protocol LinkEventSink {
    /// Takes one event. Events of one direction come in the order of their times.
    mutating func record(_ event: LinkEvent)
}

extension Array: LinkEventSink where Element == LinkEvent {
    /// Appends the event.
    public mutating func record(_ event: LinkEvent) { append(event) }
}

/// For callers who want no events.
struct DiscardedEvents: LinkEventSink {
    mutating func record(_ event: LinkEvent) {}
}

extension Optional: LinkEventSink where Wrapped: LinkEventSink {
    /// Passes the event on where there is a sink, and discards it where there is none.
    public mutating func record(_ event: LinkEvent) { self?.record(event) }
}
