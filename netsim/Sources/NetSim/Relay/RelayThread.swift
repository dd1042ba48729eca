internal import Faults
import Glibc
import Synchronization

/// Runs a ``RelayLoop`` on a thread of its own, once, and ends it.
final class RelayThread: Sendable {
    private enum Lifecycle: Sendable {
        case ready(RelayLoop)
        case running(pthread_t)
        case stopped
    }

    private let signals: RelaySignals
    private let lifecycle: Mutex<Lifecycle>

    init(_ loop: RelayLoop, signals: RelaySignals) {
        self.signals = signals
        lifecycle = Mutex(.ready(loop))
    }

    deinit { stop() }

    /// - Throws: ``NetSimError`` with code `state` when it has been started or stopped before, and `thread` when the
    ///   system has no thread to give.
    func start() throws {
        try lifecycle.withLock { lifecycle in
            guard case .ready(let loop) = lifecycle else {
                throw NetSimError(.state, "a relay can be started once")
            }
            lifecycle = .running(try Self.startThread(loop))
        }
    }

    /// Returns when the thread has ended and the loop is gone. Calling it again, or before ``start()``, does no harm.
    func stop() {
        signals.change { $0.stop = true }
        lifecycle.withLock { lifecycle in
            if case .running(let thread) = lifecycle { pthread_join(thread, nil) }
            lifecycle = .stopped
        }
    }

    /// Signals are blocked around the creation, so that the new thread starts with them blocked and the handlers of the
    /// program it runs in are called on the program's own threads.
    private static func startThread(_ loop: RelayLoop) throws -> pthread_t {
        var everySignal = sigset_t()
        var previous = sigset_t()
        sigfillset(&everySignal)
        pthread_sigmask(SIG_SETMASK, &everySignal, &previous)
        defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }

        var thread = pthread_t()
        let context = Unmanaged.passRetained(loop)
        let result = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<RelayLoop>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, context.toOpaque())
        guard result == 0 else {
            context.release()
            throw NetSimError(.thread, "no thread for the relay: \(String(cString: strerror(result)))")
        }
        return thread
    }
}
