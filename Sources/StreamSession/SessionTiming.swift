internal import Congestion

/// A session's intervals.
package struct SessionTiming: Sendable, Equatable {
    /// The longest time that a connection may stand before its sender says who it is.
    package var helloLimit: Duration = .seconds(10)
    /// The longest time between two of the receiver's reports.
    package var reportInterval: Duration = .milliseconds(100)
    /// The shortest, where enough arrives to report.
    package var minReportInterval: Duration = .milliseconds(20)
    /// Time that the peer may be silent before a person is told.
    package var stalledAfter: Duration = .seconds(2)
    /// Time that a peer that is there may take to read what it has of a session, to decode or to write before a person is told.
    package var busyAfter: Duration { stalledAfter * 5 }
    /// Time that the peer may be silent before its connection is given up.
    package var idleTimeout: Duration = .seconds(125)
    /// Time for which a sender without a connection tries to get another one.
    package var resumeTimeout: Duration = .seconds(600)
    /// Time for which a sender tries to get a place at a receiver that is full.
    package var fullTimeout: Duration = .seconds(10)
    /// Time that it waits before it tries the second time; twice as long each time after that.
    package var fullPause: Duration = .milliseconds(500)
    /// The interval at which an idle sender shows that it lives.
    package var keepaliveInterval: Duration = .milliseconds(500)
    /// The least time between heartbeats while acknowledgements are awaited.
    package var minHeartbeatInterval: Duration = .milliseconds(20)

    /// The defaults.
    package init() {}

    /// The time of silence after which another connection is worth trying beside the one there is.
    /// - Parameter hasHeard: then several reports and an answer are overdue; otherwise the peer may be busy with what it has of the session.
    func suspicion(roundTrip: Duration, hasHeard: Bool) -> Duration {
        hasHeard ? .milliseconds(500) + roundTrip * 2 : stalledAfter + .seconds(3)
    }

    /// The same for a link of that round trip: nothing is a stall that an answer may yet end.
    func scaled(toRoundTrip roundTrip: Duration) -> SessionTiming {
        var scaled = self
        scaled.stalledAfter = max(stalledAfter, roundTrip * 4)
        return scaled
    }
}

/// Notices when nothing has come from the peer.
struct SilenceWatch: Sendable {
    private var lastHeard: Duration
    private(set) var isStalled = false
    /// True when something has come since the watch began.
    private(set) var hasHeard = false
    /// Another time than `stalledAfter`, where the silence has a cause that is known.
    var timeout: Duration?
    /// Returns the time for which nothing has come.
    func duration(now: Duration) -> Duration { now - lastHeard }

    enum Silence: Sendable {
        case stalled, tooLong(Duration)
    }

    init(now: Duration) { lastHeard = now }

    /// Something came; true when it ends a stall.
    mutating func heard(now: Duration) -> Bool {
        lastHeard = now
        hasHeard = true
        defer { isStalled = false }
        return isStalled
    }

    mutating func check(_ timing: SessionTiming, now: Duration) -> Silence? {
        let silence = now - lastHeard
        if silence >= timing.idleTimeout { return .tooLong(silence) }
        guard !isStalled, silence >= timeout ?? timing.stalledAfter else { return nil }
        isStalled = true
        return .stalled
    }

    func nextCheck(_ timing: SessionTiming) -> Duration {
        lastHeard + (isStalled ? timing.idleTimeout : timeout ?? timing.stalledAfter)
    }
}
