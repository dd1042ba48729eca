/// A transmitter behind a queue of limited length.
///
/// At a constant rate a packet leaves at `max(previous ideal departure, its arrival) + size / rate`; ``LinkRate`` has the others.
/// Ideal times never depend on when the caller comes by, so lateness does not add up and the rate is exact however coarse the
/// caller's timer is. The same holds for what ``QueueDiscipline`` drops: a decision that is due when a packet's turn
/// comes is made for that very instant, whenever the queue is next looked at.
public struct RateQueue<Payload: Sendable>: LinkElement {
    private var schedule: RateSchedule
    private let limitByteCount: Int
    private let limitPacketCount: Int
    private var policy: QueuePolicy
    /// In the order of their arrivals: those that have left by the model's time and have not been asked for yet, those whose
    /// departure is known, and those of which it is not.
    private var packets = RingBuffer<SimulatedPacket<Payload>>()
    private var departedCount = 0
    /// Number of packets at the front that have their departure as ``SimulatedPacket/readyTime``, which for the rest is their arrival.
    private var scheduledCount = 0
    private var waitingByteCount = 0

    /// Creates a drop-tail queue with a constant rate.
    ///
    /// - Parameters:
    ///   - rateBitsPerSecond: More than 0, at most ``LinkDirection/maximumRateBitsPerSecond``.
    ///   - queueByteCount: The most bytes that may wait, the packet in service included.
    /// - Throws: ``NetSimError`` with code `invalidParameter` for values out of range.
    public init(rateBitsPerSecond: Double, queueByteCount: Int) throws {
        try self.init(rate: .constant(bitsPerSecond: rateBitsPerSecond), queueByteCount: queueByteCount)
    }

    /// Creates a drop-tail queue with a rate that changes over time.
    ///
    /// - Parameters:
    ///   - rate: One that ``LinkRate/validate()`` lets pass.
    ///   - queueByteCount: The most bytes that may wait, the packet in service included.
    /// - Throws: ``NetSimError`` with code `invalidParameter` for values out of range.
    public init(rate: LinkRate, queueByteCount: Int) throws {
        // A drop-tail queue draws nothing.
        try self.init(
            rate: rate, queue: QueueParameters(limit: .bytes(queueByteCount)), generator: SeededGenerator(seed: 0))
    }

    /// Creates a queue of any discipline.
    ///
    /// - Parameters:
    ///   - rate: One that ``LinkRate/validate()`` lets pass.
    ///   - queue: Its limit and what it drops.
    ///   - generator: Decides, by their numbers, which packets a discipline that drops at random does.
    /// - Throws: ``NetSimError`` with code `invalidParameter` for values out of range.
    public init(rate: LinkRate, queue: QueueParameters, generator: SeededGenerator) throws {
        try rate.validate()
        try queue.validate()
        self.init(validRate: rate, validQueue: queue, generator: generator)
    }

    init(validRate rate: LinkRate, validQueue queue: QueueParameters, generator: SeededGenerator) {
        schedule = RateSchedule(validRate: rate)
        switch queue.limit {
        case .bytes(let count): (limitByteCount, limitPacketCount) = (count, .max)
        case .packets(let count): (limitByteCount, limitPacketCount) = (.max, count)
        }
        policy = QueuePolicy(queue.discipline, generator: generator)
    }

    /// The bytes waiting at `now`, the packet in service included.
    public mutating func queuedByteCount(at now: Duration) -> Int {
        var drops = RingBuffer<QueueDrop>()
        return queuedByteCount(at: now, recordingIn: &drops)
    }

    /// Takes a packet in, or drops it when it does not fit behind those still waiting at `now`, or when the discipline says so.
    @discardableResult
    public mutating func accept(_ packet: SimulatedPacket<Payload>, at now: Duration) -> Bool {
        var drops = RingBuffer<QueueDrop>()
        return accept(packet, at: now, recordingIn: &drops) == nil
    }

    /// When the first packet's last bit will have been sent, or when it is decided which packet is sent next.
    public var nextEventTime: Duration? {
        guard let time = packets.readyTime() else { return nil }
        return scheduledCount > 0 ? time : schedule.start(arrivingAt: time)
    }

    /// The next packet whose last bit has been sent by `now`.
    public mutating func release(at now: Duration) -> SimulatedPacket<Payload>? {
        var drops = RingBuffer<QueueDrop>()
        return release(at: now, recordingIn: &drops)
    }
}

