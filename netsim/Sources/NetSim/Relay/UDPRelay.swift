internal import Faults

/// Carries UDP between clients and a server through a simulated link, in real time and without privileges.
///
/// Every client address gets a link of its own and a socket of its own towards the server. All of it runs on one
/// thread that belongs to the relay. Memory is bounded by what the links hold: the queue's limit, and rate times
/// delay for what is under way, for each direction and client.
public final class UDPRelay: Sendable {
    /// Number of clients that a relay takes at once, unless told otherwise.
    public static let defaultClientLimit = 256
    /// Time a client may be silent in both directions before it is forgotten, unless told otherwise.
    ///
    /// Well above the two minutes for which a transport here waits for a peer.
    public static let defaultIdleLimit = Duration.seconds(300)

    /// The UDP port on which the relay listens, also before it is started and when the system has chosen it.
    public let boundPort: UInt16

    /// The bounds of a relay's work on its clients.
    struct Limits: Sendable {
        let clientCount: Int
        let idle: Duration
        let rebinding: Duration?
    }

    private let signals: RelaySignals
    private let thread: RelayThread

    /// Creates a relay and binds its port; datagrams wait in the system's buffer until ``start()``.
    ///
    /// - Parameters:
    ///   - listen: Where clients send to; port 0 lets the system choose, see ``boundPort``.
    ///   - target: Where the server is. It need not be there yet, nor all the time.
    ///   - link: What lies between clients and server.
    ///   - seed: Decides which packets are lost; clients are numbered in the order in which they come.
    ///   - log: A path at which a ``LinkLog`` is created, or an existing file replaced; `nil` for none.
    ///   - clientLimit: How many clients are taken at once, 1 to 4096.
    ///   - idleLimit: How long a client may be silent before it is forgotten; at least one second.
    ///   - rebindInterval: How long a client keeps its port towards the server before it is given another, at least one
    ///     millisecond; `nil` for as long as it is known.
    /// - Throws: ``NetSimError``: `invalidParameter`, `socket` when the port cannot be had, `log` when the file cannot.
    public init(
        listen: HostPort, to target: HostPort, link: LinkParameters, seed: UInt64, log: String? = nil,
        clientLimit: Int = UDPRelay.defaultClientLimit, idleLimit: Duration = UDPRelay.defaultIdleLimit,
        rebindInterval: Duration? = nil
    ) throws {
        guard (1...4096).contains(clientLimit), idleLimit >= .seconds(1) else {
            throw NetSimError(
                .invalidParameter, "a relay takes 1 to 4096 clients, idle for 1 s at least; not \(clientLimit), \(idleLimit)")
        }
        if let rebindInterval, rebindInterval < .milliseconds(1) {
            throw NetSimError(.invalidParameter, "a client keeps its port for 1 ms at least, not for \(rebindInterval)")
        }
        guard let listenAddress = SocketAddress(host: listen.host, port: listen.port),
            let targetAddress = SocketAddress(host: target.host, port: target.port), target.port != 0
        else {
            throw NetSimError(.invalidAddress, "\(target) has no port to send to")
        }
        let listener = try UDPSocket(boundTo: listenAddress, name: listen.description)
        signals = try RelaySignals()
        boundPort = listener.localPort
        let traffic = UDPTraffic(
            listener: listener, target: targetAddress, link: link, seed: seed,
            limits: Limits(clientCount: clientLimit, idle: idleLimit, rebinding: rebindInterval))
        let loop = RelayLoop(
            traffic: traffic, link: link, seed: seed, logFile: try log.map { try LogFile(path: $0) }, signals: signals)
        thread = RelayThread(loop, signals: signals)
    }

    /// Starts the relay's thread. Times in the log count from here.
    ///
    /// - Throws: ``NetSimError`` with code `state` when the relay has been started or stopped before, and `thread` when
    ///   the system has no thread to give.
    public func start() throws { try thread.start() }

    /// Stops the relay, completes its log and closes its sockets; what is under way is lost.
    ///
    /// Returns when the thread has ended, which takes one pass over at most 64 datagrams a socket. Calling it again, or
    /// on a relay that was never started, does no harm.
    public func stop() { thread.stop() }

    /// Cuts one direction for all clients, or joins it again. Datagrams that are already on the link still arrive.
    public func setOutage(_ on: Bool, direction: Heading) {
        signals.change { commands in
            switch direction {
            case .up: commands.isUpCut = on
            case .down: commands.isDownCut = on
            }
        }
    }

    /// Gives every client another port towards the server, soon: the server sees it come from there from then on, and
    /// what it sends to the old port is lost.
    public func rebindClients() {
        signals.change { $0.rebindingCount += 1 }
    }

    /// When the relay began to count its time, by ``LoopClock``; `nil` before that.
    var startTime: Duration? { signals.start }

    /// Counts of what the relay has done so far.
    public var counters: RelayCounters { signals.counters }
}
