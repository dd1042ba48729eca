/// A packet on its way through a simulated link.
///
/// The link never looks into the payload: a relay carries bytes, a simulated transport carries its own messages.
public struct SimulatedPacket<Payload: Sendable>: Sendable {
    /// The payload that is carried.
    public internal(set) var payload: Payload
    /// Size at the IP level, headers included.
    public let byteCount: Int
    /// When the packet entered the link.
    public let arrivalTime: Duration
    /// The ideal instant at which the packet left the last element it passed, however late it was asked for.
    ///
    /// The next element counts from here, so that a caller that wakes up late does not slow the link down.
    public internal(set) var readyTime: Duration
    /// Number and marks in one word: a packet of more words is copied by calls to the runtime, which takes twice as long.
    private var identity: UInt64

    /// Which of its direction's packets it is. ``LinkModel`` counts those offered to it.
    ///
    /// Random draws for a packet follow from this number, so that they stay the same whatever becomes of the others.
    public internal(set) var number: UInt64 {
        get { identity >> Self.markBitCount }
        set { identity = newValue << Self.markBitCount | identity & Self.markMask }
    }

    /// The marks for what the link has done to the packet.
    public internal(set) var marks: PacketMarks {
        get { PacketMarks(rawValue: UInt8(truncatingIfNeeded: identity)) }
        set { identity = identity & ~Self.markMask | UInt64(newValue.rawValue) }
    }

    private static var markBitCount: UInt64 { 8 }
    private static var markMask: UInt64 { 0xFF }

    /// Creates a packet that enters the link at `arrivalTime`.
    ///
    /// - Parameters:
    ///   - payload: What is carried.
    ///   - byteCount: Size at the IP level; values below 1 count as 1.
    ///   - arrivalTime: When the packet enters the link.
    ///   - number: Which packet it is, below 2⁵⁶, where elements are used without a ``LinkModel``, which counts by itself.
    public init(payload: Payload, byteCount: Int, arrivalTime: Duration, number: UInt64 = 0) {
        self.payload = payload
        self.byteCount = max(1, byteCount)
        self.arrivalTime = arrivalTime
        self.readyTime = arrivalTime
        identity = number << Self.markBitCount
    }
}
