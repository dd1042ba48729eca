internal import Foundation
internal import Synchronization

/// Runs one actor on one thread of its own, so that blocking calls never hold up Swift's pool.
final class ThreadExecutor: SerialExecutor {
    /// Shared with the thread, which outlives the executor until it has seen the end.
    private final class Queue: Sendable {
        private struct State {
            var jobs: [(UnownedJob, UnownedSerialExecutor)] = []
            var isClosed = false
        }
        private let state = Mutex(State())
        private let available = DispatchSemaphore(value: 0)

        func add(_ job: UnownedJob, for executor: UnownedSerialExecutor) {
            state.withLock { $0.jobs.append((job, executor)) }
            available.signal()
        }
        func close() {
            state.withLock { $0.isClosed = true }
            available.signal()
        }
        func run() {
            while true {
                available.wait()
                let next: (job: UnownedJob, executor: UnownedSerialExecutor)? = state.withLock { state in
                    state.jobs.isEmpty ? nil : state.jobs.removeFirst()
                }
                if let next {
                    next.job.runSynchronously(on: next.executor)
                } else if state.withLock({ $0.isClosed }) {
                    return
                }
            }
        }
    }
    private let queue = Queue()

    init(name: String) {
        let thread = Thread { [queue] in queue.run() }
        thread.name = name
        // libsrt and getaddrinfo want more than a small stack.
        thread.stackSize = 8 << 20
        thread.start()
    }

    func enqueue(_ job: consuming ExecutorJob) { queue.add(UnownedJob(job), for: asUnownedSerialExecutor()) }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    // A job holds its actor and so this executor: none can be waiting here.
    deinit { queue.close() }
}
