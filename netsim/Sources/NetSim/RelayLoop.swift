internal import CNetSim
import Glibc

/// What a relay's thread runs: wait until a datagram comes or is due, pass on what is due, take in what has come.
///
/// `@unchecked Sendable` because one thread at a time touches it: its maker until the thread is created, and from then
/// on that thread alone. Creating a thread orders the one before the other.
final class RelayLoop: @unchecked Sendable {
    let listener: UDPSocket
    private let target: SocketAddress
    private let link: LinkParameters
    private let seed: UInt64
    private let clientLimit: Int
    private let idleLimit: Duration
    private let signals: RelaySignals
    private let logFile: LogFile?
    private var recorder = RelayRecorder()

    private var clients: [SocketAddress: RelayClient] = [:]
    private var nextClientNumber = 0
    /// The wake-up, the listener, and then the clients' sockets in the order of `polledClients`.
    private var polled: [pollfd] = []
    private var polledClients: [RelayClient] = []
    private var nextExpiry = Duration.zero
    private var start = Duration.zero
    private var scratch = [UInt8](repeating: 0, count: 1 << 16)

    /// So that one flooding socket delays neither the others nor `stop` for long.
    private static let datagramsPerPass = 64
    private static let logBlockByteCount = 1 << 16

    init(
        listener: UDPSocket, target: SocketAddress, link: LinkParameters, seed: UInt64, logFile: LogFile?,
        clientLimit: Int, idleLimit: Duration, signals: RelaySignals
    ) {
        self.listener = listener
        self.target = target
        self.link = link
        self.seed = seed
        self.logFile = logFile
        self.clientLimit = clientLimit
        self.idleLimit = idleLimit
        self.signals = signals
        if logFile != nil { recorder.log = LinkLog(link: link, seed: seed) }
        rebuildPolled()
    }

    /// Runs until asked to stop. Each pass handles a bounded number of datagrams and then looks.
    func run() {
        Self.sharpenTimers()
        start = Self.monotonicTime()
        while true {
            let now = Self.monotonicTime() - start
            releaseDue(at: now)
            receiveArrived(at: now)
            expireIdle(at: now)
            flushLog(unlessBelow: Self.logBlockByteCount)
            recorder.counters.clientCount = clients.count
            signals.publish(recorder.counters)
            if signals.wishes.stop { break }
            wait()
        }
        flushLog(unlessBelow: 1)
        signals.publish(recorder.counters)
    }

    private func releaseDue(at now: Duration) {
        for client in polledClients {
            while let packet = client.up.release(at: now, recordingIn: &recorder) {
                if !client.upstream.send(packet.payload) { recorder.counters.unsentDatagramCount += 1 }
            }
            while let packet = client.down.release(at: now, recordingIn: &recorder) {
                if !listener.send(packet.payload, to: client.address) { recorder.counters.unsentDatagramCount += 1 }
            }
        }
    }

    private func receiveArrived(at now: Duration) {
        if polled[0].revents != 0 { signals.acknowledgeWakeup() }
        for (client, entry) in zip(polledClients, polled.dropFirst(2)) where entry.revents != 0 {
            for _ in 0..<Self.datagramsPerPass {
                guard let (payload, _) = client.upstream.receive(using: &scratch) else { break }
                client.lastActivity = now
                // Asked after the datagram was read: one sent after a cut must not slip through.
                client.down.isCut = signals.wishes.isDownCut
                client.down.accept(Self.packet(payload, at: now), at: now, recordingIn: &recorder)
            }
        }
        // Last, since a new client changes what is polled.
        if polled[1].revents != 0 {
            for _ in 0..<Self.datagramsPerPass {
                guard let (payload, address) = listener.receive(using: &scratch) else { break }
                guard let client = clients[address] ?? admit(address, at: now) else {
                    recorder.counters.refusedDatagramCount += 1
                    continue
                }
                client.lastActivity = now
                client.up.isCut = signals.wishes.isUpCut
                client.up.accept(Self.packet(payload, at: now), at: now, recordingIn: &recorder)
            }
        }
    }

    private func admit(_ address: SocketAddress, at now: Duration) -> RelayClient? {
        guard clients.count < clientLimit else { return nil }
        let client = try? RelayClient(
            number: nextClientNumber, address: address, target: target, link: link, seed: seed, now: now)
        guard let client else { return nil }
        nextClientNumber += 1
        clients[address] = client
        rebuildPolled()
        return client
    }

    private func expireIdle(at now: Duration) {
        guard now >= nextExpiry else { return }
        nextExpiry = now + .seconds(1)
        let countBefore = clients.count
        clients = clients.filter { $1.nextEventTime != nil || now - $1.lastActivity < idleLimit }
        if clients.count != countBefore { rebuildPolled() }
    }

    private func rebuildPolled() {
        polledClients = clients.values.sorted { $0.number < $1.number }
        let descriptors = [signals.wakeup, listener.descriptor] + polledClients.map(\.upstream.descriptor)
        polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    }

    private func wait() {
        var earliest: Duration?
        for client in polledClients { earliest = earlier(earliest, client.nextEventTime) }
        if earliest == nil, !clients.isEmpty { earliest = nextExpiry }
        var nanoseconds: Int64 = -1
        if let earliest {
            let left = earliest - (Self.monotonicTime() - start)
            // Rounded up, as waking up a moment early would only mean going to sleep again.
            nanoseconds = Int64(clamping: max(0, (left.attoseconds + 999_999_999) / 1_000_000_000))
        }
        let count = polled.count
        let ready = polled.withUnsafeMutableBufferPointer { netsim_poll($0.baseAddress, UInt(count), nanoseconds) }
        if ready <= 0 {
            for index in polled.indices { polled[index].revents = 0 }
        }
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

    private static func packet(_ payload: [UInt8], at now: Duration) -> SimulatedPacket<[UInt8]> {
        SimulatedPacket(payload: payload, byteCount: payload.count + WireOverhead.udpByteCount, arrivalTime: now)
    }

    /// Both need rights that not every user has, and without them the relay is only less punctual.
    private static func sharpenTimers() {
        _ = netsim_set_timer_slack(1)
        var parameters = sched_param()
        parameters.sched_priority = 1
        _ = pthread_setschedparam(pthread_self(), SCHED_RR, &parameters)
    }

    private static func monotonicTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
