internal import Faults

/// The most that may wait for a link's transmitter, the packet in service included.
public enum QueueLimit: Sendable, Equatable {
    /// So many bytes, counted at the IP level.
    case bytes(Int)
    /// So many packets of any size.
    case packets(Int)

    /// The most packets accepted as a limit.
    public static let maximumPacketCount = 1_000_000_000

    /// The limit in bytes; one in packets as if all were full ones of 1500 bytes.
    public var byteCount: Int {
        switch self {
        case .bytes(let count): count
        case .packets(let count): min(max(0, count), Self.maximumPacketCount) * LinkDirection.minimumQueueByteCount
        }
    }

    /// Checks the value; ``LinkDirection`` does so itself.
    ///
    /// - Throws: ``NetSimError`` with code `invalidParameter` for a limit below one full packet, or too many packets.
    public func validate() throws {
        switch self {
        case .bytes(let count):
            guard count >= LinkDirection.minimumQueueByteCount else {
                throw NetSimError(
                    .invalidParameter,
                    "queue of \(count) bytes is below \(LinkDirection.minimumQueueByteCount), one full packet")
            }
        case .packets(let count):
            guard (1...Self.maximumPacketCount).contains(count) else {
                throw NetSimError(.invalidParameter, "queue of \(count) packets is outside 1 to \(Self.maximumPacketCount)")
            }
        }
    }
}

/// The rule of a queue for what it does when packets come faster than they leave.
public enum QueueDiscipline: Sendable, Equatable {
    /// Drops what does not fit on arrival.
    case dropTail
    /// The packets that have waited longest are dropped until what arrives fits: the newest are kept.
    case dropHead
    /// CoDel, RFC 8289: drops packets on their way out while the least time spent waiting over `interval` exceeds `target`.
    case coDel(target: Duration = .milliseconds(5), interval: Duration = .milliseconds(100))
    /// PIE, RFC 8033: drops packets at random on arrival, the more the longer others wait than `target`, which it compares every
    /// `updateInterval`.
    case pie(target: Duration = .milliseconds(15), updateInterval: Duration = .milliseconds(15))

    /// The shortest and longest times accepted.
    public static let times = Duration.microseconds(10)...Duration.seconds(60)

    /// Checks the values; ``LinkDirection`` does so itself.
    ///
    /// - Throws: ``NetSimError`` with code `invalidParameter`, naming the value refused.
    public func validate() throws {
        let values: [(Duration, String)] =
            switch self {
            case .dropTail, .dropHead: []
            case .coDel(let target, let interval): [(target, "target"), (interval, "interval")]
            case .pie(let target, let updateInterval): [(target, "target"), (updateInterval, "update interval")]
            }
        for (time, name) in values where !Self.times.contains(time) {
            throw NetSimError(
                .invalidParameter, "\(name) of \(time) is outside \(Self.times.lowerBound) to \(Self.times.upperBound)")
        }
    }
}

/// The queue in front of a link's transmitter.
public struct QueueParameters: Sendable, Equatable {
    /// The rule for what is dropped.
    public let discipline: QueueDiscipline
    /// The most that may wait.
    public let limit: QueueLimit

    /// Creates parameters; ``validate()`` looks at their values.
    public init(_ discipline: QueueDiscipline = .dropTail, limit: QueueLimit) {
        self.discipline = discipline
        self.limit = limit
    }

    /// Checks the values; ``LinkDirection`` does so itself.
    ///
    /// - Throws: ``NetSimError`` with code `invalidParameter`, naming the value refused.
    public func validate() throws {
        try limit.validate()
        try discipline.validate()
    }
}
