/// The sending half of one end: numbers datagrams, paces them and repeats those reported lost.
///
/// It repeats nothing of its own accord. That is SRT live mode with NAKREPORT=1, and why a lost tail stays lost until
/// something behind it arrives.
struct ReliableSender: Sendable {
    private struct Sent: Sendable {
        let payload: [UInt8]
        var lastRepeat: Duration?
    }

    var maximumBitsPerSecond: Double
    private(set) var retransmissionCount = 0

    private let windowDatagramCount: Int
    private var unsent = RingBuffer<[UInt8]>()
    /// Sent and not acknowledged, in order; the first has the number `acknowledged`.
    private var underWay = RingBuffer<Sent>()
    private var acknowledged = 0
    private var lost = SequenceSet()
    private var earliestSend: Duration?

    init(maximumBitsPerSecond: Double, windowDatagramCount: Int) {
        self.maximumBitsPerSecond = maximumBitsPerSecond
        self.windowDatagramCount = windowDatagramCount
    }

    var unsentDatagramCount: Int { unsent.count }
    var unacknowledgedDatagramCount: Int { underWay.count }

    /// Returns the time from which there is something to send; `nil` when there is nothing that may be sent.
    func nextEventTime(notBefore now: Duration) -> Duration? {
        let maySendNew = !unsent.isEmpty && underWay.count < windowDatagramCount
        guard maySendNew || !lost.isEmpty else { return nil }
        return max(earliestSend ?? now, now)
    }

    mutating func submit(_ payload: [UInt8]) {
        unsent.append(payload)
    }

    mutating func reportLost(_ ranges: [ClosedRange<Int>]) {
        let end = acknowledged + underWay.count
        for range in ranges {
            let lower = max(range.lowerBound, acknowledged)
            let upper = min(range.upperBound, end - 1)
            if lower <= upper { lost.insert(lower...upper) }
        }
    }

    mutating func acknowledge(below position: Int) {
        while acknowledged < position, underWay.popFirst() != nil { acknowledged += 1 }
        lost.removeAll(below: acknowledged)
    }

    /// The next datagram that may go at `now`: lost ones first, oldest first, then new ones.
    mutating func takeDatagram(at now: Duration, roundTrip: RoundTripEstimate) -> PairMessage? {
        guard earliestSend ?? now <= now else { return nil }
        guard let message = takeLost(at: now, roundTrip: roundTrip) ?? takeNew() else { return nil }
        let interval = StepSchedule.serviceTime(bitCount: Double(message.byteCount) * 8, rate: maximumBitsPerSecond)
        earliestSend = now + interval
        return message
    }

    private mutating func takeLost(at now: Duration, roundTrip: RoundTripEstimate) -> PairMessage? {
        while let sequence = lost.popFirst() {
            let offset = sequence - acknowledged
            guard var sent = underWay[offset] else { continue }
            // As with RETRANSMITALGO=1: while the last repeat may still be under way, a report says nothing new.
            if let last = sent.lastRepeat, now - last < roundTrip.certainlyUnderWay { continue }
            sent.lastRepeat = now
            underWay[offset] = sent
            retransmissionCount += 1
            return .data(sequence: sequence, payload: sent.payload)
        }
        return nil
    }

    private mutating func takeNew() -> PairMessage? {
        guard underWay.count < windowDatagramCount, let payload = unsent.popFirst() else { return nil }
        let sequence = acknowledged + underWay.count
        underWay.append(Sent(payload: payload, lastRepeat: nil))
        return .data(sequence: sequence, payload: payload)
    }
}
