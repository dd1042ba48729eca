package import WireFormat

/// Keeps to a rate that somebody gave.
package struct FixedController: Controller {
    package let bitsPerSecond: Double
    package private(set) var estimate: LinkEstimate
    package private(set) var flight: Flight

    package init(bitsPerSecond: Double, roundTrip: Duration, now: Duration) {
        self.bitsPerSecond = bitsPerSecond
        estimate = LinkEstimate(roundTrip: roundTrip)
        flight = Flight(now: now)
    }

    package var pacingBitsPerSecond: Double { bitsPerSecond }
    package var transportBitsPerSecond: Double { bitsPerSecond }
    package var burstLimit: Int { .max }
    package var inFlightLimit: Int { inFlightLimit(queue: estimate.targetQueueDelay(at: bitsPerSecond)) }

    package mutating func sent(byteCount: Int, now: Duration) { flight.sent() }

    package mutating func note(_ transport: TransportState, now: Duration) {
        flight.note(transport, roundTrip: estimate.roundTrip, now: now)
    }

    package mutating func starved(now: Duration) {}

    package mutating func take(_ report: Report, now: Duration) { _ = estimate.take(report, now: now) }
}
