public import WireFormat

/// Keeps to a rate that somebody gave.
public struct FixedController: Controller {
    public let bitsPerSecond: Double
    public private(set) var estimate: LinkEstimate
    public private(set) var flight: Flight

    public init(bitsPerSecond: Double, roundTrip: Duration, now: Duration) {
        self.bitsPerSecond = bitsPerSecond
        estimate = LinkEstimate(roundTrip: roundTrip)
        flight = Flight(now: now)
    }

    public var pacingBitsPerSecond: Double { bitsPerSecond }
    public var transportBitsPerSecond: Double { bitsPerSecond }
    public var burstLimit: Int { .max }
    public var inFlightLimit: Int { inFlightLimit(queue: estimate.targetQueueDelay(at: bitsPerSecond)) }

    public mutating func sent(byteCount: Int, now: Duration) { flight.sent() }

    public mutating func note(_ transport: TransportState, now: Duration) {
        flight.note(transport, roundTrip: estimate.roundTrip, now: now)
    }

    public mutating func starved(now: Duration) {}

    public mutating func take(_ report: Report, now: Duration) { _ = estimate.take(report, now: now) }
}
