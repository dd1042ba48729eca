/// The events of a transfer, in order; it ends with the transfer, or throws a ``FoveaError``.
///
/// The transfer begins at once, and is stopped when the task that iterates is cancelled or the stream is let go of: a sender then tells its
/// peer, a receiver leaves whole files and what it needs to go on. That takes a moment after the iteration has ended.
public typealias Events = AsyncThrowingStream<Event, any Error>

extension AsyncThrowingStream where Element == Event, Failure == any Error {
    /// Runs a transfer and hands on what it reports.
    init(of transfer: @escaping @Sendable (_ emit: @escaping @Sendable (Event) -> Void) async throws -> Void) {
        self.init { continuation in
            let task = Task {
                do {
                    try await transfer { continuation.yield($0) }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: FoveaError(error) ?? error)
                }
            }
            continuation.onTermination = { reason in
                if case .cancelled = reason { task.cancel() }
            }
        }
    }
}
