internal import CNetSim
import Glibc
import Synchronization

/// The messages that a relay's thread and its owner give each other.
final class RelaySignals: Sendable {
    /// The commands of the owner.
    struct Commands: Sendable {
        var stop = false
        var isUpCut = false
        var isDownCut = false
        /// Grows each time that all clients are to change their ports.
        var rebindingCount = 0
    }

    private struct State: Sendable {
        var commands = Commands()
        var counters = RelayCounters()
        var start: Duration?
    }

    /// Readable whenever the thread should look at the commands.
    let wakeup: Int32
    private let state = Mutex(State())

    init() throws {
        wakeup = netsim_wakeup_open()
        guard wakeup >= 0 else { throw NetSimError.system(.socket, "no event descriptor") }
    }

    deinit {
        if wakeup >= 0 { close(wakeup) }
    }

    /// As last published.
    var counters: RelayCounters { state.withLock { $0.counters } }

    /// When the thread began to count, by ``LoopClock``; `nil` before that.
    var start: Duration? { state.withLock { $0.start } }

    /// Called by the owner.
    func change(_ change: (inout Commands) -> Void) {
        state.withLock { change(&$0.commands) }
        _ = netsim_wakeup_signal(wakeup)
    }

    /// The commands that the owner has by now.
    var commands: Commands { state.withLock { $0.commands } }

    /// Called by the thread.
    func publish(_ counters: RelayCounters) {
        state.withLock { $0.counters = counters }
    }

    /// Called by the thread as it begins.
    func publish(start: Duration) {
        state.withLock { $0.start = start }
    }

    /// Called by the thread once it has woken up.
    func acknowledgeWakeup() {
        var count: UInt64 = 0
        _ = read(wakeup, &count, MemoryLayout<UInt64>.size)
    }
}
