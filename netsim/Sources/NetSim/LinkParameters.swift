/// Which way a packet goes over a link.
public enum Heading: String, Sendable, CaseIterable {
    /// From the connecting client to the server.
    case up
    /// From the server to the client.
    case down
}

/// What one direction of a link does to packets.
///
/// A value of this type is always within its ranges: the only way to make one is the throwing initializer.
public struct LinkDirection: Sendable, Equatable {
    /// The highest rate accepted, in bits a second.
    public static let maximumRateBitsPerSecond = 100e9
    /// The longest one-way delay accepted.
    public static let maximumDelay = Duration.seconds(60)
    /// The smallest queue accepted, in bytes: room for one full Ethernet payload.
    public static let minimumQueueByteCount = 1500

    /// What it carries over time.
    public let rate: LinkRate
    /// Bits a second, counted at the IP level; where the rate changes, ``LinkRate/bitsPerSecond`` says which.
    public let rateBitsPerSecond: Double
    /// One-way delay, added to the time spent in the queue.
    public let delay: Duration
    /// The probability that a packet is lost on entry, 0...1, independent of all others.
    public let lossProbability: Double
    /// The most bytes that may wait, the packet in service included, counted at the IP level.
    public let queueByteCount: Int

    /// Creates one direction with a constant rate.
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

    /// Creates one direction with a rate that may change over time.
    ///
    /// - Parameters:
    ///   - rate: One that ``LinkRate/validate()`` lets pass.
    ///   - delay: One way, from zero to ``maximumDelay``.
    ///   - lossProbability: From 0 to 1.
    ///   - queueByteCount: At least ``minimumQueueByteCount``.
    /// - Throws: ``NetSimError`` with code `invalidParameter`, naming the value refused.
    public init(rate: LinkRate, delay: Duration, lossProbability: Double = 0, queueByteCount: Int) throws {
        try rate.validate()
        guard delay >= .zero, delay <= Self.maximumDelay else {
            throw NetSimError(.invalidParameter, "one-way delay \(delay) is outside 0 to 60 seconds")
        }
        guard lossProbability >= 0, lossProbability <= 1 else {
            throw NetSimError(.invalidParameter, "loss probability \(lossProbability) is outside 0 to 1")
        }
        guard queueByteCount >= Self.minimumQueueByteCount else {
            throw NetSimError(
                .invalidParameter,
                "queue of \(queueByteCount) bytes is below \(Self.minimumQueueByteCount), one full packet")
        }
        self.rate = rate
        rateBitsPerSecond = rate.bitsPerSecond
        self.delay = delay
        self.lossProbability = lossProbability
        self.queueByteCount = queueByteCount
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

/// A named link: both its directions.
public struct LinkParameters: Sendable, Equatable {
    /// The longest name accepted, in UTF-8 bytes.
    public static let maximumNameByteCount = 200

    /// What the link is called in logs and tables.
    public let name: String
    /// From the connecting client to the server.
    public let up: LinkDirection
    /// From the server to the client.
    public let down: LinkDirection

    /// Creates a link.
    ///
    /// - Throws: ``NetSimError`` with code `invalidParameter` when the name is empty, longer than
    ///   ``maximumNameByteCount`` or would break a log's line, as a line feed would.
    public init(name: String, up: LinkDirection, down: LinkDirection) throws {
        guard !name.isEmpty, name.utf8.count <= Self.maximumNameByteCount else {
            throw NetSimError(
                .invalidParameter, "a link's name must have 1 to \(Self.maximumNameByteCount) bytes, not \(name.utf8.count)")
        }
        guard name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw NetSimError(.invalidParameter, "a link's name must not contain control characters")
        }
        self.name = name
        self.up = up
        self.down = down
    }

    /// The direction a packet with the given heading passes through.
    public subscript(heading: Heading) -> LinkDirection {
        switch heading {
        case .up: up
        case .down: down
        }
    }
}
