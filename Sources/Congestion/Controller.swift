internal import Concurrency
public import WireFormat

/// Decides how fast a sender sends, and how much may be on its way.
///
/// A sender calls, in this order and as often as there is something to tell: ``note(_:now:)`` with the state of its transport, ``sent(byteCount:now:)`` for
/// each datagram handed over, ``starved(now:)`` where there was room and nothing to send, ``take(_:now:)`` for each report. It reads the rates after each.
public protocol Controller: Sendable {
    /// Bits a second on the wire, headers and what is sent again included.
    var bitsPerSecond: Double { get }
    /// The rate to hand datagrams over at now.
    var pacingBitsPerSecond: Double { get }
    /// The rate that the transport is to be held to.
    var transportBitsPerSecond: Double { get }
    /// The most datagrams that may go to the transport at once.
    var burstLimit: Int { get }
    /// The most datagrams that may be on their way, for the rate may be wrong, and for an outage: what is on its way then goes again.
    var inFlightLimit: Int { get }
    /// The estimate of the link by its receiver's reports.
    var estimate: LinkEstimate { get }
    /// The count of what was sent, and what of it was lost.
    var flight: Flight { get }

    /// Takes a datagram that has gone to the transport.
    mutating func sent(byteCount: Int, now: Duration)
    /// Takes the state of the transport.
    mutating func note(_ transport: TransportState, now: Duration)
    /// There was room and nothing to send: what arrives tells less than what the link could carry.
    mutating func starved(now: Duration)
    /// Takes a report.
    mutating func take(_ report: Report, now: Duration)
}

extension Controller {
    /// Datagrams on their way, as far as is known: not reported yet, and not confirmed by the peer's transport either. What came and was refused there is
    /// reported never.
    public var inFlightCount: Int { max(0, min(flight.sentCount - Int(clamping: estimate.receivedCount), flight.transportCount)) }

    /// The most datagrams for a rate: half a round trip more than there is, for what is lost and comes later; a queue; and the reports' own time.
    func inFlightLimit(queue: Duration, atLeast time: Duration = .zero) -> Int {
        let time = max(estimate.minRoundTrip * 3 / 2 + queue, time) + Flight.reportTime
        return Flight.minCount + Int(bitsPerSecond * time.inSeconds / Double(8 * RateControl.wireByteCount))
    }
}

extension RateControl {
    /// The controller of a link whose round trip connecting has measured.
    public func controller(roundTrip: Duration, now: Duration) -> any Controller {
        switch self {
        case .fixed(let rate): FixedController(bitsPerSecond: rate, roundTrip: roundTrip, now: now)
        case .automatic(let ceiling, let hint):
            AutomaticController(ceiling: ceiling ?? .infinity, hint: hint ?? 0, roundTrip: roundTrip, now: now)
        }
    }
}
