internal import Synchronization

/// The gate where coding waits until the receiver has said what it has of the session.
final class StandingGate: Sendable {
    private let isOpen = Mutex(false)
    /// A receiver that takes longer costs a second of coding that may be for nothing, and no transfer waits longer for it.
    private static let patience = Duration.seconds(1)

    func open() { isOpen.withLock { $0 = true } }

    /// - Throws: `CancellationError`.
    func wait() async throws {
        let deadline = ContinuousClock.now + Self.patience
        while !isOpen.withLock({ $0 }), .now < deadline { try await Task.sleep(for: .milliseconds(2)) }
        try Task.checkCancellation()
    }
}
