package import SRTTransport
package import StreamSession

/// Runs a receiver's session over one SRT connection.
package struct ReceiverRunner: Sendable {
    /// The session.
    package private(set) var session: ReceiverSession
    private let connection: SRTConnection
    private let origin: ContinuousClock.Instant

    /// - Parameter origin: when the session's time began.
    package init(_ session: ReceiverSession, over connection: SRTConnection, origin: ContinuousClock.Instant) {
        self.session = session
        self.connection = connection
        self.origin = origin
    }

    private var now: Duration { .now - origin }

    /// Runs until the session is over; the connection is left for the caller to close.
    /// - Parameters:
    ///   - events: what has happened beside the transport since it was asked last.
    ///   - onTurn: told what the transport brought, once the session has taken it.
    ///   - onActions: told of what the session says but datagrams, and answers with what comes of it at once.
    package mutating func run(
        events: () -> [ReceiverSession.Event], onTurn: (SRTTurn) -> Void = { _ in },
        onActions: ([ReceiverSession.Action]) -> [ReceiverSession.Event], isolation: isolated (any Actor)? = #isolation
    ) async {
        var outgoing: [[UInt8]] = []
        func act(_ session: inout ReceiverSession, _ event: ReceiverSession.Event, _ time: Duration) {
            var waiting = [event]
            while let next = waiting.popLast() {
                var rest: [ReceiverSession.Action] = []
                for action in session.handle(next, now: time) {
                    if case .send(let bytes) = action { outgoing.append(bytes) } else { rest.append(action) }
                }
                if !rest.isEmpty { waiting += onActions(rest) }
            }
        }
        while !session.isOver || !outgoing.isEmpty {
            for event in events() { act(&session, event, now) }
            if let tick = session.nextTick, now >= tick { act(&session, .tick, now) }
            let sending = outgoing
            outgoing = []
            let turn = await connection.turn(sending: sending, timeout: .milliseconds(10))
            for (bytes, arrival) in zip(turn.received, turn.arrivals) {
                act(&session, .datagram(bytes), max(.zero, arrival - origin))
            }
            onTurn(turn)
            if !turn.isConnected { act(&session, .disconnected, now) }
        }
    }
}
