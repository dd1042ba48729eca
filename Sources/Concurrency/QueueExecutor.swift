internal import Dispatch

/// Runs an actor's or a task's work on a queue of its own, so that long work there leaves Swift's pool to what waits, and the system
/// shares its cores between sessions.
public final class QueueExecutor: SerialExecutor, TaskExecutor {
    private let queue: DispatchQueue

    /// Makes an executor.
    /// - Parameter label: names the queue where threads are looked at.
    public init(label: String) { queue = DispatchQueue(label: label) }

    /// Adds a job, for an actor or for a task.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { [self] in
            job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
        }
    }

    public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
    public func asUnownedTaskExecutor() -> UnownedTaskExecutor { UnownedTaskExecutor(ordinary: self) }
}
