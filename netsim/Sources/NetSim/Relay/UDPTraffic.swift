/// The clients of a UDP relay, each with a link and a socket towards the server of its own.
final class UDPTraffic: RelayTraffic {
    /// The listener, and then the clients' sockets in the order of `orderedClients`.
    private(set) var descriptors: [Int32] = []

    private let listener: UDPSocket
    private let target: SocketAddress
    private let link: LinkParameters
    private let seed: UInt64
    private let limits: UDPRelay.Limits

    private var clients: [SocketAddress: RelayClient] = [:]
    private var orderedClients: [RelayClient] = []
    private var nextClientNumber = 0
    private var nextExpiry = Duration.zero
    private var rebindingCount = 0
    private var scratch = [UInt8](repeating: 0, count: 1 << 16)

    init(listener: UDPSocket, target: SocketAddress, link: LinkParameters, seed: UInt64, limits: UDPRelay.Limits) {
        self.listener = listener
        self.target = target
        self.link = link
        self.seed = seed
        self.limits = limits
        listDescriptors()
    }

    var nextWakeTime: Duration? {
        var earliest = clients.isEmpty ? nil : nextExpiry
        for client in orderedClients {
            earliest = earlier(earliest, earlier(client.nextEventTime, client.nextRebinding))
        }
        return earliest
    }

    func releaseDue(at now: Duration, recordingIn recorder: inout RelayRecorder) {
        for client in orderedClients {
            while let packet = client.up.release(at: now, recordingIn: &recorder) {
                if !client.upstream.send(packet.payload) { recorder.counters.unsentDatagramCount += 1 }
            }
            while let packet = client.down.release(at: now, recordingIn: &recorder) {
                if !listener.send(packet.payload, to: client.address) { recorder.counters.unsentDatagramCount += 1 }
            }
        }
    }

    func receiveArrived(
        at now: Duration, readable: [Bool], heeding signals: RelaySignals, recordingIn recorder: inout RelayRecorder
    ) {
        for (client, isReadable) in zip(orderedClients, readable.dropFirst()) where isReadable {
            for _ in 0..<relayPacketsPerPass {
                guard let (payload, _) = client.upstream.receive(using: &scratch) else { break }
                client.lastActivity = now
                client.down.isCut = signals.commands.isDownCut
                client.down.accept(Self.packet(payload, at: now), at: now, recordingIn: &recorder)
            }
        }
        // Last, since a new client changes the order.
        guard readable.first == true else { return }
        for _ in 0..<relayPacketsPerPass {
            guard let (payload, address) = listener.receive(using: &scratch) else { break }
            guard let client = clients[address] ?? admit(address, at: now) else {
                recorder.counters.refusedDatagramCount += 1
                continue
            }
            client.lastActivity = now
            client.up.isCut = signals.commands.isUpCut
            client.up.accept(Self.packet(payload, at: now), at: now, recordingIn: &recorder)
        }
    }

    func keepHouse(at now: Duration, heeding commands: RelaySignals.Commands, recordingIn recorder: inout RelayRecorder) {
        rebind(at: now, all: commands.rebindingCount != rebindingCount, countingIn: &recorder.counters)
        rebindingCount = commands.rebindingCount
        if now >= nextExpiry {
            nextExpiry = now + .seconds(1)
            let countBefore = clients.count
            clients = clients.filter { $1.nextEventTime != nil || now - $1.lastActivity < limits.idle }
            if clients.count != countBefore { listDescriptors() }
        }
        recorder.counters.clientCount = clients.count
    }

    private func rebind(at now: Duration, all: Bool, countingIn counters: inout RelayCounters) {
        var hasChanged = false
        for client in orderedClients {
            let isDue = client.nextRebinding.map { $0 <= now } ?? false
            guard all || isDue else { continue }
            // From now on, not from when it was due: a relay that was held up must not make up for it.
            client.nextRebinding = limits.rebinding.map { now + $0 }
            guard client.rebind(to: target) else { continue }
            counters.rebindingCount += 1
            hasChanged = true
        }
        if hasChanged { listDescriptors() }
    }

    private func admit(_ address: SocketAddress, at now: Duration) -> RelayClient? {
        guard clients.count < limits.clientCount else { return nil }
        let client = try? RelayClient(
            number: nextClientNumber, address: address, target: target, link: link, seed: seed, now: now)
        guard let client else { return nil }
        client.nextRebinding = limits.rebinding.map { now + $0 }
        nextClientNumber += 1
        clients[address] = client
        listDescriptors()
        return client
    }

    private func listDescriptors() {
        orderedClients = clients.values.sorted { $0.number < $1.number }
        descriptors = [listener.descriptor] + orderedClients.map(\.upstream.descriptor)
    }

    private static func packet(_ payload: [UInt8], at now: Duration) -> SimulatedPacket<[UInt8]> {
        SimulatedPacket(payload: payload, byteCount: payload.count + WireOverhead.udpByteCount, arrivalTime: now)
    }
}
