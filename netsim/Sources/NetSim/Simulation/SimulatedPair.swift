internal import Faults

/// Two ends joined by a simulated link, with a model of SRT live mode between them, in virtual time.
///
/// The model is SRT as `TRANSTYPE=live, TSBPDMODE=0, TLPKTDROP=0, NAKREPORT=1, RETRANSMITALGO=1` with unordered
/// delivery: datagrams are paced, and each is delivered once, as soon as it arrives. The receiver notices a
/// loss only when a later datagram arrives; it reports the gap at once, and again from time to time until it is filled. Loss
/// reports and acknowledgements share the link with data and are lost like data.
///
/// Two of SRT's traps come with it:
/// - **A lost tail is never repeated** until something is sent behind it and arrives.
/// - With a full window of unacknowledged datagrams nothing new is sent, so a window lost whole is lost for good.
///
/// The pair has no clock. Times passed to it should not decrease; a time before the latest one counts as that one.
/// The same calls with the same seed give the same deliveries.
public struct SimulatedPair: Sendable {
    /// The longest payload that one datagram carries.
    public static let maximumPayloadByteCount = PairMessage.maximumPayloadByteCount

    /// The link between the ends.
    public let link: LinkParameters
    /// The log of what happened on the link, when the pair was made to record it.
    public private(set) var log: LinkLog?

    private struct End: Sendable {
        var sender: ReliableSender
        var receiver = ReliableReceiver()
        var roundTrip: RoundTripEstimate
        var outgoing: LinkModel<PairMessage>
    }

    private var ends: PerEndpoint<End>
    private var clock: Duration?
    /// Made by calls other than `advance`, which must not lose them.
    private var undelivered: [Delivery] = []

    /// Creates a pair that is connected and idle.
    ///
    /// - Parameters:
    ///   - link: What lies between the ends.
    ///   - seed: Decides which packets are lost.
    ///   - maximumBitsPerSecond: The rate at which each end paces its datagrams, headers included (SRT's MAXBW);
    ///     more than 0, at most ``LinkDirection/maximumRateBitsPerSecond``.
    ///   - windowDatagramCount: The most datagrams an end has unacknowledged (SRT's FC); at least 1.
    ///   - recordingLog: Whether to fill ``log``, which grows with every packet.
    /// - Throws: ``NetSimError`` with code `invalidParameter` for values out of range.
    public init(
        link: LinkParameters, seed: UInt64, maximumBitsPerSecond: Double, windowDatagramCount: Int = 25_600,
        recordingLog: Bool = false
    ) throws {
        let rate = try LinkDirection.validatedRate(maximumBitsPerSecond)
        guard windowDatagramCount >= 1 else {
            throw NetSimError(.invalidParameter, "a window of \(windowDatagramCount) datagrams lets nothing pass")
        }
        func makeEnd(_ endpoint: Endpoint) -> End {
            End(
                sender: ReliableSender(maximumBitsPerSecond: rate, windowDatagramCount: windowDatagramCount),
                roundTrip: RoundTripEstimate(unloaded: link.up.delay + link.down.delay),
                outgoing: LinkModel(link[endpoint.outgoing], heading: endpoint.outgoing, seed: seed))
        }
        self.link = link
        ends = PerEndpoint(client: makeEnd(.client), server: makeEnd(.server))
        log = recordingLog ? LinkLog(link: link, seed: seed) : nil
    }

    /// The round-trip time of the empty link: both one-way delays.
    public var roundTrip: Duration { link.up.delay + link.down.delay }

    /// The round-trip time as an end has measured it from acknowledgements, queues included.
    public func smoothedRoundTrip(at endpoint: Endpoint) -> Duration { ends[endpoint].roundTrip.smoothed }

    /// Submits a datagram; it goes out when its turn comes.
    ///
    /// - Returns: Whether it was taken; one longer than ``maximumPayloadByteCount`` is not.
    @discardableResult
    public mutating func send(_ payload: [UInt8], from endpoint: Endpoint, at now: Duration) -> Bool {
        guard payload.count <= Self.maximumPayloadByteCount else { return false }
        run(to: now)
        ends[endpoint].sender.submit(payload)
        run(to: now)
        return true
    }

    /// Puts a packet of another flow on one direction, where it takes its place in the queue; it is delivered to nobody.
    ///
    /// - Parameter byteCount: At the IP level.
    /// - Returns: The bytes that waited before it; `nil` when it was dropped.
    public mutating func offerForeignPacket(byteCount: Int, direction: Heading, at now: Duration) -> Int? {
        run(to: now)
        let time = clock ?? now
        let sender = direction.destination.peer
        let waiting = ends[sender].outgoing.queuedByteCount(at: time)
        let packet = SimulatedPacket(payload: PairMessage.foreign(byteCount: byteCount), byteCount: byteCount, arrivalTime: time)
        return ends[sender].outgoing.accept(packet, at: time, recordingIn: &log) ? waiting : nil
    }

    /// Returns the number of datagrams that an end has submitted and that have not been put on the wire a first time.
    public func unsentDatagramCount(at endpoint: Endpoint) -> Int { ends[endpoint].sender.unsentDatagramCount }

