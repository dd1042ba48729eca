/// Counts of what a relay has done since it was started.
public struct RelayCounters: Sendable, Equatable {
    /// From the clients to the server, all clients together.
    public var up = LinkCounters()
    /// From the server to the clients, all clients together.
    public var down = LinkCounters()
    /// Clients known at the moment.
    public var clientCount = 0
    /// Datagrams of new clients dropped because the relay had as many clients as it takes, or no socket to spare.
    public var refusedDatagramCount = 0
    /// Datagrams that came out of the link and that the system did not take.
    public var unsentDatagramCount = 0
    /// Number of times that a client was given another port towards the server.
    public var rebindingCount = 0
    /// Why the log ends early, if it does.
    public var logFailure: NetSimError?

    /// Creates counters at zero.
    public init() {}
}

/// Counts every event and writes it to the log, where there is one.
struct RelayRecorder: LinkEventSink {
    var counters = RelayCounters()
    var log: LinkLog?

    mutating func record(_ event: LinkEvent) {
        switch event.heading {
        case .up: counters.up.count(event)
        case .down: counters.down.count(event)
        }
        log?.record(event)
    }
}
