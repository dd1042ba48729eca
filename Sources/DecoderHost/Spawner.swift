internal import CSeccomp
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

    /// Starts a program that has two descriptors of this process as standard input and output, and no others.
    /// - Returns: its process number, and zero or the system's reason.
    func start(_ executable: String, _ arguments: [String], input: Int32, output: Int32) -> (process: pid_t, status: Int32) {
        let outcome = Outcome()
        waiting.withLock {
            $0.append { outcome.set(Self.spawn(executable, arguments, input: input, output: output)) }
        }
        available.signal()
        return outcome.get()
    }

    private final class Outcome: Sendable {
        private let value = Mutex<(pid_t, Int32)>((0, ECANCELED))
        private let done = DispatchSemaphore(value: 0)

        func set(_ new: (pid_t, Int32)) {
            value.withLock { $0 = new }
            done.signal()
        }
        func get() -> (pid_t, Int32) {
            done.wait()
            return value.withLock { $0 }
        }
    }

    private static func spawn(_ executable: String, _ arguments: [String], input: Int32, output: Int32) -> (pid_t, Int32) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        // Sockets and files of this process are none of the child's business.
        fovea_close_from(&actions, 3)
        let words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        let environment: [UnsafeMutablePointer<CChar>?] = [nil]
        var child: pid_t = 0
        let status = posix_spawn(&child, executable, &actions, nil, words, environment)
        return (child, status)
    }
}
