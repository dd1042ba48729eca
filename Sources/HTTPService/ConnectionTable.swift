internal import NIOCore
internal import Synchronization

/// The connections that are open: so many at most, and each only as long as it gets on.
///
/// A task that waits for a client, to send or to take what it was sent, waits as long as the client likes. Closing the connection from
/// here ends that wait, as if the client had gone.
final class ConnectionTable: Sendable {
    private struct Connection {
        let channel: any Channel
        /// Whose it is: the address at the other end.
        let peer: String
        /// When it is closed, unless it gets on before.
        var deadline: ContinuousClock.Instant?
        /// True while a request of it is being answered.
        var isBusy = false
        /// True once any of its requests was being answered.
        var hasAsked = false
        /// True while it is being sent an answer without end.
        var isStream = false
        /// Since when it has been expected to take what it is sent; nil while it is not.
        var isTakingSince: ContinuousClock.Instant?
        /// When it got on last.
        var lastActivity: ContinuousClock.Instant
        var isClosed = false

        mutating func close() {
            isClosed = true
            channel.close(promise: nil)
        }

        /// Returns what is lost with it: 0 for a connection that has asked for nothing, 1 for one that does not take its answer, 2 for one
        /// that has had one, 3 for one that is being answered.
        func worth(_ now: ContinuousClock.Instant) -> Int {
            if isBusy { return isTakingSince.map { now - $0 > ConnectionTable.stallTime } ?? false ? 1 : 3 }
            return hasAsked ? 2 : 0
        }
    }
    private struct State {
        /// By number; later ones have greater numbers.
        var open: [Int: Connection] = [:]
        var next = 0
    }
    private let state = Mutex(State())
    private let limit: Int
    private let streamLimit: Int
    /// The time that a client may leave what it is sent before others come first.
    private static let stallTime = Duration.seconds(1)

    /// - Parameters:
    ///   - limit: the most connections.
    ///   - streamLimit: the most of them with an answer that has no end.
    init(limit: Int, streamLimit: Int) {
        self.limit = max(1, limit)
        self.streamLimit = max(1, streamLimit)
    }

    /// Takes a new connection, in whose favour another goes where there are too many: of those worth the least one of the address
    /// that has the most, and of these the one that got on longest ago. One that is being answered and takes its answer goes only
    /// for an address that has fewer. Clients that do nothing can thus neither keep out one that asks nor end one that is being
    /// answered.
    /// - Returns: its number; nil where there is no place for it, since all others are worth more, or have not gone yet.
    func admit(_ channel: any Channel, until deadline: ContinuousClock.Instant, now: ContinuousClock.Instant = .now) -> Int? {
        let peer = channel.remoteAddress?.ipAddress ?? ""
        return state.withLock { state in
            let staying = state.open.filter { !$0.value.isClosed }
            guard state.open.count < 2 * limit else { return nil }
            if staying.count >= limit {
                guard let victim = Self.victim(among: staying, for: peer, now) else { return nil }
                state.open[victim]?.close()
            }
            defer { state.next += 1 }
            state.open[state.next] = Connection(channel: channel, peer: peer, deadline: deadline, lastActivity: now)
            return state.next
        }
    }

    private static func victim(among staying: [Int: Connection], for peer: String, _ now: ContinuousClock.Instant) -> Int? {
        let counts = staying.values.reduce(into: [:]) { $0[$1.peer, default: 0] += 1 }
        func count(_ peer: String) -> Int { counts[peer] ?? 0 }
        let first = staying.min { a, b in
            let (x, y) = (a.value, b.value)
            let (mine, other) = (x.worth(now), y.worth(now))
            if mine != other { return mine < other }
            if count(x.peer) != count(y.peer) { return count(x.peer) > count(y.peer) }
            return (x.lastActivity, a.key) < (y.lastActivity, b.key)
        }
        guard let first else { return nil }
        return first.value.worth(now) < 3 || count(first.value.peer) > count(peer) + 1 ? first.key : nil
    }

    /// Takes a place among those with an answer that has no end; false where there is none. One of an address that has more makes
    /// room.
    func beginStream(_ number: Int) -> Bool {
        state.withLock { state in
            guard let newcomer = state.open[number] else { return false }
            let streams = state.open.filter { $0.value.isStream && !$0.value.isClosed }
            let counts = streams.values.reduce(into: [:]) { $0[$1.peer, default: 0] += 1 }
            if streams.count >= streamLimit {
                guard let most = counts.max(by: { ($0.value, $0.key) < ($1.value, $1.key) }),
                    most.value > counts[newcomer.peer, default: 0] + 1,
                    let victim = streams.filter({ $0.value.peer == most.key }).keys.max()
                else { return false }
                state.open[victim]?.close()
            }
            state.open[number]?.isStream = true
            return true
        }
    }

    /// Gives a connection time until a deadline, or without end.
    /// - Parameter isTaking: whether it is to take what it is sent meanwhile.
    func extend(
        _ number: Int, until deadline: ContinuousClock.Instant?, isTaking: Bool = false, now: ContinuousClock.Instant = .now
    ) {
        state.withLock { state in
            state.open[number]?.deadline = deadline
            state.open[number]?.isTakingSince = isTaking ? now : nil
            state.open[number]?.lastActivity = now
        }
    }

    /// Says whether a connection is being answered.
    func setBusy(_ number: Int, _ isBusy: Bool) {
        state.withLock { state in
            state.open[number]?.isBusy = isBusy
            state.open[number]?.hasAsked = true
        }
    }

    /// Takes a connection out that is over.
    func remove(_ number: Int) { state.withLock { _ = $0.open.removeValue(forKey: number) } }

    /// Closes all.
    func closeAll() {
        state.withLock { state in
            for number in state.open.keys { state.open[number]?.close() }
        }
    }

    /// Closes those whose time is over.
    func closeOverdue(now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            for (number, connection) in state.open where !connection.isClosed {
                if let deadline = connection.deadline, deadline < now { state.open[number]?.close() }
            }
        }
    }
}
