internal import FlyingSocks
internal import Synchronization

/// The connections that are open: so many at most, and each only as long as it gets on.
///
/// FlyingSocks waits for a client as long as the client likes. Shutting a connection down from here ends that wait, as if the
/// client had gone.
final class ConnectionTable: Sendable {
    private struct Connection {
        let socket: Socket
        /// When it is shut down, unless it gets on before.
        var deadline: ContinuousClock.Instant?
        /// Whether a request of it is being answered.
        var isBusy = false
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

    /// Takes a new connection, in whose favour another goes where there are too many: the oldest of those that ask for nothing,
    /// else the oldest. Clients that do nothing can thus neither keep out one that asks nor end one that is being answered.
    /// - Returns: its number; nil when it was closed, since those that were to go have not gone yet.
    func admit(_ socket: Socket, until deadline: ContinuousClock.Instant) -> Int? {
        state.withLock { state in
            guard state.open.count < 2 * limit else {
                try? socket.close()
                return nil
            }
            let staying = state.open.filter { !$0.value.isShut }
            let idle = staying.filter { !$0.value.isBusy }
            if staying.count >= limit, let oldest = (idle.isEmpty ? staying : idle).keys.min() { state.open[oldest]?.shut() }
            defer { state.next += 1 }
            state.open[state.next] = Connection(socket: socket, deadline: deadline)
            return state.next
        }
    }

    /// Gives a connection time until a deadline, or without end.
    func extend(_ number: Int, until deadline: ContinuousClock.Instant?) {
        state.withLock { $0.open[number]?.deadline = deadline }
    }

    /// Says whether a connection is being answered.
    func setBusy(_ number: Int, _ isBusy: Bool) {
        state.withLock { $0.open[number]?.isBusy = isBusy }
    }

    /// Closes a connection. Here, so that none is shut down whose number the system has given to another file.
    func close(_ number: Int) {
        state.withLock { try? $0.open.removeValue(forKey: number)?.socket.close() }
    }

    /// Shuts down those whose time is over.
    func shutOverdue(now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            for (number, connection) in state.open where !connection.isShut {
                if let deadline = connection.deadline, deadline < now { state.open[number]?.shut() }
            }
        }
    }
}
