/// Opened once, by one task, for another that waits.
struct Latch: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1)) }

    func open() { continuation.finish() }

    /// - Throws: `CancellationError`.
    func wait() async throws {
        for await _ in stream {}
        try Task.checkCancellation()
    }
}
