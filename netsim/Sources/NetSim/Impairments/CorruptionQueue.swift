/// Flips a bit of some packets' payloads at random and delivers them so; delays and drops none.
///
/// Payloads that are not ``BitFlippable`` are only marked.
public struct CorruptionQueue<Payload: Sendable>: LinkElement {
    private let probability: Double
    private let draws: PacketDraws
    private var passed = PassedPackets<Payload>()

    /// Creates the element.
    ///
    /// - Parameters:
    ///   - probability: That one bit of a packet is flipped, from 0 to 1.
    ///   - generator: Decides in which packets, by their numbers, and which bit.
    /// - Throws: ``NetSimError`` with code `invalidParameter` for any other probability.
    public init(probability: Double, generator: SeededGenerator) throws {
        try Probability.validate(probability, "corruption probability")
        self.init(validProbability: probability, generator: generator)
    }

    init(validProbability probability: Double, generator: SeededGenerator) {
        self.probability = probability
        draws = PacketDraws(generator)
    }

    /// Takes a packet in; always succeeds.
    @discardableResult
    public mutating func accept(_ packet: SimulatedPacket<Payload>, at now: Duration) -> Bool {
        var packet = packet
        corrupt(&packet)
        passed.append(packet, at: now)
        return true
    }

    /// The time at which the first packet came in, as it leaves at once.
    public var nextEventTime: Duration? { passed.nextEventTime }

    /// The next packet, altered or not.
    public mutating func release(at now: Duration) -> SimulatedPacket<Payload>? { passed.release(at: now) }

    /// Makes a packet what it comes out as, for those who need no queue.
    func corrupt(_ packet: inout SimulatedPacket<Payload>) {
        var generator = draws.generator(for: packet)
        guard generator.nextUniform() < probability else { return }
        packet.marks.insert(.corrupt)
        if var payload = packet.payload as? any BitFlippable {
            payload.flipBit(generator.next())
            if let altered = payload as? Payload { packet.payload = altered }
        }
    }
}