    /// Returns the number of datagrams that an end has sent and does not know to have arrived.
    public func unacknowledgedDatagramCount(at endpoint: Endpoint) -> Int {
        ends[endpoint].sender.unacknowledgedDatagramCount
    }

    /// Returns the number of times that an end has sent a datagram again.
    public func retransmissionCount(from endpoint: Endpoint) -> Int { ends[endpoint].sender.retransmissionCount }

    /// Returns the counts of what has passed through one direction of the link, headers, reports and retransmissions included.
    public func counters(_ direction: Heading) -> LinkCounters { ends[direction.destination.peer].outgoing.counters }

    /// Changes the rate at which an end paces its datagrams, as setting MAXBW on a live socket does: the interval
    /// behind the last datagram is still the old one.
    ///
    /// - Throws: ``NetSimError`` with code `invalidParameter`; the rate then stays as it was.
    public mutating func setMaximumBitsPerSecond(_ rate: Double, from endpoint: Endpoint) throws {
        ends[endpoint].sender.maximumBitsPerSecond = try LinkDirection.validatedRate(rate)
    }

    /// Cuts one direction, or joins it again, from the latest time passed to the pair on.
    ///
    /// While it is cut, everything put on that direction is lost; what is already under way still arrives.
    public mutating func setOutage(_ on: Bool, direction: Heading) {
        ends[direction.destination.peer].outgoing.isCut = on
    }

    /// When something will next happen by itself, or `nil` when the pair is at rest.
    ///
    /// A loss that cannot be repaired, as across a cut link, is reported for ever: give up at a time of your choosing.
    public var nextEventTime: Duration? {
        undelivered.isEmpty ? internalEventTime : clock
    }

    /// Lets everything happen that happens up to `now`.
    ///
    /// - Returns: The datagrams that arrived since the last call, in the order of their times, each once.
    public mutating func advance(to now: Duration) -> [Delivery] {
        run(to: now)
        let deliveries = undelivered
        undelivered = []
        return deliveries
    }
}

extension SimulatedPair {
    private var internalEventTime: Duration? {
        guard let clock else { return nil }
        return earlier(nextEventTime(of: ends.client, at: clock), nextEventTime(of: ends.server, at: clock))
    }

    private func nextEventTime(of end: End, at clock: Duration) -> Duration? {
        earlier(
            earlier(end.outgoing.nextEventTime, end.receiver.nextEventTime),
            end.sender.nextEventTime(notBefore: clock))
    }

    private mutating func run(to now: Duration) {
        var time = clock ?? now
        clock = time
        while let next = internalEventTime, next <= now {
            time = max(time, next)
            clock = time
            step(at: time)
        }
        clock = max(time, now)
    }

    /// Arrivals before timers before sending, the client before the server: the order is part of determinism.
    private mutating func step(at time: Duration) {
        for endpoint in Endpoint.allCases {
            while let packet = ends[endpoint].outgoing.release(at: time, recordingIn: &log) {
                // Nobody can tell what a damaged report or acknowledgement said; damaged data is delivered as it is.
                if packet.marks.contains(.corrupt), !packet.payload.isData { continue }
                receive(packet.payload, at: endpoint.peer, time)
            }
        }
        for endpoint in Endpoint.allCases {
            let due = ends[endpoint].receiver.takeDue(at: time, roundTrip: ends[endpoint].roundTrip)
            for message in due { put(message, from: endpoint, time) }
        }
        for endpoint in Endpoint.allCases {
            let roundTrip = ends[endpoint].roundTrip
            if let message = ends[endpoint].sender.takeDatagram(at: time, roundTrip: roundTrip) {
                put(message, from: endpoint, time)
            }
        }
    }

    private mutating func receive(_ message: PairMessage, at endpoint: Endpoint, _ time: Duration) {
        switch message {
        case .data(let sequence, let payload):
            let roundTrip = ends[endpoint].roundTrip
            let (isNew, report) = ends[endpoint].receiver.receive(sequence, at: time, roundTrip: roundTrip)
            if isNew { undelivered.append(Delivery(endpoint: endpoint, payload: payload, time: time)) }
            if let report { put(report, from: endpoint, time) }
        case .lossReport(let ranges):
            ends[endpoint].sender.reportLost(ranges)
        case .acknowledgement(let number, let position, let roundTrip):
            ends[endpoint].sender.acknowledge(below: position)
            ends[endpoint].roundTrip.add(roundTrip)
            put(.acknowledgementEcho(number: number), from: endpoint, time)
        case .acknowledgementEcho(let number):
            if let sample = ends[endpoint].receiver.receiveEcho(number, at: time) {
                ends[endpoint].roundTrip.add(sample)
            }
        case .foreign: break
        }
    }

    private mutating func put(_ message: PairMessage, from endpoint: Endpoint, _ time: Duration) {
        let packet = SimulatedPacket(payload: message, byteCount: message.byteCount, arrivalTime: time)
        ends[endpoint].outgoing.accept(packet, at: time, recordingIn: &log)
    }
}

/// The earlier of two times either of which may be missing.
func earlier(_ left: Duration?, _ right: Duration?) -> Duration? {
    guard let left, let right else { return left ?? right }
    return min(left, right)
}
