import Glibc

/// The IP packets of two namespaces, with one link between them.
final class TunnelTraffic: RelayTraffic {
    private let namespaces: NamespacePair
    private var up: LinkModel<[UInt8]>
    private var down: LinkModel<[UInt8]>
    private var scratch = [UInt8](repeating: 0, count: 1 << 16)

    let descriptors: [Int32]

    init(between namespaces: NamespacePair, link: LinkParameters, seed: UInt64) {
        self.namespaces = namespaces
        up = LinkModel(link.up, heading: .up, seed: seed)
        down = LinkModel(link.down, heading: .down, seed: seed)
        descriptors = [namespaces.client.tunnel, namespaces.server.tunnel]
    }

    var nextWakeTime: Duration? { earlier(up.nextEventTime, down.nextEventTime) }

    func releaseDue(at now: Duration, recordingIn recorder: inout RelayRecorder) {
        while let packet = up.release(at: now, recordingIn: &recorder) {
            deliver(packet.payload, to: namespaces.server, countingIn: &recorder.counters)
        }
        while let packet = down.release(at: now, recordingIn: &recorder) {
            deliver(packet.payload, to: namespaces.client, countingIn: &recorder.counters)
        }
    }

    func receiveArrived(
        at now: Duration, readable: [Bool], heeding signals: RelaySignals, recordingIn recorder: inout RelayRecorder
    ) {
        for _ in 0..<(readable.first == true ? relayPacketsPerPass : 0) {
            guard let packet = receive(from: namespaces.client, at: now) else { break }
            up.isCut = signals.commands.isUpCut
            up.accept(packet, at: now, recordingIn: &recorder)
        }
        for _ in 0..<(readable.last == true ? relayPacketsPerPass : 0) {
            guard let packet = receive(from: namespaces.server, at: now) else { break }
            down.isCut = signals.commands.isDownCut
            down.accept(packet, at: now, recordingIn: &recorder)
        }
    }

    func keepHouse(at now: Duration, heeding commands: RelaySignals.Commands, recordingIn recorder: inout RelayRecorder) {
        recorder.counters.clientCount = 1
    }

    private func receive(from namespace: NetworkNamespace, at now: Duration) -> SimulatedPacket<[UInt8]>? {
        let count = read(namespace.tunnel, &scratch, scratch.count)
        guard count > 0 else { return nil }
        return SimulatedPacket(payload: Array(scratch[..<count]), byteCount: count, arrivalTime: now)
    }

    private func deliver(_ payload: [UInt8], to namespace: NetworkNamespace, countingIn counters: inout RelayCounters) {
        if write(namespace.tunnel, payload, payload.count) != payload.count { counters.unsentDatagramCount += 1 }
    }
}
