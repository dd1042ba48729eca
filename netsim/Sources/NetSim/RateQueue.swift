/// A transmitter of fixed rate behind a queue limited in bytes: what does not fit on arrival is dropped.
///
/// A packet leaves at `max(previous ideal departure, its arrival) + size / rate`. Ideal times never depend on when the
/// caller comes by, so lateness does not add up and the rate is exact however coarse the caller's timer is.
public struct RateQueue<Payload: Sendable>: LinkElement {
    private let rateBitsPerSecond: Double
    private let limitByteCount: Int
    private var packets = RingBuffer<SimulatedPacket<Payload>>()
    /// How many packets at the front have left by the model's time but have not been asked for yet.
    private var departedCount = 0
    private var waitingByteCount = 0
    private var lastDeparture: Duration?

    /// Creates the element.
    ///
    /// - Parameters:
    ///   - rateBitsPerSecond: More than 0, at most ``LinkDirection/maximumRateBitsPerSecond``.
    ///   - queueByteCount: The most bytes that may wait, the packet in service included.
    /// - Throws: ``NetSimError`` with code `invalidParameter` for values out of range.
    public init(rateBitsPerSecond: Double, queueByteCount: Int) throws {
        let direction = try LinkDirection(
            rateBitsPerSecond: rateBitsPerSecond, delay: .zero, queueByteCount: queueByteCount)
        self.init(direction)
    }

    init(_ direction: LinkDirection) {
        rateBitsPerSecond = direction.rateBitsPerSecond
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
        let start = max(lastDeparture ?? now, now)
        packet.readyTime = start + Self.serviceTime(byteCount: packet.byteCount, rate: rateBitsPerSecond)
        lastDeparture = packet.readyTime
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

    /// The longest a single packet can take: far beyond any run, and far from overflowing a `Duration`.
    private static var longestServiceSeconds: Double { 1e6 }

    static func serviceTime(byteCount: Int, rate: Double) -> Duration {
        .seconds(min(longestServiceSeconds, Double(byteCount) * 8 / rate))
    }
}
