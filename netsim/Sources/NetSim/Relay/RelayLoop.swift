internal import CNetSim
import Glibc

/// The loop that a relay's thread runs: wait until a packet comes or is due, pass on what is due, take in what has come.
///
/// `@unchecked Sendable` because one thread at a time touches it: its maker until the thread is created, and from then
/// on that thread alone. Creating a thread orders the one before the other.
final class RelayLoop: @unchecked Sendable {
    private let traffic: any RelayTraffic
    private let signals: RelaySignals
    private let logFile: LogFile?
    private var recorder = RelayRecorder()

    /// The wake-up, and then the traffic's descriptors.
    private var polled: [pollfd]
    private var readable: [Bool] = []
    private var start = Duration.zero

    private static let logBlockByteCount = 1 << 16
    /// A processor that has slept takes its time to wake up, most of all under a hypervisor: the last moments of a wait are spent
    /// awake, which is a twentieth of it at most.
    private static let longestLead = Duration.microseconds(250)
    private static let leadShare = 20

    init(traffic: any RelayTraffic, link: LinkParameters, seed: UInt64, logFile: LogFile?, signals: RelaySignals) {
        self.traffic = traffic
        self.signals = signals
        self.logFile = logFile
        polled = [Self.entry(signals.wakeup)]
        if logFile != nil { recorder.log = LinkLog(link: link, seed: seed) }
    }

    /// Runs until asked to stop. Each pass handles a bounded number of packets and then looks.
    func run() {
        LoopClock.sharpenTimers()
        start = LoopClock.now()
        signals.publish(start: start)
        while true {
            let now = LoopClock.now() - start
            traffic.releaseDue(at: now, recordingIn: &recorder)
            if readable.contains(true) {
                traffic.receiveArrived(at: now, readable: readable, heeding: signals, recordingIn: &recorder)
            }
            let commands = signals.commands
            traffic.keepHouse(at: now, heeding: commands, recordingIn: &recorder)
            flushLog(unlessBelow: Self.logBlockByteCount)
            signals.publish(recorder.counters)
            if commands.stop { break }
            wait()
        }
        flushLog(unlessBelow: 1)
        signals.publish(recorder.counters)
    }

    private func wait() {
        let descriptors = traffic.descriptors
        if !polled.dropFirst().lazy.map(\.fd).elementsEqual(descriptors) {
            polled = ([signals.wakeup] + descriptors).map(Self.entry)
        }
        let due = traffic.nextWakeTime.map { $0 + start }
        let left = due.map { $0 - LoopClock.now() }
        let lead = left.map { min(Self.longestLead, $0 / Self.leadShare) } ?? .zero
        var ready = poll(for: left.map { ($0 - lead).wholeNanoseconds } ?? -1)
        while ready == 0, let due, LoopClock.now() < due { ready = poll(for: 0) }
        if ready > 0, polled[0].revents != 0 { signals.acknowledgeWakeup() }
        readable.removeAll(keepingCapacity: true)
        for entry in polled.dropFirst() { readable.append(ready > 0 && entry.revents != 0) }
    }

    private func poll(for nanoseconds: Int64) -> Int32 {
        let count = polled.count
        return polled.withUnsafeMutableBufferPointer { netsim_poll($0.baseAddress, UInt(count), nanoseconds) }
    }

    /// A log that cannot be written ends; the relay itself goes on.
    private func flushLog(unlessBelow byteCount: Int) {
        guard let logFile, let text = recorder.log?.text, text.utf8.count >= byteCount else { return }
        do {
            try logFile.append(text)
            _ = recorder.log?.takeText()
        } catch {
            recorder.log = nil
            recorder.counters.logFailure = error as? NetSimError
        }
    }

    private static func entry(_ descriptor: Int32) -> pollfd {
        pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    }
}
