internal import Faults

/// The properties of one direction of a link, which set what it does to packets.
///
/// A value of this type is always within its ranges: the only ways to make one are the throwing initializers.
public struct LinkDirection: Sendable, Equatable {
    /// The highest rate accepted, in bits a second.
    public static let maximumRateBitsPerSecond = 100e9
    /// The longest one-way delay accepted.
    public static let maximumDelay = Duration.seconds(60)
    /// The smallest queue accepted, in bytes: room for one full Ethernet payload.
    public static let minimumQueueByteCount = 1500

    /// The rate that it carries over time.
    public let rate: LinkRate
    /// Bits a second, counted at the IP level; where the rate changes, ``LinkRate/bitsPerSecond`` says which.
    public let rateBitsPerSecond: Double
    /// One-way delay, added to the time spent in the queue.
    public let delay: Duration
    /// The queue: what waits for the transmitter, and what is dropped there.
    public let queue: QueueParameters
    /// Everything else.
    public let impairments: LinkImpairments

    /// The probability that a packet is lost on entry, 0...1; in the long run, where losses come in bursts.
    public var lossProbability: Double { impairments.loss.meanProbability }
    /// The most bytes that may wait, the packet in service included, counted at the IP level; ``QueueLimit/byteCount`` has the rule
    /// for limits in packets.
    public var queueByteCount: Int { queue.limit.byteCount }

    /// Creates one direction with a constant rate, a drop-tail queue and independent losses.
    ///
    /// - Parameters:
    ///   - rateBitsPerSecond: More than 0 and at most ``maximumRateBitsPerSecond``.
    ///   - delay: One way, from zero to ``maximumDelay``.
    ///   - lossProbability: From 0 to 1.
    ///   - queueByteCount: At least ``minimumQueueByteCount``.
    /// - Throws: ``NetSimError`` with code `invalidParameter`, naming the value refused.
    public init(
        rateBitsPerSecond: Double, delay: Duration, lossProbability: Double = 0, queueByteCount: Int
    ) throws {
        try self.init(
            rate: .constant(bitsPerSecond: rateBitsPerSecond), delay: delay, lossProbability: lossProbability,
            queueByteCount: queueByteCount)
    }

    /// Creates one direction with a rate that may change over time, a drop-tail queue and independent losses.
    ///
    /// - Parameters:
    ///   - rate: One that ``LinkRate/validate()`` lets pass.
    ///   - delay: One way, from zero to ``maximumDelay``.
    ///   - lossProbability: From 0 to 1.
    ///   - queueByteCount: At least ``minimumQueueByteCount``.
    /// - Throws: ``NetSimError`` with code `invalidParameter`, naming the value refused.
    public init(rate: LinkRate, delay: Duration, lossProbability: Double = 0, queueByteCount: Int) throws {
        try self.init(
            rate: rate, delay: delay, queue: QueueParameters(limit: .bytes(queueByteCount)),
            impairments: LinkImpairments(loss: .independent(lossProbability)))
    }

    /// Creates one direction.
    ///
    /// - Parameters:
    ///   - rate: One that ``LinkRate/validate()`` lets pass.
    ///   - delay: One way, from zero to ``maximumDelay``.
    ///   - queue: One that ``QueueParameters/validate()`` lets pass.
    ///   - impairments: Those that ``LinkImpairments/validate()`` lets pass.
    /// - Throws: ``NetSimError`` with code `invalidParameter`, naming the value refused.
    public init(
        rate: LinkRate, delay: Duration, queue: QueueParameters, impairments: LinkImpairments = LinkImpairments()
    ) throws {
        try rate.validate()
        try Self.validate(delay: delay)
        try impairments.validate()
        try queue.validate()
        self.rate = rate
        rateBitsPerSecond = rate.bitsPerSecond
        self.delay = delay
        self.queue = queue
        self.impairments = impairments
    }

    /// Checks a one-way delay by itself, for callers that want to say where it came from.
    ///
    /// - Throws: ``NetSimError`` with code `invalidParameter` for a delay outside zero to ``maximumDelay``.
    public static func validate(delay: Duration) throws {
        guard delay >= .zero, delay <= maximumDelay else {
            throw NetSimError(.invalidParameter, "one-way delay \(delay) is outside 0 to 60 seconds")
        }
    }

    /// Comparisons with NaN are false, so a rate that is not a number fails the guard like one out of range.
    static func validatedRate(_ rate: Double) throws -> Double {
        guard rate > 0, rate <= maximumRateBitsPerSecond else {
            throw NetSimError(
                .invalidParameter, "rate of \(rate) bit/s is not above 0 and at most \(maximumRateBitsPerSecond)")
        }
        return rate
    }
}
