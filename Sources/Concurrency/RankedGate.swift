internal import Synchronization

/// Lets so many through at a time, those of the lowest rank first.
public final class RankedGate: Sendable {
    private struct State {
        var free: Int
        var waiting: [(rank: UInt64, continuation: CheckedContinuation<Void, any Error>)] = []
        var failure: (any Error)?
    }
    private let state: Mutex<State>

    /// Makes a gate for so many at a time.
    public init(width: Int) { state = Mutex(State(free: width)) }

    /// Places that are free.
    public var freeCount: Int { state.withLock { $0.free } }
    /// Callers that wait.
    public var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// Does work once there is room for it.
    /// - Throws: what `body` throws, or what ``fail(_:)`` was given.
    public func run<Result: Sendable>(
        rank: UInt64, isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            let result: Swift.Result<Void, any Error>? = state.withLock { state in
                if let failure = state.failure { return .failure(failure) }
                if state.free > 0 {
                    state.free -= 1
                    return .success(())
                }
                state.waiting.append((rank, continuation))
                return nil
            }
            if let result { continuation.resume(with: result) }
        }
        defer { leave() }
        return try await body()
    }

    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            guard let first = state.waiting.indices.min(by: { state.waiting[$0].rank < state.waiting[$1].rank }) else {
                state.free += 1
                return nil
            }
            return state.waiting.remove(at: first).continuation
        }
        next?.resume()
    }

    /// Ends every wait, now and later.
    public func fail(_ error: any Error) {
        let waiting = state.withLock { state in
            state.failure = state.failure ?? error
            defer { state.waiting = [] }
            return state.waiting
        }
        for entry in waiting { entry.continuation.resume(throwing: error) }
    }
}
