import NetSim

/// RFC 8289's pseudocode as it stands there, over a list of arrivals, to compare the link's with.
struct ReferenceCoDel {
    typealias Packet = (number: Int, byteCount: Int, time: Duration)

    let target: Duration
    let interval: Duration
    private let memory: Int
    private var queue: [Packet] = []
    private var firstAboveTime = Duration.zero
    private var dropNext = Duration.zero
    private var count = 0
    private var lastCount = 0
    private var dropping = false
    private(set) var dropped: [Int] = []

    /// - Parameter memory: for how many intervals the last cycle's drop rate is a good start; the RFC has 16.
    init(target: Duration, interval: Duration, memory: Int = 16) {
        self.target = target
        self.memory = memory
        self.interval = interval
    }

    /// Sends the packets at a rate.
    ///
    /// - Returns: The numbers of those that were sent and when each of them had left.
    mutating func send(_ arrivals: [Packet], bitsPerSecond: Double) -> [(number: Int, time: Duration)] {
        var sent: [(Int, Duration)] = []
        var free = Duration.zero
        var next = 0
        while next < arrivals.count || !queue.isEmpty {
            if queue.isEmpty { free = max(free, arrivals[next].time) }
            while next < arrivals.count, arrivals[next].time <= free {
                queue.append(arrivals[next])
                next += 1
            }
            guard let packet = dequeue(at: free) else { continue }
            free += .seconds(Double(packet.byteCount) * 8 / bitsPerSecond)
            sent.append((packet.number, free))
        }
        return sent
    }

    private func controlLaw(_ time: Duration) -> Duration { time + interval / Double(count).squareRoot() }

    private mutating func doDequeue(at now: Duration) -> (packet: Packet?, okToDrop: Bool) {
        guard !queue.isEmpty else {
            firstAboveTime = .zero
            return (nil, false)
        }
        let packet = queue.removeFirst()
        var okToDrop = false
        if now - packet.time < target || queue.reduce(0, { $0 + $1.byteCount }) <= 1500 {
            firstAboveTime = .zero
        } else if firstAboveTime == .zero {
            firstAboveTime = now + interval
        } else if now >= firstAboveTime {
            okToDrop = true
        }
        return (packet, okToDrop)
    }

    private mutating func drop(_ packet: Packet?) {
        if let packet { dropped.append(packet.number) }
    }

    private mutating func dequeue(at now: Duration) -> Packet? {
        var result = doDequeue(at: now)
        if dropping {
            if !result.okToDrop { dropping = false }
            while now >= dropNext, dropping {
                drop(result.packet)
                count += 1
                result = doDequeue(at: now)
                if result.okToDrop { dropNext = controlLaw(dropNext) } else { dropping = false }
            }
        } else if result.okToDrop {
            drop(result.packet)
            result = doDequeue(at: now)
            dropping = true
            let delta = count - lastCount
            count = delta > 1 && now - dropNext < interval * memory ? delta : 1
            dropNext = controlLaw(now)
            lastCount = count
        }
        return result.packet
    }
}
