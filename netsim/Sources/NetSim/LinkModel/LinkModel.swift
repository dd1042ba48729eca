/// One direction of a link: loss, outage and MTU on entry, then duplication and corruption, then a queue of limited length and rate,
/// then jitter and delay.
///
/// It has no clock, no sockets and no threads. Pass times measured from a start of your choosing that never decrease,
/// and take packets out up to `now` before offering new ones, so that the event log stays in order.
public struct LinkModel<Payload: Sendable>: LinkElement {
    /// Which way the packets go.
    public let heading: Heading
    /// The parameters of this direction, which set what it does to the packets.
    public let parameters: LinkDirection
    /// While `true`, every packet that arrives is dropped; those already under way still come out.
    public var isCut = false
    /// Counts of what has passed so far.
    public private(set) var counters = LinkCounters()

    private let client: Int
    private var nextNumber: UInt64 = 0
    private var lossQueue: LossQueue<Payload>
    // What a direction does not have costs its packets nothing.
    private var outageQueue: OutageQueue<Payload>?
    private var duplicationQueue: DuplicationQueue<Payload>?
    private var corruptionQueue: CorruptionQueue<Payload>?
    private var rateQueue: RateQueue<Payload>
    private var jitterQueue: JitterQueue<Payload>?
    private var delayQueue: DelayQueue<Payload>
    /// The packets that the rate queue has dropped by itself, until it is their turn in the log.
    private var drops = RingBuffer<QueueDrop>()

    /// Creates one direction of a link.
    ///
    /// - Parameters:
    ///   - parameters: Rate, delay, queue and impairments.
    ///   - heading: Which way the packets go; the two directions of one seed lose different packets.
    ///   - seed: Decides which packets are lost, copied, altered or late.
    ///   - client: Whose link it is, where several share a seed; values below 0 count as 0.
    public init(_ parameters: LinkDirection, heading: Heading, seed: UInt64, client: Int = 0) {
        self.heading = heading
        self.parameters = parameters
        self.client = max(0, client)
        let streams = LinkStreams(seed: seed, heading: heading, client: self.client)
        let impairments = parameters.impairments
        lossQueue = LossQueue(validModel: impairments.loss, generator: streams.generator(.loss))
        outageQueue = impairments.outage.map { OutageQueue(validOutage: $0) }
        if impairments.duplicationProbability > 0 {
            duplicationQueue = DuplicationQueue(
                validProbability: impairments.duplicationProbability, generator: streams.generator(.duplication))
        }
        if impairments.corruptionProbability > 0 {
            corruptionQueue = CorruptionQueue(
                validProbability: impairments.corruptionProbability, generator: streams.generator(.corruption))
        }
        rateQueue = RateQueue(
            validRate: parameters.rate, validQueue: parameters.queue, generator: streams.generator(.queue))
        jitterQueue = impairments.jitter.map { JitterQueue(validJitter: $0, generator: streams.generator(.jitter)) }
        delayQueue = DelayQueue(validDelay: parameters.delay)
    }

    /// The bytes waiting for the transmitter at `now`, the packet in service included.
    public mutating func queuedByteCount(at now: Duration) -> Int {
        rateQueue.queuedByteCount(at: now, recordingIn: &drops)
    }

    /// Takes a packet in at `now` and records its arrival, and its drop if that is its fate.
    ///
    /// - Returns: Whether the packet was taken; `false` means that it was dropped and is gone.
    @discardableResult
    public mutating func accept(
        _ packet: SimulatedPacket<Payload>, at now: Duration, recordingIn sink: inout some LinkEventSink
    ) -> Bool {
        var packet = packet
        packet.number = nextNumber
        packet.readyTime = now
        nextNumber &+= 1
        // What the queue drops by itself up to now comes before this arrival.
        if rateQueue.decidesLate {
            rateQueue.settle(at: now, recordingIn: &drops)
            recordDrops(upTo: now, in: &sink)
        }
        record(.arrival, packet.byteCount, packet.marks, at: now, in: &sink)
        // The draw comes before outages are looked at, so that they do not shift the losses after them.
        let isLost = lossQueue.loses()
        if isCut || outageQueue?.loses(at: now) == true {
            record(.drop(.outage), packet.byteCount, packet.marks, at: now, in: &sink)
            return false
        }
        if isLost {
            record(.drop(.loss), packet.byteCount, packet.marks, at: now, in: &sink)
            return false
        }
        if let mtu = parameters.impairments.mtu, packet.byteCount > mtu {
            record(.drop(.mtu), packet.byteCount, packet.marks, at: now, in: &sink)
            return false
        }
        guard duplicationQueue != nil else { return enqueue(packet, at: now, in: &sink) }
        var isTaken = false
        duplicationQueue?.accept(packet, at: now)
        while let each = duplicationQueue?.release(at: now) {
            if each.marks.contains(.duplicate) {
                record(.arrival, each.byteCount, each.marks, at: now, in: &sink)
                enqueue(each, at: now, in: &sink)
            } else {
                isTaken = enqueue(each, at: now, in: &sink)
            }
        }
        return isTaken
    }

