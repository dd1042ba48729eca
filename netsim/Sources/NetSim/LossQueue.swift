/// Loses packets at random, each with the same probability and independently of the others; delays none.
public struct LossQueue<Payload: Sendable>: LinkElement {
    private let probability: Double
    private var generator: SeededGenerator
    private var passed = RingBuffer<SimulatedPacket<Payload>>()

    /// Creates the element.
    ///
    /// - Parameters:
    ///   - probability: From 0 to 1.
    ///   - generator: Where the draws come from, one a packet.
    /// - Throws: ``NetSimError`` with code `invalidParameter` for any other probability.
    public init(probability: Double, generator: SeededGenerator) throws {
        guard probability >= 0, probability <= 1 else {
            throw NetSimError(.invalidParameter, "loss probability \(probability) is outside 0 to 1")
        }
        self.init(validProbability: probability, generator: generator)
    }

    init(validProbability: Double, generator: SeededGenerator) {
        self.probability = validProbability
        self.generator = generator
    }

    /// Takes a packet in, or loses it.
    @discardableResult
    public mutating func accept(_ packet: SimulatedPacket<Payload>, at now: Duration) -> Bool {
        // A draw for every packet, even where nothing can be lost: the packets that a seed loses at 1 % are
        // then among those it loses at 5 %, and runs at different loss compare packet by packet.
        guard generator.nextUniform() >= probability else { return false }
        var packet = packet
        packet.readyTime = now
        passed.append(packet)
        return true
    }

    /// The time at which the first packet that passed came in, as it leaves at once.
    public var nextEventTime: Duration? { passed.first?.readyTime }

    /// The next packet that was not lost.
    public mutating func release(at now: Duration) -> SimulatedPacket<Payload>? {
        guard let first = passed.first, first.readyTime <= now else { return nil }
        return passed.popFirst()
    }
}
