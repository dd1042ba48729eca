import Glibc

/// Runs a program behind a simulated link: every IP packet that it exchanges with the other end crosses the link.
///
/// Client and server are network namespaces that end with the run; nothing outside them is touched. A process without the
/// rights to make them makes a user namespace first, for which it must have one thread only, and stays in it.
public struct LinkRun: Sendable {
    /// The outcome of a run.
    public struct Outcome: Sendable {
        /// The command's exit status, or 128 and the signal that ended it.
        public let status: Int32
        /// Counts of what has crossed the link.
        public let counters: RelayCounters
    }

    private let link: LinkParameters
    private let seed: UInt64
    private let log: String?
    private let server: String?
    private let command: [String]

    /// Time that a server has to open its first port before the command is started all the same.
    private static let serverTimeout = Duration.seconds(3)
    /// Time that what was asked to end may take, before it is made to.
    private static let endTimeout = Duration.seconds(3)

    /// - Parameters:
    ///   - link: What lies between the client and the server.
    ///   - seed: Decides which packets are lost.
    ///   - log: A path at which a ``LinkLog`` is created, or an existing file replaced; `nil` for none.
    ///   - server: A shell command that is run at the server's end meanwhile; `nil` for none.
    ///   - command: What is run at the client's end: a program found on `PATH`, and its arguments.
    public init(link: LinkParameters, seed: UInt64, log: String? = nil, server: String? = nil, command: [String]) {
        self.link = link
        self.seed = seed
        self.log = log
        self.server = server
        self.command = command
    }

    /// Runs the command to its end. SIGINT, SIGTERM and SIGHUP are passed on to it meanwhile.
    ///
    /// The environment variables `NETSIM_CLIENT` and `NETSIM_SERVER` give both programs, and the caller, the two ends' IPv4
    /// addresses, and the same names with `_IPV6` the others.
    ///
    /// - Throws: ``NetSimError``: `notPermitted`; `commandNotFound` or `command` when the command cannot be run; `log` when the
    ///   file cannot be created; `socket` and `thread`.
    public func run() throws -> Outcome {
        var signals = SignalWaiter()
        defer { signals.release() }
        let namespaces = try NamespacePair()
        for (name, value) in [Endpoint.client, .server].flatMap({ TunnelAddress($0).environment }) { setenv(name, value, 1) }
        let relaySignals = try RelaySignals()
        let loop = RelayLoop(
            traffic: TunnelTraffic(between: namespaces, link: link, seed: seed), link: link, seed: seed,
            logFile: try log.map { try LogFile(path: $0) }, signals: relaySignals)
        let thread = RelayThread(loop, signals: relaySignals)
        try thread.start()
        defer { thread.stop() }
        defer { namespaces.endProcesses() }

        var serving = try server.map { try ChildProcess(["/bin/sh", "-c", $0], in: namespaces.server, leadsGroup: true) }
        defer { Self.end(&serving) }
        let interruption = Self.awaitPort(of: &serving, signals: &signals)
        var status = interruption.map { 128 + $0 } ?? 0
        if interruption == nil {
            var child = try ChildProcess(command, in: namespaces.client)
            status = Self.wait(for: &child, serving: &serving, signals: &signals)
        }
        Self.end(&serving)
        namespaces.endProcesses()
        thread.stop()
        return Outcome(status: status, counters: relaySignals.counters)
    }

    /// Waits until a server can be spoken to.
    ///
    /// - Returns: The signal that ended the wait, if one did.
    private static func awaitPort(of serving: inout ChildProcess?, signals: inout SignalWaiter) -> Int32? {
        let deadline = LoopClock.now() + serverTimeout
        while serving != nil, serving?.hasEnded() == false, let id = serving?.id, LoopClock.now() < deadline {
            if NetworkNamespace.hasBoundPort(seenBy: id) { break }
            if let signal = signals.next(within: .milliseconds(5)), signal.number != SIGCHLD { return signal.number }
        }
        return nil
    }

    private static func wait(
        for child: inout ChildProcess, serving: inout ChildProcess?, signals: inout SignalWaiter
    ) -> Int32 {
        var deadline: Duration?
        while !child.hasEnded() {
            _ = serving?.hasEnded()
            let limit = deadline.map { $0 - LoopClock.now() } ?? .seconds(60)
            guard let signal = signals.next(within: limit) else {
                if let deadline, deadline <= LoopClock.now() { child.signal(SIGKILL) }
                continue
            }
            guard signal.number != SIGCHLD else { continue }
            // The terminal has told the command already, and some programs take the second time for impatience.
            if !signal.isFromTerminal { child.signal(signal.number) }
            deadline = deadline ?? LoopClock.now() + endTimeout
        }
        return child.status ?? 0
    }

    private static func end(_ serving: inout ChildProcess?) {
        let deadline = LoopClock.now() + endTimeout
        serving?.signal(SIGTERM)
        while serving != nil, serving?.hasEnded() == false {
            if LoopClock.now() >= deadline { serving?.signal(SIGKILL) }
            usleep(2000)
        }
        serving = nil
    }
}
