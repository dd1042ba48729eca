internal import Foundation
internal import Synchronization

/// The thread that starts processes. It never ends: the kernel kills a child that is to die with its parent as soon as the thread that
/// started it ends, and a queue's threads come and go.
final class Spawner: Sendable {
    static let shared = Spawner()

    private let waiting = Mutex<[@Sendable () -> Void]>([])
    private let available = DispatchSemaphore(value: 0)

    private init() {
        let thread = Thread { [self] in
            while true {
                available.wait()
                waiting.withLock { $0.isEmpty ? nil : $0.removeFirst() }?()
            }
        }
        thread.name = "spawner"
        thread.start()
    }

    /// Runs `body` there and waits for it.
    func run(_ body: () -> Int32) -> Int32 {
        let done = DispatchSemaphore(value: 0)
        var result: Int32 = 0
        withoutActuallyEscaping(body) { body in
            // Nothing is shared: this thread waits until the other is done.
            nonisolated(unsafe) let work = { result = body() }
            waiting.withLock {
                $0.append {
                    work()
                    done.signal()
                }
            }
            available.signal()
            done.wait()
        }
        return result
    }
}
