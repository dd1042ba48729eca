/// A transmitter behind a queue limited in bytes: what does not fit on arrival is dropped.
///
/// At a constant rate a packet leaves at `max(previous ideal departure, its arrival) + size / rate`; ``LinkRate`` has the others.
/// Ideal times never depend on when the caller comes by, so lateness does not add up and the rate is exact however coarse the
/// caller's timer is.
public struct RateQueue<Payload: Sendable>: LinkElement {
    private var schedule: RateSchedule
    private let limitByteCount: Int
    private var packets = RingBuffer<SimulatedPacket<Payload>>()
    /// How many packets at the front have left by the model's time but have not been asked for yet.
    private var departedCount = 0
    private var waitingByteCount = 0

    /// Creates the element.
    ///
    /// - Parameters:
    ///   - rateBitsPerSecond: More than 0, at most ``LinkDirection/maximumRateBitsPerSecond``.
    ///   - queueByteCount: The most bytes that may wait, the packet in service included.
    /// - Throws: ``NetSimError`` with code `invalidParameter` for values out of range.
    public init(rateBitsPerSecond: Double, queueByteCount: Int) throws {
        try self.init(rate: .constant(bitsPerSecond: rateBitsPerSecond), queueByteCount: queueByteCount)
    }

    /// Creates the element with a rate that changes over time.
    ///
    /// - Parameters:
    ///   - rate: One that ``LinkRate/validate()`` lets pass.
    ///   - queueByteCount: The most bytes that may wait, the packet in service included.
    /// - Throws: ``NetSimError`` with code `invalidParameter` for values out of range.
    public init(rate: LinkRate, queueByteCount: Int) throws {
        self.init(try LinkDirection(rate: rate, delay: .zero, queueByteCount: queueByteCount))
    }

    init(_ direction: LinkDirection) {
        schedule = RateSchedule(validRate: direction.rate)
        limitByteCount = direction.queueByteCount
    }

    /// The bytes waiting at `now`, the packet in service included.
    public mutating func queuedByteCount(at now: Duration) -> Int {
        settle(at: now)
        return waitingByteCount
    }

    /// Takes a packet in, or drops it when it does not fit into the queue behind those still waiting at `now`.
    @discardableResult
    public mutating func accept(_ packet: SimulatedPacket<Payload>, at now: Duration) -> Bool {
        settle(at: now)
        guard packet.byteCount <= limitByteCount - waitingByteCount else { return false }
        var packet = packet
        packet.readyTime = schedule.departure(ofByteCount: packet.byteCount, arrivingAt: now)
        waitingByteCount += packet.byteCount
        packets.append(packet)
        return true
    }

    /// When the first packet's last bit will have been sent.
    public var nextEventTime: Duration? { packets.first?.readyTime }

    /// The next packet whose last bit has been sent by `now`.
    public mutating func release(at now: Duration) -> SimulatedPacket<Payload>? {
        settle(at: now)
        guard departedCount > 0 else { return nil }
        departedCount -= 1
        return packets.popFirst()
    }

    /// Frees the room of every packet that has left by `now`, whether or not it has been taken out.
    private mutating func settle(at now: Duration) {
        while let packet = packets[departedCount], packet.readyTime <= now {
            waitingByteCount -= packet.byteCount
            departedCount += 1
        }
    }
}
