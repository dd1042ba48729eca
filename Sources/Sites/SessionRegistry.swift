internal import Synchronization

/// Which sessions are being received: a name belongs to one connection at a time.
final class SessionRegistry: Sendable {
    /// One connection's hold on a name.
    final class Claim: Sendable {
        private let state = Mutex((isStalled: false, isRevoked: false))
        /// Whether nothing comes on this connection, as its session says.
        var isStalled: Bool {
            get { state.withLock { $0.isStalled } }
            set { state.withLock { $0.isStalled = newValue } }
        }
        /// Whether another connection goes on with the session.
        var isRevoked: Bool { state.withLock { $0.isRevoked } }
        fileprivate func revoke() { state.withLock { $0.isRevoked = true } }
    }

    private let claims = Mutex<[String: Claim]>([:])
    /// A sender that was killed comes back before anyone can know that its old connection is dead.
    private static let patience = Duration.seconds(8)

    /// Takes a name over once its connection, if any, has fallen silent and let go of it.
    /// - Returns: nil when the session goes on elsewhere.
    func claim(_ name: String) async -> Claim? {
        let deadline = ContinuousClock.now + Self.patience
        while true {
            let claim = Claim()
            let holder = claims.withLock { claims -> Claim? in
                if let holder = claims[name] { return holder }
                claims[name] = claim
                return nil
            }
            guard let holder else { return claim }
            if holder.isStalled { holder.revoke() }
            guard ContinuousClock.now < deadline, (try? await Task.sleep(for: .milliseconds(50))) != nil else { return nil }
        }
    }

    func release(_ name: String, _ claim: Claim) {
        claims.withLock { claims in if claims[name] === claim { claims[name] = nil } }
    }
}
