/// The proportional-integral controller enhanced: drops packets at random as they arrive, with a probability that rises and
/// falls with the time that others have waited.
///
/// R. Pan, P. Natarajan, F. Baker, G. White, "Proportional Integral Controller Enhanced (PIE)", RFC 8033, 2017, section 4 and
/// appendix A, with the waiting time taken from packets as they leave. Its timer runs in the model's time: updates that
/// are due are made up for before the next packet arrives or leaves, whenever somebody looks.
struct PIE: Sendable {
    private let target: Duration
    private let updateInterval: Duration
    private let draws: PacketDraws
    private(set) var dropProbability = 0.0
    private var burstAllowance = Self.longestBurst
    private var currentDelay = Duration.zero
    private var previousDelay = Duration.zero
    private var nextUpdate: Duration?

    /// Bursts up to this length pass while the queue was at rest before.
    private static let longestBurst = Duration.milliseconds(150)
    /// The weights of the distance from the target and of the change, a second of delay.
    private static let alpha = 0.125
    private static let beta = 1.25
    private static let meanPacketByteCount = 1500
    /// Between two packets of a link so slow, the probability has long come to its end.
    private static let maxUpdates = 10_000

    init(target: Duration, updateInterval: Duration, generator: SeededGenerator) {
        self.target = target
        self.updateInterval = updateInterval
        draws = PacketDraws(generator)
    }

    /// Decides about a packet that arrives.
    ///
    /// - Parameter byteCount: What is in the queue already.
    mutating func drops(_ packet: SimulatedPacket<some Sendable>, behind byteCount: Int, at now: Duration) -> Bool {
        update(to: now)
        if burstAllowance > .zero { return false }
        if previousDelay < target / 2, dropProbability < 0.2 { return false }
        if byteCount <= 2 * Self.meanPacketByteCount { return false }
        var generator = draws.generator(for: packet)
        return generator.nextUniform() < dropProbability
    }

    /// Takes note of a packet that leaves the queue.
    ///
    /// - Parameters:
    ///   - waitingTime: How long it has been in the queue.
    ///   - byteCount: What is still in it.
    mutating func departed(waitingTime: Duration, leaving byteCount: Int, at now: Duration) {
        update(to: now)
        currentDelay = byteCount == 0 ? .zero : waitingTime
    }

    private mutating func update(to now: Duration) {
        guard var due = nextUpdate else {
            nextUpdate = now + updateInterval
            return
        }
        var count = 0
        while due <= now, count < Self.maxUpdates, !isAtRest {
            updateProbability()
            due += updateInterval
            count += 1
        }
        if due <= now {
            // At rest each update is like the last.
            let left = (now - due).attoseconds / updateInterval.attoseconds + 1
            due += Duration(attoseconds: left * updateInterval.attoseconds)
        }
        nextUpdate = due
    }

    private var isAtRest: Bool {
        dropProbability == 0 && currentDelay == .zero && previousDelay == .zero && burstAllowance == Self.longestBurst
    }

    private mutating func updateProbability() {
        var change =
            Self.alpha * ((currentDelay - target) / .seconds(1)) + Self.beta * ((currentDelay - previousDelay) / .seconds(1))
        // The smaller the probability, the smaller the steps, lest it swing.
        switch dropProbability {
        case ..<0.000_001: change /= 2048
        case ..<0.000_01: change /= 512
        case ..<0.000_1: change /= 128
        case ..<0.001: change /= 32
        case ..<0.01: change /= 8
        case ..<0.1: change /= 2
        default: change = min(change, 0.02)
        }
        dropProbability += change
        if currentDelay == .zero, previousDelay == .zero { dropProbability *= 0.98 }
        dropProbability = min(1, max(0, dropProbability))
        burstAllowance = max(.zero, burstAllowance - updateInterval)
        if dropProbability == 0, currentDelay < target / 2, previousDelay < target / 2 { burstAllowance = Self.longestBurst }
        previousDelay = currentDelay
    }
}
