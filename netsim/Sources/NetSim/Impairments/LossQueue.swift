/// Loses packets at random; delays none.
public struct LossQueue<Payload: Sendable>: LinkElement {
    private var process: LossProcess
    private var generator: SeededGenerator
    private var passed = PassedPackets<Payload>()

    /// Creates the element.
    ///
    /// - Parameters:
    ///   - model: Which packets it loses.
    ///   - generator: Where the draws come from, equally many a packet.
    /// - Throws: ``NetSimError`` with code `invalidParameter` for values out of range.
    public init(model: LossModel, generator: SeededGenerator) throws {
        try model.validate()
        self.init(validModel: model, generator: generator)
    }

    /// Creates an element that loses each packet with the same probability and independently of the others.
    ///
    /// - Parameters:
    ///   - probability: From 0 to 1.
    ///   - generator: Where the draws come from, one a packet.
    /// - Throws: ``NetSimError`` with code `invalidParameter` for any other probability.
    public init(probability: Double, generator: SeededGenerator) throws {
        try self.init(model: .independent(probability), generator: generator)
    }

    init(validModel model: LossModel, generator: SeededGenerator) {
        process = LossProcess(model)
        self.generator = generator
    }

    /// Takes a packet in, or loses it.
    @discardableResult
    public mutating func accept(_ packet: SimulatedPacket<Payload>, at now: Duration) -> Bool {
        guard !loses() else { return false }
        passed.append(packet, at: now)
        return true
    }

    /// The time at which the first packet that passed came in, as it leaves at once.
    public var nextEventTime: Duration? { passed.nextEventTime }

    /// The next packet that was not lost.
    public mutating func release(at now: Duration) -> SimulatedPacket<Payload>? { passed.release(at: now) }

    /// The fate of the next packet, for those who need no queue.
    mutating func loses() -> Bool { process.loses(&generator) }
}

/// The state of a ``LossModel`` and its steps.
private struct LossProcess: Sendable {
    private let model: LossModel
    /// The states of the models as they number them; Gilbert and Elliott's are 1, good, and 2, bad.
    private var state = 1

    init(_ model: LossModel) { self.model = model }

    mutating func loses(_ generator: inout SeededGenerator) -> Bool {
        switch model {
        case .independent(let probability):
            // A draw for every packet, even where nothing can be lost: the packets that a seed loses at 1 % are
            // then among those it loses at 5 %, and runs at different loss compare packet by packet.
            return generator.nextUniform() < probability
        case .gilbertElliott(let model):
            let isBad = state == 2
            let isLost = generator.nextUniform() < (isBad ? model.lossInBad : model.lossInGood)
            if generator.nextUniform() < (isBad ? model.r : model.p) { state = isBad ? 1 : 2 }
            return isLost
        case .fourState(let model):
            state = Self.successor(of: state, in: model, draw: generator.nextUniform())
            return state == 3 || state == 4
        }
    }

    private static func successor(of state: Int, in model: FourStateMarkov, draw: Double) -> Int {
        switch state {
        case 1: draw < model.p14 ? 4 : draw < model.p14 + model.p13 ? 3 : 1
        case 2: draw < model.p23 ? 3 : 2
        case 3: draw < model.p32 ? 2 : draw < model.p32 + model.p31 ? 1 : 3
        default: 1
        }
    }
}
