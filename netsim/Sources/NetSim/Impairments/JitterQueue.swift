/// Holds each packet for a time of its own, drawn at random by the packet's number; drops none.
public struct JitterQueue<Payload: Sendable>: LinkElement {
    private let jitter: Jitter
    private let draws: PacketDraws
    /// When packets leave in the order in which they came in.
    private var line = RingBuffer<SimulatedPacket<Payload>>()
    /// When they need not.
    private var heap = PacketHeap<Payload>()
    private var lastReadyTime: Duration?

    /// Creates the element.
    ///
    /// - Parameters:
    ///   - jitter: How long packets are held, and whether they may overtake each other.
    ///   - generator: Decides how long, by their numbers.
    /// - Throws: ``NetSimError`` with code `invalidParameter` for values out of range.
    public init(_ jitter: Jitter, generator: SeededGenerator) throws {
        try jitter.validate()
        self.init(validJitter: jitter, generator: generator)
    }

    init(validJitter jitter: Jitter, generator: SeededGenerator) {
        self.jitter = jitter
        draws = PacketDraws(generator)
    }

    var reorders: Bool { jitter.reorders }

    /// Takes a packet in; always succeeds.
    @discardableResult
    public mutating func accept(_ packet: SimulatedPacket<Payload>, at now: Duration) -> Bool {
        var packet = packet
        var generator = draws.generator(for: packet)
        packet.readyTime = now + jitter.distribution.sample(&generator)
        if jitter.reorders {
            heap.insert(packet)
        } else {
            packet.readyTime = max(packet.readyTime, lastReadyTime ?? packet.readyTime)
            lastReadyTime = packet.readyTime
            line.append(packet)
        }
        return true
    }

    /// When the first packet will have been held long enough.
    public var nextEventTime: Duration? { line.readyTime() ?? heap.first?.readyTime }

    /// The next packet that has been held long enough by `now`.
    public mutating func release(at now: Duration) -> SimulatedPacket<Payload>? {
        guard let next = nextEventTime, next <= now else { return nil }
        return line.popFirst() ?? heap.popFirst()
    }
}