    @discardableResult
    private mutating func enqueue(
        _ packet: SimulatedPacket<Payload>, at now: Duration, in sink: inout some LinkEventSink
    ) -> Bool {
        var packet = packet
        corruptionQueue?.corrupt(&packet)
        let cause = rateQueue.accept(packet, at: now, recordingIn: &drops)
        if !drops.isEmpty { recordDrops(upTo: now, in: &sink) }
        guard let cause else { return true }
        record(.drop(cause), packet.byteCount, packet.marks, at: now, in: &sink)
        return false
    }

    /// The next packet that has left the link by `now`, recording its departure.
    public mutating func release(
        at now: Duration, recordingIn sink: inout some LinkEventSink
    ) -> SimulatedPacket<Payload>? {
        if jitterQueue == nil {
            while let packet = rateQueue.release(at: now, recordingIn: &drops) {
                delayQueue.accept(packet, at: packet.readyTime)
            }
        } else {
            while let packet = rateQueue.release(at: now, recordingIn: &drops) {
                jitterQueue?.accept(packet, at: packet.readyTime)
            }
            while let packet = jitterQueue?.release(at: now) {
                delayQueue.accept(packet, at: packet.readyTime)
            }
        }
        let packet = delayQueue.release(at: now)
        if !drops.isEmpty { recordDrops(upTo: packet?.readyTime ?? now, in: &sink) }
        guard let packet else { return nil }
        let delay = packet.readyTime - packet.arrivalTime
        record(.departure(delay: delay), packet.byteCount, packet.marks, at: packet.readyTime, in: &sink)
        return packet
    }

    /// Takes a packet in at `now` without recording events; ``counters`` are kept all the same.
    @discardableResult
    public mutating func accept(_ packet: SimulatedPacket<Payload>, at now: Duration) -> Bool {
        var sink = DiscardedEvents()
        return accept(packet, at: now, recordingIn: &sink)
    }

    /// When to come back: the ideal time at which the next packet leaves the link, or, with jitter or a trace and active queue
    /// management, an earlier one at which that is decided; `nil` when there is none under way.
    ///
    /// The step from the queue to the delay is left out where nothing hangs on it: nobody can see it, and each wake-up of a
    /// relay costs time.
    public var nextEventTime: Duration? {
        // Whatever has come as far as the delay leaves before all that has not.
        if let next = delayQueue.nextEventTime { return next }
        guard let jitterQueue else { return rateQueue.nextEventTime.map { $0 + parameters.delay } }
        // What is held may be overtaken by what has not been put there yet, if packets may overtake each other at all.
        let next =
            jitterQueue.reorders
            ? earlier(jitterQueue.nextEventTime, rateQueue.nextEventTime)
            : jitterQueue.nextEventTime ?? rateQueue.nextEventTime
        return next.map { $0 + parameters.delay }
    }

    /// The next packet that has left the link by `now`, without recording events.
    public mutating func release(at now: Duration) -> SimulatedPacket<Payload>? {
        var sink = DiscardedEvents()
        return release(at: now, recordingIn: &sink)
    }

    private mutating func recordDrops(upTo time: Duration, in sink: inout some LinkEventSink) {
        while let drop = drops.first, drop.time <= time {
            drops.popFirst()
            record(.drop(drop.cause), drop.byteCount, drop.marks, at: drop.time, in: &sink)
        }
    }

    private mutating func record(
        _ kind: LinkEvent.Kind, _ byteCount: Int, _ marks: PacketMarks, at time: Duration, in sink: inout some LinkEventSink
    ) {
        let event = LinkEvent(time: time, kind: kind, byteCount: byteCount, heading: heading, client: client, marks: marks)
        counters.count(event)
        sink.record(event)
    }
}
