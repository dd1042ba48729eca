/// Copies packets at random: the copy follows its original at once. Delays and drops none.
public struct DuplicationQueue<Payload: Sendable>: LinkElement {
    private let probability: Double
    private let draws: PacketDraws
    private var passed = PassedPackets<Payload>()

    /// Creates the element.
    ///
    /// - Parameters:
    ///   - probability: That a packet is copied, from 0 to 1.
    ///   - generator: Decides which packets are, by their numbers.
    /// - Throws: ``NetSimError`` with code `invalidParameter` for any other probability.
    public init(probability: Double, generator: SeededGenerator) throws {
        try Probability.validate(probability, "duplication probability")
        self.init(validProbability: probability, generator: generator)
    }

    init(validProbability probability: Double, generator: SeededGenerator) {
        self.probability = probability
        draws = PacketDraws(generator)
    }

    /// Takes a packet in; always succeeds.
    @discardableResult
    public mutating func accept(_ packet: SimulatedPacket<Payload>, at now: Duration) -> Bool {
        passed.append(packet, at: now)
        var generator = draws.generator(for: packet)
        if generator.nextUniform() < probability {
            var copy = packet
            copy.marks.insert(.duplicate)
            passed.append(copy, at: now)
        }
        return true
    }

    /// The time at which the first packet came in, as it leaves at once.
    public var nextEventTime: Duration? { passed.nextEventTime }

    /// The next packet, or the copy of the one before.
    public mutating func release(at now: Duration) -> SimulatedPacket<Payload>? { passed.release(at: now) }
}
