internal import Congestion
internal import Faults
internal import Secrecy
package import SRTTransport
package import StreamSession

/// Runs a sender's session over SRT: connects, hands over what the session says at its pace, and connects again when a connection is lost.
package struct SenderRunner: Sendable {
    /// The traffic that went over the wire, connections together.
    package struct Traffic: Sendable, Equatable {
        /// Messages put on the wire, each counted once.
        package var sentCount = 0
        /// Messages put on the wire again.
        package var repeatedCount = 0
        /// Connections made.
        package var connectionCount = 0
        /// Seconds the first took.
        package var connectSeconds = 0.0
    }

    /// The session.
    package private(set) var session: SenderSession
    /// The traffic that went over the wire.
    package private(set) var traffic = Traffic()

    private let address: HostPort
    private var options: SRTOptions
    private let timeout: Duration
    private let origin: ContinuousClock.Instant
    private var line: Line?
    private var dialling: Dialling?
    private var earlier = Traffic()
    /// Another connection, made while this one is silent: the peer may have begun anew, which nothing on the old one would ever tell.
    private var spare: (connection: SRTConnection, since: Duration)?
    /// When the connection in use was taken, and how much longer than usual its silence is borne.
    private var lineSince = Duration.zero
    private var caution = 1

    /// A connection and what is to go over it: with one that is lost goes what was meant for it, which is the session's affair.
    private struct Line {
        let connection: SRTConnection
        var outgoing: [[UInt8]] = []
        /// libsrt has no room for what it was given.
        var isFull = false
        var pace: Double?
    }

    /// Time that the old connection has to show that it lives once another one is made: after an outage both come back, and on the old one the
    /// next report is due.
    private static let spareTimeout = Duration.milliseconds(200)
    /// Another connection has the receiver read its journal again. One that is too busy to report in time must not be kept from its work by that: where
    /// connections live shorter than this, the next one's silence is borne twice as long, up to so many times.
    private static let shortLife = Duration.milliseconds(2500)
    private static let maxCaution = 16

    /// - Parameters:
    ///   - patience: how long to try to connect the first time.
    ///   - origin: when the session's time began.
    package init(
        _ session: SenderSession, to address: HostPort, options: SRTOptions, timeout: Duration, origin: ContinuousClock.Instant
    ) {
        self.session = session
        self.address = address
        self.options = options
        self.timeout = timeout
        self.origin = origin
    }

    private var now: Duration { .now - origin }

    /// Runs until the session is over.
    /// - Parameters:
    ///   - events: what has happened beside the transport since it was asked last.
    ///   - onAction: told of everything the session says.
    ///   - onTurn: shown the session about once a millisecond.
    ///   - mayGreet: whether the receiver may be told of the session yet; until then a connection that is made waits.
    package mutating func run(
        events: () -> [SenderSession.Event], onAction: (SenderSession.Action) -> Void,
        onTurn: (SenderSession) -> Void = { _ in }, mayGreet: () -> Bool = { true }
    ) async {
        dialling = Dialling(to: address, options, timeout: timeout)
        while !session.isOver || line?.outgoing.isEmpty == false || line?.isFull == true {
            for event in events() { act(session.handle(event, now: now), onAction) }
            if let tick = session.nextTick, now >= tick { act(session.handle(.tick, now: now), onAction) }
            if mayGreet() || session.isOver { await meet(onAction) }
            await lookForAnother(onAction)
            if let line {
                await turn(line, onAction)
                onTurn(session)
            } else {
                if session.isOver { break }
                try? await Task.sleep(for: .milliseconds(2))
            }
        }
        dialling?.cancel()
        if case .success(let unused)? = dialling?.result { await unused.close(timeout: .zero) }
        await spare?.connection.close(timeout: .zero)
        await line?.connection.close(timeout: .seconds(1))
    }

    /// Takes a connection that has been made.
    private mutating func meet(_ onAction: (SenderSession.Action) -> Void) async {
        guard let result = dialling?.result else { return }
        dialling = nil
        switch result {
        case .success(let made):
            guard !session.isOver else { return await made.close(timeout: .zero) }
            if line == nil { use(made, onAction) } else { spare = (made, now) }
        case .failure(let error):
            act(session.handle(Self.event(of: error), now: now), onAction)
        }
    }

    private static func event(of error: any Error) -> SenderSession.Event {
        guard let error = error as? TransportError else { return .unreachable("\(error)") }
        return switch error.code {
        case .busy: .rejected(SessionError(.busy, error.message))
        case .notPermitted: .rejected(SessionError(.notPermitted, error.message))
        case .exhausted: .rejected(SessionError(.busy, error.message))
        default: .unreachable(error.message)
        }
    }

    private mutating func use(_ made: SRTConnection, _ onAction: (SenderSession.Action) -> Void) {
        line = Line(connection: made)
        lineSince = now
        traffic.connectionCount += 1
        if traffic.connectionCount == 1 { traffic.connectSeconds = made.initialRoundTrip / .seconds(0.5) }
        act(session.handle(.connected(roundTrip: made.initialRoundTrip, nonce: Nonce().bytes), now: now), onAction)
    }

    /// Makes another connection while this one is silent, and goes over to it if it stays so.
    private mutating func lookForAnother(_ onAction: (SenderSession.Action) -> Void) async {
        guard let line else { return }
        // A receiver that reads a long journal says nothing until it has.
        guard session.isSuspect(now: now, caution: caution) else {
            dialling?.cancel()
            dialling = nil
            if let unused = spare {
                spare = nil
                await unused.connection.close(timeout: .zero)
            }
            return
        }
        if let made = spare {
            guard now - made.since > max(Self.spareTimeout, session.roundTrip) else { return }
            spare = nil
            caution = now - lineSince < Self.shortLife ? min(Self.maxCaution, caution * 2) : 1
            await lose(line, onAction)
            dialling?.cancel()
            dialling = nil
            use(made.connection, onAction)
        } else if dialling == nil {
            dialling = Dialling(to: address, options, timeout: nil)
        }
    }

    private mutating func lose(_ lost: Line, _ onAction: (SenderSession.Action) -> Void) async {
        line = nil
        earlier = traffic
        await lost.connection.close(timeout: .zero)
        act(session.handle(.disconnected, now: now), onAction)
    }

    private mutating func turn(_ current: Line, _ onAction: (SenderSession.Action) -> Void) async {
        line?.outgoing = []
        line?.pace = nil
        // With something to send it is the pace that wakes; without, whatever the receiver says next, or the coder.
        let timeout =
            session.hasQueued ? min(.milliseconds(1), max(.microseconds(200), session.nextAllowance - now)) : .milliseconds(2)
        let turn = await current.connection.turn(
            sending: current.outgoing, timeout: timeout, maximumBitsPerSecond: current.pace)
        line?.isFull = turn.waitingCount > 0
        for (bytes, arrival) in zip(turn.received, turn.arrivals) {
            act(session.handle(.datagram(bytes), now: max(.zero, arrival - origin)), onAction)
        }
        // A connection that is gone has no figures any more; those it had last stay.
        traffic.repeatedCount = max(traffic.repeatedCount, earlier.repeatedCount + turn.retransmittedCount)
        traffic.sentCount = max(traffic.sentCount, earlier.sentCount + turn.sentCount)
        guard turn.isConnected else { return await lose(current, onAction) }
        guard turn.waitingCount == 0 else { return }
        let state = TransportState(
            unsentCount: turn.unsentCount, repeatedCount: turn.retransmittedCount, inFlightCount: turn.inFlightCount)
        act(session.handle(.transport(state), now: now), onAction)
    }

    private mutating func act(_ actions: [SenderSession.Action], _ onAction: (SenderSession.Action) -> Void) {
        for action in actions {
            switch action {
            case .send(let bytes): line?.outgoing.append(bytes)
            case .pace(let rate): line?.pace = rate
            case .narrow(let byteCount): options.datagramByteCount = byteCount
            case .reconnect:
                if let lost = line?.connection {
                    Task { await lost.close(timeout: .zero) }
                    line = nil
                    earlier = traffic
                }
                dialling = Dialling(to: address, options, timeout: nil)
            default: break
            }
            onAction(action)
        }
    }
}

