/// A session's intervals.
public struct SessionTiming: Sendable, Equatable {
    /// How often the receiver reports.
    public var reportInterval: Duration = .milliseconds(100)
    /// How long the peer may be silent before a person is told.
    public var stalledAfter: Duration = .seconds(2)
    /// How long the peer may be silent before the session is given up.
    public var silenceLimit: Duration = .seconds(20)
    /// How often an idle sender shows that it lives.
    public var keepaliveInterval: Duration = .milliseconds(500)
    /// The least time between heartbeats while acknowledgements are awaited.
    public var leastHeartbeatInterval: Duration = .milliseconds(20)

    /// The defaults.
    public init() {}
}

/// Notices when nothing has come from the peer.
struct SilenceWatch: Sendable {
    private var lastHeard: Duration
    private(set) var isStalled = false

    enum Change: Sendable {
        case stalled, resumed, given(up: Duration)
    }

    init(now: Duration) { lastHeard = now }

    mutating func heard(now: Duration) -> Change? {
        lastHeard = now
        guard isStalled else { return nil }
        isStalled = false
        return .resumed
    }

    mutating func check(_ timing: SessionTiming, now: Duration) -> Change? {
        let silence = now - lastHeard
        if silence >= timing.silenceLimit { return .given(up: silence) }
        guard !isStalled, silence >= timing.stalledAfter else { return nil }
        isStalled = true
        return .stalled
    }

    func nextCheck(_ timing: SessionTiming) -> Duration { lastHeard + (isStalled ? timing.silenceLimit : timing.stalledAfter) }
}

extension Duration {
    /// Whole microseconds, modulo 2^32: a datagram's time stamp.
    var wrappedMicroseconds: UInt32 { UInt32(truncatingIfNeeded: microseconds) }
    /// Whole microseconds.
    var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
    /// In seconds.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
