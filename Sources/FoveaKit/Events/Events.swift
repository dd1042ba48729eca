/// The events of a transfer, in order; an iteration ends with the transfer, or throws a ``FoveaError``.
///
/// Each iteration is a transfer of its own, begun with it. It is stopped when the task that iterates is cancelled, and the iteration then ends once the sender has
/// told its peer, or the receiver has left whole files and what it needs to go on. A loop that is left early stops its transfer, too, and waits for nothing.
///
///     let receiving = Task { for try await event in receiver.events() { print(event.line) } }
///     receiving.cancel()
///     try await receiving.value  // Everything is on disk.
public struct Events: AsyncSequence, Sendable {
    private let transfer: @Sendable (_ emit: @escaping @Sendable (Event) -> Void) async throws -> Void

    init(of transfer: @escaping @Sendable (_ emit: @escaping @Sendable (Event) -> Void) async throws -> Void) {
        self.transfer = transfer
    }

    /// Begins a transfer.
    public func makeAsyncIterator() -> Iterator { Iterator(transfer) }

    /// One transfer, as it is iterated over.
    public final class Iterator: AsyncIteratorProtocol {
        private let task: Task<Void, any Error>
        private var events: AsyncStream<Event>.Iterator

        fileprivate init(_ transfer: @escaping @Sendable (_ emit: @escaping @Sendable (Event) -> Void) async throws -> Void) {
            let (stream, continuation) = AsyncStream<Event>.makeStream()
            events = stream.makeAsyncIterator()
            task = Task {
                defer { continuation.finish() }
                do {
                    try await transfer { continuation.yield($0) }
                } catch {
                    throw FoveaError(error) ?? error
                }
            }
        }

        deinit { task.cancel() }

        /// The next event; nil once the transfer is over, or has been stopped.
        /// - Throws: ``FoveaError``; nothing for a transfer that was stopped by cancelling the task that iterates.
        public func next() async throws -> Event? {
            try await withTaskCancellationHandler {
                if let event = await events.next() { return event }
                guard Task.isCancelled else {
                    try await task.value
                    return nil
                }
                task.cancel()
                _ = await task.result
                return nil
            } onCancel: { [task] in
                task.cancel()
            }
        }
    }
}
