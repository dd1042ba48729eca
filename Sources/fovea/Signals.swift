internal import Dispatch
internal import Glibc
internal import Synchronization

/// The last signal that asked the program to stop.
private let lastSignal = Atomic<Int32>(0)

/// True when the system ended the program, rather than a person at its keyboard: then it is likely to be started again.
var wasTerminated: Bool { lastSignal.load(ordering: .relaxed) == SIGTERM }

/// Runs work that SIGINT and SIGTERM cancel, so that it can tell its peer and leave whole files.
func untilSignalled<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
    let task = Task { try await body() }
    let sources = [SIGINT, SIGTERM].map { number in
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler {
            lastSignal.store(number, ordering: .relaxed)
            task.cancel()
            // Who asks twice does not want to wait.
            signal(number, SIG_DFL)
        }
        source.resume()
        return source
    }
    defer { sources.forEach { $0.cancel() } }
    return try await task.value
}
