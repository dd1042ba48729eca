/// One thing a link does to packets: lose them, copy them, alter them, pace them or delay them.
///
/// Three calls each, so that elements can be chained: offer packets with ``accept(_:at:)``, ask
/// ``nextEventTime`` when to come back, and then take packets out with ``release(at:)`` until it gives none.
/// Elements have no clock; the times passed to one element must not decrease.
public protocol LinkElement<Payload>: Sendable {
    /// The type of what the packets carry.
    associatedtype Payload: Sendable

    /// Takes a packet in at `now`.
    ///
    /// - Returns: Whether the packet was taken; `false` means that it was dropped and is gone.
    @discardableResult
    mutating func accept(_ packet: SimulatedPacket<Payload>, at now: Duration) -> Bool

    /// When to come back: the ideal time at which the next packet leaves, or an earlier one at which the element decides
    /// which packet that is; `nil` when the element is empty.
    var nextEventTime: Duration? { get }

    /// The next packet that has left by `now`, with its ``SimulatedPacket/readyTime`` set to the ideal instant.
    mutating func release(at now: Duration) -> SimulatedPacket<Payload>?
}
