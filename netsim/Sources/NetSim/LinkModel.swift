/// One direction of a link: loss on entry, then a queue of limited size and rate, then delay.
///
/// It has no clock, no sockets and no threads. Pass times measured from a start of your choosing that never decrease,
/// and take packets out up to `now` before offering new ones, so that the event log stays in order.
public struct LinkModel<Payload: Sendable>: LinkElement {
    /// Which way the packets go.
    public let heading: Heading
    /// What this direction does to them.
    public let parameters: LinkDirection
    /// While `true`, every packet that arrives is dropped; those already under way still come out.
    public var isCut = false
    /// What has passed so far.
    public private(set) var counters = LinkCounters()

    private let client: Int
    private var lossQueue: LossQueue<Payload>
    private var rateQueue: RateQueue<Payload>
    private var delayQueue: DelayQueue<Payload>

    /// Creates one direction of a link.
    ///
    /// - Parameters:
    ///   - parameters: Rate, delay, loss and queue.
    ///   - heading: Which way the packets go; the two directions of one seed lose different packets.
    ///   - seed: Decides which packets are lost.
    ///   - client: Whose link it is, where several share a seed; values below 0 count as 0.
    public init(_ parameters: LinkDirection, heading: Heading, seed: UInt64, client: Int = 0) {
        self.heading = heading
        self.parameters = parameters
        self.client = max(0, client)
        let stream = UInt64(self.client) &* 2 &+ (heading == .up ? 1 : 2)
        lossQueue = LossQueue(
            validProbability: parameters.lossProbability, generator: SeededGenerator(seed: seed, stream: stream))
        rateQueue = RateQueue(parameters)
        delayQueue = DelayQueue(validDelay: parameters.delay)
    }

    /// The bytes waiting for the transmitter at `now`, the packet in service included.
    public mutating func queuedByteCount(at now: Duration) -> Int {
        rateQueue.queuedByteCount(at: now)
    }

    /// Takes a packet in at `now` and records its arrival, and its drop if that is its fate.
    ///
    /// - Returns: Whether the packet was taken; `false` means that it was dropped and is gone.
    @discardableResult
    public mutating func accept(
        _ packet: SimulatedPacket<Payload>, at now: Duration, recordingIn sink: inout some LinkEventSink
    ) -> Bool {
        record(.arrival, packet.byteCount, at: now, in: &sink)
        let cause: LinkEvent.DropCause
        // The draw comes before the cut is looked at, so that an outage does not shift the losses after it.
        if !lossQueue.accept(packet, at: now) {
            cause = isCut ? .outage : .loss
        } else if let survivor = lossQueue.release(at: now), !isCut {
            if rateQueue.accept(survivor, at: now) { return true }
            cause = .queue
        } else {
            cause = .outage
        }
        record(.drop(cause), packet.byteCount, at: now, in: &sink)
        return false
    }

    /// The next packet that has left the link by `now`, recording its departure.
    public mutating func release(
        at now: Duration, recordingIn sink: inout some LinkEventSink
    ) -> SimulatedPacket<Payload>? {
        while let packet = rateQueue.release(at: now) {
            delayQueue.accept(packet, at: packet.readyTime)
        }
        guard let packet = delayQueue.release(at: now) else { return nil }
        let delay = packet.readyTime - packet.arrivalTime
        record(.departure(delay: delay), packet.byteCount, at: packet.readyTime, in: &sink)
        return packet
    }

    /// Takes a packet in at `now` without recording events; ``counters`` are kept all the same.
    @discardableResult
    public mutating func accept(_ packet: SimulatedPacket<Payload>, at now: Duration) -> Bool {
        var sink = DiscardedEvents()
        return accept(packet, at: now, recordingIn: &sink)
    }

    /// The ideal time at which the next packet leaves the link, or `nil` when there is none under way.
    ///
    /// The step from the queue to the delay is left out: nobody can see it, and each wake-up of a relay costs time.
    public var nextEventTime: Duration? {
        delayQueue.nextEventTime ?? rateQueue.nextEventTime.map { $0 + parameters.delay }
    }

    /// The next packet that has left the link by `now`, without recording events.
    public mutating func release(at now: Duration) -> SimulatedPacket<Payload>? {
        var sink = DiscardedEvents()
        return release(at: now, recordingIn: &sink)
    }

    private mutating func record(
        _ kind: LinkEvent.Kind, _ byteCount: Int, at time: Duration, in sink: inout some LinkEventSink
    ) {
        let event = LinkEvent(time: time, kind: kind, byteCount: byteCount, heading: heading, client: client)
        counters.count(event)
        sink.record(event)
    }
}
