/// A packet on its way through a simulated link.
///
/// The link never looks into the payload: a relay carries bytes, a simulated transport carries its own messages.
public struct SimulatedPacket<Payload: Sendable>: Sendable {
    /// What is carried.
    public let payload: Payload
    /// Size at the IP level, headers included.
    public let byteCount: Int
    /// When the packet entered the link.
    public let arrivalTime: Duration
    /// The ideal instant at which the packet left the last element it passed, however late it was asked for.
    ///
    /// The next element counts from here, so that a caller that wakes up late does not slow the link down.
    public internal(set) var readyTime: Duration

    /// Creates a packet that enters the link at `arrivalTime`.
    ///
    /// - Parameter byteCount: Size at the IP level; values below 1 count as 1.
    public init(payload: Payload, byteCount: Int, arrivalTime: Duration) {
        self.payload = payload
        self.byteCount = max(1, byteCount)
        self.arrivalTime = arrivalTime
        self.readyTime = arrivalTime
    }
}
