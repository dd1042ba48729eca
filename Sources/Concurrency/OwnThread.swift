internal import Foundation

/// A thread for one piece of work that waits for the disk or keeps a core busy: the system shares its cores between such threads, so
/// that no session's work stands behind another's.
public enum OwnThread {
    /// Runs `body` there.
    /// - Parameter niceness: how far the system puts the thread behind others, from 0 to 19.
    public static func run<Result: Sendable>(niceness: Int32 = 0, _ body: @escaping @Sendable () throws -> Result) async throws
        -> Result
    {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread {
                // Linux keeps a niceness for each thread; zero names the calling one.
                if niceness > 0 { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness) }
                continuation.resume(with: Swift.Result(catching: body))
            }
            thread.name = "own"
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    /// Waits on this thread for what an actor gives; never call it on one of Swift's own.
    public static func wait<Result: Sendable>(_ body: @escaping @Sendable () async -> Result) -> Result {
        let box = Mailbox<Result>()
        let done = DispatchSemaphore(value: 0)
        Task {
            box.put(await body())
            done.signal()
        }
        while true {
            done.wait()
            if let result = box.takeAll().first { return result }
        }
    }
}
