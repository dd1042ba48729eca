internal import FlyingSocks
internal import Synchronization

/// The connections that are open: so many at most, each for so long at most.
///
/// FlyingSocks waits for a client as long as the client likes. Shutting a connection down from here ends that wait, as if the
/// client had gone.
final class ConnectionTable: Sendable {
    private struct Connection {
        let socket: Socket
        let opened: ContinuousClock.Instant
        var isShut = false

        mutating func shut() {
            isShut = true
            socket.shut()
        }
    }
    private struct State {
        /// By number; later ones have greater numbers.
        var open: [Int: Connection] = [:]
        var next = 0
    }
    private let state = Mutex(State())
    private let limit: Int

    init(limit: Int) {
        self.limit = max(1, limit)
    }

    /// Takes a new connection, in whose favour the oldest goes where there are too many: clients that do nothing cannot keep out
    /// one that asks.
    /// - Returns: its number; nil when it was closed, since those that were to go have not gone yet.
    func admit(_ socket: Socket, now: ContinuousClock.Instant = .now) -> Int? {
        state.withLock { state in
            guard state.open.count < 2 * limit else {
                try? socket.close()
                return nil
            }
            let staying = state.open.filter { !$0.value.isShut }
            if staying.count >= limit, let oldest = staying.keys.min() { state.open[oldest]?.shut() }
            defer { state.next += 1 }
            state.open[state.next] = Connection(socket: socket, opened: now)
            return state.next
        }
    }

    /// Closes a connection. Here, so that none is shut down whose number the system has given to another file.
    func close(_ number: Int) {
        state.withLock { try? $0.open.removeValue(forKey: number)?.socket.close() }
    }

    /// Shuts down those that were opened before a time.
    func shut(openedBefore time: ContinuousClock.Instant) {
        state.withLock { state in
            for (number, connection) in state.open where connection.opened < time && !connection.isShut {
                state.open[number]?.shut()
            }
        }
    }
}
