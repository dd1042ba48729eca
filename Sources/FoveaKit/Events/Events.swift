/// The events of a transfer, in order; it ends with the transfer, or throws a ``FoveaError``.
///
/// The transfer begins with the first iteration's stream, and is stopped when nobody iterates any more: a sender then tells its peer, a
/// receiver leaves whole files and what it needs to go on.
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
