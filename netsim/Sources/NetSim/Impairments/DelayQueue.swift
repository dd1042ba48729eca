internal import Faults

/// Holds every packet for the same time: propagation over a distance. Order is kept and nothing is dropped.
public struct DelayQueue<Payload: Sendable>: LinkElement {
    private let delay: Duration
    private var line = RingBuffer<SimulatedPacket<Payload>>()

    /// Creates the element.
    ///
    /// - Parameter delay: From zero to ``LinkDirection/maximumDelay``.
    /// - Throws: ``NetSimError`` with code `invalidParameter` for any other delay.
    public init(delay: Duration) throws {
        guard delay >= .zero, delay <= LinkDirection.maximumDelay else {
            throw NetSimError(.invalidParameter, "one-way delay \(delay) is outside 0 to 60 seconds")
        }
        self.init(validDelay: delay)
    }

    init(validDelay: Duration) {
        self.delay = validDelay
    }

    /// Number of packets under way.
    public var packetCount: Int { line.count }

    /// Takes a packet in; always succeeds.
    @discardableResult
    public mutating func accept(_ packet: SimulatedPacket<Payload>, at now: Duration) -> Bool {
        var packet = packet
        packet.readyTime = now + delay
        line.append(packet)
        return true
    }

    /// When the first packet will have been held long enough.
    public var nextEventTime: Duration? { line.readyTime() }

    /// The next packet that has been held long enough by `now`.
    public mutating func release(at now: Duration) -> SimulatedPacket<Payload>? {
        guard let due = line.readyTime(), due <= now else { return nil }
        return line.popFirst()
    }
}
