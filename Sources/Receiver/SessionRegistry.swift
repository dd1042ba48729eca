internal import Concurrency
internal import Faults
internal import StreamSession
internal import Transfer
internal import Synchronization

/// Which sessions are being received: a name belongs to one connection at a time.
final class SessionRegistry: Sendable {
    /// One connection's hold on a name.
    final class Claim: Sendable {
        /// Whose session it is.
        let sender: String
        private let state = Mutex((lastHeard: ContinuousClock.now, isRevoked: false))
        /// Opened when something changes: who waits for the session looks again.
        private let watchers = Mutex<[Gate]>([])
        /// Room that its volumes take.
        fileprivate let taken = Mutex(Room())

        init(sender: String) { self.sender = sender }

        /// Something came on this connection.
        func hear() { state.withLock { $0.lastHeard = .now } }
        /// When it will have been silent for so long that another may go on with its session.
        fileprivate var endOfTrust: ContinuousClock.Instant { state.withLock { $0.lastHeard } + SessionRegistry.silenceLimit }
        /// True when another connection goes on with the session.
        var isRevoked: Bool { state.withLock { $0.isRevoked } }
        /// Opened at the next change.
        fileprivate func nextChange() -> Gate {
            let gate = Gate()
            watchers.withLock { $0.append(gate) }
            return gate
        }
        fileprivate func forget(_ gate: Gate) { watchers.withLock { $0.removeAll { $0 === gate } } }
        fileprivate func notify() {
            for gate in watchers.withLock({ watchers in
                defer { watchers = [] }
                return watchers
            }) { gate.open() }
        }
        fileprivate func revoke() { state.withLock { $0.isRevoked = true } }
    }

    private struct State {
        var claims: [String: Claim] = [:]
        /// Connections that wait for another to let go of their session: after an outage each session may have one.
        var waitingCount = 0
        /// Room that the volumes of all sessions take.
        var taken = Room()
    }

    /// Bytes of memory, and of disk for what is too large for memory.
    struct Room: Sendable {
        var memory = 0
        var disk = 0
    }

    private let limit: Int
    private let room: Room
    private let state = Mutex(State())
    /// A sender that was killed comes back before anyone can know that its old connection is dead; and that one has its volumes to write.
    private static let timeout = Duration.seconds(30)
    /// Two of the intervals at which an idle sender shows that it lives.
    private static let silenceLimit = SessionTiming().keepaliveInterval * 2

    /// - Parameters:
    ///   - limit: the most sessions at a time.
    ///   - room: the most that the volumes of all of them may take together.
    init(limit: Int, room: Room) {
        self.limit = limit
        self.room = room
    }

    /// Takes a name over once its connection, if any, has fallen silent and let go of it.
    /// - Throws: `TransferError.Code.full` when there are too many sessions; `.sessionBusy` when the session goes on elsewhere; `.sessionExists` when it is another sender's.
    func claim(_ name: String, sender: String) async throws -> Claim {
        let deadline = ContinuousClock.now + Self.timeout
        var isWaiting = false
        defer { if isWaiting { state.withLock { $0.waitingCount -= 1 } } }
        while true {
            let claim = Claim(sender: sender)
            let wasWaiting = isWaiting
            let (holder, isFull) = state.withLock { state -> (Claim?, Bool) in
                if let holder = state.claims[name] {
                    guard wasWaiting || state.waitingCount < limit else { return (holder, true) }
                    if !wasWaiting { state.waitingCount += 1 }
                    return (holder, false)
                }
                guard state.claims.count < limit else { return (nil, true) }
                state.claims[name] = claim
                return (nil, false)
            }
            if let holder, holder.sender != sender {
                isWaiting = isWaiting || !isFull
                throw TransferError(.sessionExists, "the session '\(name)' belongs to another sender")
            }
            if isFull { throw TransferError(.full, "it has \(limit) sessions already; try again later") }
            guard let holder else { return claim }
            isWaiting = true
            // Asked for before the holder is looked at, so that no change is missed between.
            let change = holder.nextChange()
            guard state.withLock({ $0.claims[name] === holder }) else { continue }
            let (now, endOfTrust) = (ContinuousClock.now, holder.endOfTrust)
            if now >= endOfTrust { holder.revoke() }
            guard now < deadline else {
                throw TransferError(.sessionBusy, "the session '\(name)' is being received on another connection")
            }
            defer { holder.forget(change) }
            try await change.wait(atMost: (now < endOfTrust ? min(deadline, endOfTrust) : deadline) - now)
        }
    }

    /// Counts memory and disk to a session, until it is released.
    /// - Throws: `TransferError.Code.full` when the others leave too little.
    func take(memory: Int, disk: Int, for claim: Claim) throws(TransferError) {
        let isGranted = state.withLock { state in
            // One session alone is bounded by its own limits.
            guard state.taken.memory == 0 || memory <= room.memory - state.taken.memory else { return false }
            guard state.taken.disk == 0 || disk <= room.disk - state.taken.disk else { return false }
            state.taken.memory += memory
            state.taken.disk += disk
            return true
        }
        guard isGranted else {
            throw TransferError(.full, "its sessions take as much memory or disk as they may together; try again later")
        }
        claim.taken.withLock { $0 = Room(memory: $0.memory + memory, disk: $0.disk + disk) }
    }

    func release(_ name: String, _ claim: Claim) {
        let taken = claim.taken.withLock { taken in
            defer { taken = Room() }
            return taken
        }
        state.withLock { state in
            state.taken.memory -= taken.memory
            state.taken.disk -= taken.disk
            if state.claims[name] === claim { state.claims[name] = nil }
        }
        claim.notify()
    }
}
