import NetSim

/// Another flow on the sender's direction: a window of packets that grows as TCP CUBIC's does (RFC 9438) and shrinks to 0.7 of itself once a
/// round trip in which packets were dropped. It never ends.
final class WindowedFlow {
    private static let byteCount = 1500
    private let rate: Double
    private let roundTrip: Duration
    private var window = 10.0
    private var threshold = Double.infinity
    private var greatest = 0.0
    private var shrunkAt = Duration.zero
    private var inFlight = 0
    private(set) var arrivals: [Duration] = []

    /// - Parameter link: with a constant rate up.
    init(on link: LinkParameters) {
        rate = link.up.rateBitsPerSecond
        roundTrip = link.up.delay + link.down.delay
    }

    /// Begins to send at a time.
    func start(at time: Duration, in pair: inout SessionPair) {
        pair.plan(time, .script { self.fill(&$0) })
    }

    /// The bits a second that arrived over a while.
    func bitsPerSecond(from start: Duration, to end: Duration) -> Double {
        Double(arrivals.count { $0 >= start && $0 < end } * Self.byteCount * 8) / ((end - start) / .seconds(1))
    }

    private func fill(_ pair: inout SessionPair) {
        while inFlight < Int(window) {
            inFlight += 1
            let waiting = pair.link.offerForeignPacket(byteCount: Self.byteCount, direction: .up, at: pair.now)
            let queued = Double((waiting ?? 60_000) + Self.byteCount) * 8 / rate
            let arrival = pair.now + .seconds(queued) + roundTrip / 2
            if waiting != nil { arrivals.append(arrival) }
            // A drop is noticed by what came after it, which takes as long.
            pair.plan(arrival + roundTrip / 2, .script { self.answered(wasDropped: waiting == nil, &$0) })
        }
    }

    private func answered(wasDropped: Bool, _ pair: inout SessionPair) {
        inFlight -= 1
        let now = pair.now
        if wasDropped {
            if now - shrunkAt > roundTrip * 2 {
                shrunkAt = now
                greatest = window
                window = max(2, window * 0.7)
                threshold = window
            }
        } else if window < threshold {
            window += 1
        } else {
            let since = (now - shrunkAt) / .seconds(1)
            let knee = (greatest * 0.3 / 0.4).cubeRoot
            let offset = since - knee
            let target = greatest + 0.4 * offset * offset * offset
            // Never slower than a flow that adds half a packet a round trip.
            window += max(0.5, target - window) / window
        }
        fill(&pair)
    }
}

extension Double {
    fileprivate var cubeRoot: Double {
        var root = max(1, self / 3)
        for _ in 0..<40 { root = (2 * root + self / (root * root)) / 3 }
        return root
    }
}
