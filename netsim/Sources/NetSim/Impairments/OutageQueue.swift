/// Loses whatever comes in during a ``PeriodicOutage``; delays none.
public struct OutageQueue<Payload: Sendable>: LinkElement {
    private let outage: PeriodicOutage
    private var passed = PassedPackets<Payload>()

    /// Creates the element.
    ///
    /// - Throws: ``NetSimError`` with code `invalidParameter` for values out of range.
    public init(_ outage: PeriodicOutage) throws {
        try outage.validate()
        self.init(validOutage: outage)
    }

    init(validOutage outage: PeriodicOutage) { self.outage = outage }

    /// Takes a packet in, or loses it.
    @discardableResult
    public mutating func accept(_ packet: SimulatedPacket<Payload>, at now: Duration) -> Bool {
        guard !loses(at: now) else { return false }
        passed.append(packet, at: now)
        return true
    }

    /// The time at which the first packet that passed came in, as it leaves at once.
    public var nextEventTime: Duration? { passed.nextEventTime }

    /// The next packet that was not lost.
    public mutating func release(at now: Duration) -> SimulatedPacket<Payload>? { passed.release(at: now) }

    /// The fate of a packet that comes in at a time, for those who need no queue.
    func loses(at now: Duration) -> Bool { outage.isOut(at: now) }
}
