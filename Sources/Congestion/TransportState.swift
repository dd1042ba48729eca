/// The state of the transport below a sender.
public struct TransportState: Sendable, Equatable {
    /// Messages handed over that are not on the wire yet.
    public var unsentCount = 0
    /// Messages put on the wire again since the connection began.
    public var repeatedCount = 0
    /// Messages handed over that the peer's transport has not confirmed.
    public var inFlightCount = 0

    /// An idle one.
    public init(unsentCount: Int = 0, repeatedCount: Int = 0, inFlightCount: Int = 0) {
        self.unsentCount = unsentCount
        self.repeatedCount = repeatedCount
        self.inFlightCount = inFlightCount
    }
}
