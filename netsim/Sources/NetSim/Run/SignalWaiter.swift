internal import CNetSim
import Glibc

/// Holds back the signals that end a program, and takes them one at a time, with those that tell of children's ends.
///
/// Threads begun meanwhile hold them back too, and so nobody else takes them.
struct SignalWaiter {
    struct Arrival {
        let number: Int32
        /// True when its terminal sent it to the whole foreground group.
        let isFromTerminal: Bool
    }

    private var held = sigset_t()
    private var before = sigset_t()

    init() {
        sigemptyset(&held)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGCHLD] { sigaddset(&held, number) }
        // Where it is ignored, as some programs leave it to those they start, there is no child to wait for.
        signal(SIGCHLD, SIG_DFL)
        pthread_sigmask(SIG_BLOCK, &held, &before)
    }

    /// Returns the signal that has come, or comes within `limit`.
    mutating func next(within limit: Duration) -> Arrival? {
        var cause: Int32 = 0
        let number = netsim_await_signal(&held, limit.wholeNanoseconds, &cause)
        return number > 0 ? Arrival(number: number, isFromTerminal: cause > 0) : nil
    }

    /// Lets signals through again.
    mutating func release() {
        pthread_sigmask(SIG_SETMASK, &before, nil)
    }
}
