internal import CNetSim
import Glibc

/// The time that loops, senders and receivers here go by, and how punctual the calling thread is woken.
enum LoopClock {
    /// Since the system was started; never set back.
    static func now() -> Duration { .nanoseconds(netsim_monotonic_time()) }

    /// Returns the time to add to a time of day to have it on this clock, as of this moment.
    static func offsetFromTimeOfDay() -> Duration { now() - .nanoseconds(netsim_time_of_day()) }

    /// Both need rights that not every user has, and without them the thread is only less punctual.
    static func sharpenTimers() {
        _ = netsim_set_timer_slack(1)
        var parameters = sched_param()
        parameters.sched_priority = 1
        _ = pthread_setschedparam(pthread_self(), SCHED_RR, &parameters)
    }
}

extension Duration {
    /// Rounded up, as waking up a moment early would only mean going to sleep again; 0 for times that are past.
    var wholeNanoseconds: Int64 {
        Int64(clamping: max(0, (attoseconds + 999_999_999) / 1_000_000_000))
    }
}
