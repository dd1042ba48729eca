internal import Foundation
internal import Synchronization

/// A few threads for work that keeps a core busy, so that Swift's own pool stays free for what waits.
public final class CodingPool: Sendable {
    private struct Job {
        let rank: UInt64
        let work: @Sendable () -> Void
    }
    private struct State {
        var jobs: [Job] = []
        var isClosed = false
    }
    private let state = Mutex(State())
    private let available = DispatchSemaphore(value: 0)
    private let threadCount: Int

    /// Starts the threads.
    /// - Parameter threadCount: nil for one a core.
    public init(threadCount: Int? = nil) {
        self.threadCount = max(1, threadCount ?? ProcessInfo.processInfo.activeProcessorCount)
        for index in 0..<self.threadCount {
            let thread = Thread { [state = StateReference(self), available] in
                while true {
                    available.wait()
                    guard let job = state.next() else { return }
                    job()
                }
            }
            thread.name = "coding-\(index)"
            // x265 keeps large structures on the stack.
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    deinit {
        state.withLock { $0.isClosed = true }
        for _ in 0..<threadCount { available.signal() }
    }

    /// Runs `body` on one of the threads; among waiting work the lowest rank goes first.
    public func run<Result: Sendable>(rank: UInt64 = 0, _ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            state.withLock { state in
                state.jobs.append(Job(rank: rank) { continuation.resume(with: Swift.Result(catching: body)) })
            }
            available.signal()
        }
    }

    /// Nil once the pool is gone: the threads must not keep it alive.
    private final class StateReference: Sendable {
        private struct Weak: @unchecked Sendable {
            // Written once, before the threads start; weak loads are atomic.
            weak var pool: CodingPool?
        }
        private let weakPool: Weak
        init(_ pool: CodingPool) { weakPool = Weak(pool: pool) }

        func next() -> (@Sendable () -> Void)? {
            guard let pool = weakPool.pool else { return nil }
            return pool.state.withLock { state in
                guard !state.isClosed, let index = state.jobs.indices.min(by: { state.jobs[$0].rank < state.jobs[$1].rank }) else {
                    return nil
                }
                return state.jobs.remove(at: index).work
            }
        }
    }
}
