internal import Foundation
internal import Synchronization

/// A few threads for work that keeps a core busy, so that Swift's own pool stays free for what waits.
///
/// Work of different lanes takes fair turns; see ``FairTurns``. A job that has begun is not interrupted.
public final class CodingPool: Sendable {
    private struct Job {
        let work: @Sendable () -> Void
        let drop: @Sendable () -> Void
    }
    private struct State {
        var turns: FairTurns
        var jobs: [FairTurns.Job: Job] = [:]
        /// Jobs whose turn it is, for threads on their way.
        var due: [FairTurns.Job] = []
        var isClosed = false
    }
    private let state: Mutex<State>
    private let available = DispatchSemaphore(value: 0)
    private let threadCount: Int
    private let origin = ContinuousClock.now
    private let common: FairTurns.Lane

    /// Starts the threads.
    /// - Parameters:
    ///   - threadCount: nil for one a core.
    ///   - niceness: how far the system puts the threads behind others, from 0 to 19.
    public init(threadCount: Int? = nil, niceness: Int32 = 0) {
        self.threadCount = max(1, threadCount ?? ProcessInfo.processInfo.activeProcessorCount)
        var turns = FairTurns(slotCount: self.threadCount, mayPause: false, hasSurcharge: false)
        common = turns.open()
        state = Mutex(State(turns: turns))
        for index in 0..<self.threadCount {
            let thread = Thread { [state = StateReference(self), available] in
                // Linux keeps a niceness for each thread; zero names the calling one.
                if niceness > 0 { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness) }
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

    /// A session's part in a pool.
    public final class Lane: Sendable {
        private let pool: CodingPool
        private let lane: FairTurns.Lane

        init(_ pool: CodingPool) {
            self.pool = pool
            lane = pool.state.withLock { $0.turns.open() }
        }

        deinit { close() }

        /// Runs `body` in one of the lane's turns; among its waiting work the lowest rank goes first.
        /// - Throws: what `body` throws; `CancellationError` when the lane is closed before it begins.
        public func run<Result: Sendable>(rank: UInt64 = 0, _ body: @escaping @Sendable () throws -> Result) async throws -> Result
        {
            try await pool.run(rank: rank, in: lane, body)
        }

        /// Drops what waits, now and later; what has begun goes on.
        public func close() { pool.close(lane) }
    }

    /// Makes a lane.
    public func lane() -> Lane { Lane(self) }

    /// Runs `body` on one of the threads; among waiting work the lowest rank goes first.
    public func run<Result: Sendable>(rank: UInt64 = 0, _ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await run(rank: rank, in: common, body)
    }

    private var now: Duration { .now - origin }

    private func run<Result: Sendable>(
        rank: UInt64, in lane: FairTurns.Lane, _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            let isTaken = state.withLock { state in
                guard let job = state.turns.add(to: lane, rank: rank) else { return false }
                state.jobs[job] = Job(
                    work: { [self] in
                        let result = Swift.Result(catching: body)
                        finish(job)
                        continuation.resume(with: result)
                    }, drop: { continuation.resume(throwing: CancellationError()) })
                return true
            }
            if isTaken { advance() } else { continuation.resume(throwing: CancellationError()) }
        }
    }

    private func finish(_ job: FairTurns.Job) {
        state.withLock { $0.turns.finish(job, now: now) }
        advance()
    }

    private func close(_ lane: FairTurns.Lane) {
        let dropped = state.withLock { state in
            let (waiting, begun) = state.turns.close(lane, now: now)
            // Begun, but no thread has come for it yet.
            let late = begun.filter(state.due.contains)
            state.due.removeAll(where: late.contains)
            return (waiting + late).compactMap { state.jobs.removeValue(forKey: $0) }
        }
        for job in dropped { job.drop() }
        advance()
    }

    private func advance() {
        let count = state.withLock { state in
            let begun = state.turns.steps(now: now).compactMap { step in if case .start(let job) = step { job } else { nil } }
            state.due += begun
            return begun.count
        }
        for _ in 0..<count { available.signal() }
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
                guard !state.isClosed else { return nil }
                // A lane that was closed meanwhile has taken its job back.
                let job = state.due.isEmpty ? nil : state.jobs.removeValue(forKey: state.due.removeFirst())
                return job?.work ?? { @Sendable in }
            }
        }
    }
}
