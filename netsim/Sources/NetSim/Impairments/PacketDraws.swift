/// Random numbers that follow from a packet's number rather than from how many were drawn before.
///
/// With these, losing a packet shifts nobody else's draws: runs with and without an impairment compare packet by packet.
struct PacketDraws: Sendable {
    private let seed: UInt64

    /// - Parameter generator: One of a stream of its own; equal generators give equal draws.
    init(_ generator: SeededGenerator) {
        var generator = generator
        seed = generator.next()
    }

    /// The numbers for one packet. A copy has others than the packet it was made from.
    func generator(for packet: SimulatedPacket<some Sendable>) -> SeededGenerator {
        SeededGenerator(seed: seed, stream: packet.number &* 2 &+ (packet.marks.contains(.duplicate) ? 1 : 0))
    }
}
