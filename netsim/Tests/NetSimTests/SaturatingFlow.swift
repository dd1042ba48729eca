import NetSim

/// A sender that always has data and keeps to the rules of TCP Reno: one more packet a round trip, half as many after a loss.
///
/// Acknowledgements come back after `returnDelay`, without loss. A gap in them says what was lost.
struct SaturatingFlow {
    private let returnDelay: Duration
    private let tick = Duration.microseconds(500)
    private var model: LinkModel<Int>
    private var window = 10.0
    private var slowStartThreshold = Double.infinity
    private var nextNumber = 0
    private var nextAcknowledged = 0
    private var underWayCount = 0
    private var recoveryEnd = 0
    private var acknowledgements: [(time: Duration, number: Int)] = []
    /// When each packet left the link, and how long it had waited in the queue and been sent.
    private(set) var departures: [(time: Duration, waited: Duration)] = []
    var counters: LinkCounters { model.counters }

    static let packetByteCount = 1500

    init(_ direction: LinkDirection, returnDelay: Duration, seed: UInt64 = 1) {
        self.returnDelay = returnDelay
        model = LinkModel(direction, heading: .up, seed: seed)
    }

    mutating func run(for duration: Duration) {
        var now = Duration.zero
        while now <= duration {
            while let packet = model.release(at: now) {
                departures.append((packet.readyTime, packet.readyTime - packet.arrivalTime - model.parameters.delay))
                acknowledgements.append((packet.readyTime + returnDelay, packet.payload))
            }
            let arrived = acknowledgements.prefix { $0.time <= now }
            acknowledgements.removeFirst(arrived.count)
            for acknowledgement in arrived { acknowledge(acknowledgement.number) }
            while Double(underWayCount) < window {
                model.accept(
                    SimulatedPacket(payload: nextNumber, byteCount: Self.packetByteCount, arrivalTime: now), at: now)
                nextNumber += 1
                underWayCount += 1
            }
            now += tick
        }
    }

    private mutating func acknowledge(_ number: Int) {
        if number > nextAcknowledged, nextAcknowledged >= recoveryEnd {
            window = max(2, window / 2)
            slowStartThreshold = window
            recoveryEnd = nextNumber
        }
        underWayCount -= number + 1 - nextAcknowledged
        nextAcknowledged = number + 1
        window += window < slowStartThreshold ? 1 : 1 / window
    }

    /// The median time in the queue of packets that left the link after `start`.
    func medianWait(after start: Duration) -> Duration {
        let waits = departures.filter { $0.time > start }.map(\.waited).sorted()
        return waits.isEmpty ? .zero : waits[waits.count / 2]
    }

    /// Bits a second that left the link after `start`, until the last packet.
    func rate(after start: Duration) -> Double {
        let times = departures.map(\.time).filter { $0 > start }
        guard let first = times.first, let last = times.last, last > first else { return 0 }
        return Double((times.count - 1) * Self.packetByteCount * 8) / ((last - first) / .seconds(1))
    }
}