// The same calls for those who want to know of packets that were dropped after they had been taken.
extension RateQueue {
    /// True when packets may be dropped after they have been taken.
    var decidesLate: Bool { !policy.decidesOnArrival }

    mutating func queuedByteCount(at now: Duration, recordingIn drops: inout RingBuffer<QueueDrop>) -> Int {
        settle(at: now, recordingIn: &drops)
        return waitingByteCount
    }

    /// - Returns: Why the packet was dropped at once; `nil` when it was taken. `drops` has others' drops only.
    mutating func accept(
        _ packet: SimulatedPacket<Payload>, at now: Duration, recordingIn drops: inout RingBuffer<QueueDrop>
    ) -> LinkEvent.DropCause? {
        settle(at: now, recordingIn: &drops)
        while !fits(packet.byteCount) {
            guard policy.dropsHead, canFit(packet.byteCount) else { return .queue }
            drop(packets.remove(at: scheduledCount), .queue, at: now, recordingIn: &drops)
        }
        if !policy.decidesOnArrival {
            let behind = unsentByteCount
            if policy.refuses(packet, behind: behind, at: now) { return .aqm }
        }
        var packet = packet
        packet.readyTime = now
        waitingByteCount += packet.byteCount
        if policy.decidesOnArrival {
            packet.readyTime = schedule.departure(ofByteCount: packet.byteCount, arrivingAt: now)
            scheduledCount += 1
            packets.append(packet)
        } else {
            packets.append(packet)
            settle(at: now, recordingIn: &drops)
        }
        return nil
    }

    mutating func release(
        at now: Duration, recordingIn drops: inout RingBuffer<QueueDrop>
    ) -> SimulatedPacket<Payload>? {
        settle(at: now, recordingIn: &drops)
        guard departedCount > 0 else { return nil }
        departedCount -= 1
        scheduledCount -= 1
        return packets.popFirst()
    }

    /// Frees the room of every packet that has left by `now`, whether or not it has been taken out, and sends the next.
    mutating func settle(at now: Duration, recordingIn drops: inout RingBuffer<QueueDrop>) {
        repeat {
            while departedCount < scheduledCount, let departure = packets.readyTime(at: departedCount), departure <= now {
                waitingByteCount -= packets.byteCount(at: departedCount)
                departedCount += 1
            }
        } while departedCount == scheduledCount && departedCount < packets.count && startNext(by: now, recordingIn: &drops)
    }

    /// Begins to send the packet that has waited longest and may go, if its turn comes by `now`.
    private mutating func startNext(by now: Duration, recordingIn drops: inout RingBuffer<QueueDrop>) -> Bool {
        while let arrival = packets.readyTime(at: scheduledCount) {
            let start = schedule.start(arrivingAt: arrival)
            guard start <= now else { return false }
            let byteCount = packets.byteCount(at: scheduledCount)
            if policy.dropsOnDeparture(waitingTime: start - arrival, behind: waitingByteCount - byteCount, at: start) {
                drop(packets.remove(at: scheduledCount), .aqm, at: start, recordingIn: &drops)
                continue
            }
            let departure = schedule.departure(ofByteCount: byteCount, arrivingAt: arrival)
            packets.modify(scheduledCount) { $0.readyTime = departure }
            scheduledCount += 1
            return true
        }
        return false
    }

    private mutating func drop(
        _ packet: SimulatedPacket<Payload>?, _ cause: LinkEvent.DropCause, at time: Duration,
        recordingIn drops: inout RingBuffer<QueueDrop>
    ) {
        guard let packet else { return }
        waitingByteCount -= packet.byteCount
        drops.append(QueueDrop(packet, cause, at: time))
    }

    private func fits(_ byteCount: Int) -> Bool {
        byteCount <= limitByteCount - waitingByteCount && packets.count - departedCount < limitPacketCount
    }

    /// Tells whether a packet would fit if none waited but those whose departure is known.
    private func canFit(_ byteCount: Int) -> Bool {
        scheduledCount < packets.count && byteCount <= limitByteCount - (waitingByteCount - unsentByteCount)
    }

    /// Bytes that wait without the packet in service, where departures are decided one by one.
    private var unsentByteCount: Int {
        departedCount < scheduledCount ? waitingByteCount - packets.byteCount(at: departedCount) : waitingByteCount
    }
}
