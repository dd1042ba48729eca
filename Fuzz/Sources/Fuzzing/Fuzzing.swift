internal import Foundation
internal import Synchronization

/// libFuzzer's loop (llvm.org/docs/LibFuzzer.html).
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ argumentCount: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// The work of a target with the bytes that the fuzzer makes; set once, before the loop.
nonisolated(unsafe) private var target: ([UInt8]) -> Void = { _ in }

/// Runs a target until libFuzzer's own arguments end it. With `--seeds FOLDER` it writes its seeds there instead.
public func fuzz(seeds: () throws -> [(name: String, bytes: [UInt8])], _ body: @escaping ([UInt8]) -> Void) -> Never {
    let arguments = CommandLine.arguments
    if arguments.count == 3, arguments[1] == "--seeds" {
        do {
            try FileManager.default.createDirectory(atPath: arguments[2], withIntermediateDirectories: true)
            for seed in try seeds() {
                try Data(seed.bytes).write(to: URL(fileURLWithPath: "\(arguments[2])/\(seed.name)"))
            }
        } catch {
            print("seeds: \(error)")
            exit(70)
        }
        // Without the look for leaks: an encoder's are not what is fuzzed.
        _exit(0)
    }
    target = body
    var count = CommandLine.argc
    var raw = CommandLine.unsafeArgv
    exit(
        runDriver(&count, &raw) { start, count in
            target(Array(UnsafeBufferPointer(start: start, count: count)))
            return 0
        })
}

/// Runs tasks, and the actors they call, on the thread that waits for them: changing threads takes longer than most of what is fuzzed.
private final class WaitingThread: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])
    private let available = DispatchSemaphore(value: 0)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
        available.signal()
    }

    func run(until isDone: () -> Bool) {
        while !isDone() {
            available.wait()
            jobs.withLock { $0.removeFirst() }.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}

private let thread = WaitingThread()

/// Waits for asynchronous work.
public func wait<Result: Sendable>(for body: @escaping @Sendable () async -> Result) -> Result {
    let result = Mutex<Result?>(nil)
    Task(executorPreference: thread) {
        let value = await body()
        result.withLock { $0 = value }
    }
    thread.run { result.withLock { $0 != nil } }
    guard let value = result.withLock({ $0 }) else { fatalError("work that ends without a result") }
    return value
}

/// Ends the run where a promise was broken.
public func expectNone(_ faults: [String]) {
    guard faults.isEmpty else { fatalError(faults.joined(separator: "; ")) }
}
