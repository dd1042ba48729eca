internal import Faults

/// Which packets a link loses at random.
public enum LossModel: Sendable, Equatable {
    /// Every packet with the same probability, 0...1, independently of all others.
    case independent(Double)
    /// Losses in bursts, by two states.
    case gilbertElliott(GilbertElliott)
    /// Losses in bursts with received packets among them, and single losses between the bursts, by four states.
    case fourState(FourStateMarkov)

    /// The share of packets that is lost in the long run, 0...1.
    public var meanProbability: Double {
        switch self {
        case .independent(let probability): probability
        case .gilbertElliott(let model): model.meanProbability
        case .fourState(let model): model.meanProbability
        }
    }

    /// Checks the values; ``LinkDirection`` does so itself.
    ///
    /// - Throws: ``NetSimError`` with code `invalidParameter`, naming the value refused.
    public func validate() throws {
        switch self {
        case .independent(let probability): try Probability.validate(probability, "loss probability")
        case .gilbertElliott(let model): try model.validate()
        case .fourState(let model): try model.validate()
        }
    }
}

/// The two-state model of losses in bursts: a good and a bad state, each with a probability of loss of its own.
///
/// E. N. Gilbert, "Capacity of a burst-noise channel", Bell System Technical Journal 39, 1960, for a good state that loses
/// nothing; E. O. Elliott, "Estimates of error rates for codes on burst-noise channels", the same journal 42, 1963, for one that
/// does. The state changes once a packet, after the packet's fate has been drawn, and is good at first. With no loss in the good
/// state and certain loss in the bad one, bursts are 1 / `r` packets long on average, and gaps 1 / `p`.
public struct GilbertElliott: Sendable, Equatable {
    /// The probability of going from the good state to the bad one, 0...1 a packet.
    public let p: Double
    /// The probability of going from the bad state to the good one, 0...1 a packet.
    public let r: Double
    /// The probability that a packet is lost in the good state, 0...1.
    public let lossInGood: Double
    /// The probability that a packet is lost in the bad state, 0...1.
    public let lossInBad: Double

    /// Creates a model; ``LossModel/validate()`` looks at its values.
    public init(p: Double, r: Double, lossInGood: Double = 0, lossInBad: Double = 1) {
        self.p = p
        self.r = r
        self.lossInGood = lossInGood
        self.lossInBad = lossInBad
    }

    /// The share of packets that is lost in the long run.
    public var meanProbability: Double {
        p + r > 0 ? (r * lossInGood + p * lossInBad) / (p + r) : lossInGood
    }

    func validate() throws {
        try Probability.validate(p, "p (good to bad)")
        try Probability.validate(r, "r (bad to good)")
        try Probability.validate(lossInGood, "loss in the good state")
        try Probability.validate(lossInBad, "loss in the bad state")
    }
}

/// The four-state model of netem (`loss state`): a gap in which packets arrive, with single losses, and a burst of losses, with
/// packets among them that arrive.
///
/// S. Salsano, F. Ludovici, A. Ordine, D. Giannuzzi, "Definition of a general and intuitive loss model for packet networks and its
/// implementation in the Netem module in the Linux kernel", University of Rome "Tor Vergata", 2012. State 1: received in a gap;
/// 2: received in a burst; 3: lost in a burst; 4: lost alone in a gap, always followed by 1. A packet is lost when the state it
/// leads to is 3 or 4. The first packet comes upon state 1.
public struct FourStateMarkov: Sendable, Equatable {
    /// From a gap into a burst, 0...1 a packet; at most 1 together with ``p14``.
    public let p13: Double
    /// From a loss in a burst to the gap, 0...1; at most 1 together with ``p32``.
    public let p31: Double
    /// From a loss in a burst to a packet received within it, 0...1.
    public let p32: Double
    /// From a packet received within a burst to a loss in it, 0...1.
    public let p23: Double
    /// From a gap to a single loss, 0...1.
    public let p14: Double

    /// Creates a model; ``LossModel/validate()`` looks at its values.
    public init(p13: Double, p31: Double, p32: Double = 0, p23: Double = 1, p14: Double = 0) {
        self.p13 = p13
        self.p31 = p31
        self.p32 = p32
        self.p23 = p23
        self.p14 = p14
    }

    /// The share of packets that is lost in the long run.
    public var meanProbability: Double {
        // States that are never left hold everything in the end: the burst's if there is a way in and none out.
        guard p13 > 0 else { return p14 / (1 + p14) }
        guard p31 > 0 else { return p32 == 0 ? 1 : p23 / (p23 + p32) }
        guard p32 == 0 || p23 > 0 else { return 0 }
        // Relative to state 1, from the balance of what goes in and out.
        let third = p13 / p31
        let second = p32 == 0 ? 0 : third * p32 / p23
        return (third + p14) / (1 + second + third + p14)
    }

    func validate() throws {
        for (value, name) in [(p13, "p13"), (p31, "p31"), (p32, "p32"), (p23, "p23"), (p14, "p14")] {
            try Probability.validate(value, name)
        }
        for (sum, names) in [(p13 + p14, "p13 and p14"), (p31 + p32, "p31 and p32")] where sum > 1 {
            throw NetSimError(.invalidParameter, "\(names) are \(sum) together, more than 1")
        }
    }
}
