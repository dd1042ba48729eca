/// Packets that an element which delays none has let through and that have not been taken out yet.
struct PassedPackets<Payload: Sendable>: Sendable {
    private var packets = RingBuffer<SimulatedPacket<Payload>>()

    mutating func append(_ packet: SimulatedPacket<Payload>, at now: Duration) {
        var packet = packet
        packet.readyTime = now
        packets.append(packet)
    }

    /// When the first one came in, as it leaves at once.
    var nextEventTime: Duration? { packets.readyTime() }

    mutating func release(at now: Duration) -> SimulatedPacket<Payload>? {
        guard let due = packets.readyTime(), due <= now else { return nil }
        return packets.popFirst()
    }
}