/// Tries to connect, again and again with longer and longer pauses.
private final class Dialling: Sendable {
    private let task: Task<SRTConnection, any Error>
    private let made = Outcome()

    /// The place where the result waits to be asked for.
    private final class Outcome: Sendable {
        let value = MutexBox<Result<SRTConnection, any Error>?>(nil)
    }

    private static let longestPause = Duration.seconds(5)

    /// - Parameter patience: how long to try; nil tries until it is cancelled.
    init(to address: HostPort, _ options: SRTOptions, timeout: Duration?) {
        let task = Task {
            let clock = ContinuousClock()
            let deadline = timeout.map { clock.now + $0 }
            var pause = Duration.milliseconds(200)
            while true {
                do {
                    return try await SRTConnection.connect(to: address, options: options, timeout: .zero)
                } catch let error as TransportError {
                    guard error.isPassing else { throw error }
                    if let deadline, clock.now >= deadline { throw error }
                    try await Task.sleep(for: pause)
                    // Random, so that many senders do not come back at the same moment.
                    pause = min(Self.longestPause, pause * Double.random(in: 1.3...2))
                }
            }
        }
        self.task = task
        Task { [made] in made.value.set(await task.result) }
    }

    var result: Result<SRTConnection, any Error>? { made.value.get() }

    func cancel() { task.cancel() }
}
