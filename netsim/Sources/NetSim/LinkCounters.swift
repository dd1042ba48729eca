/// What has passed through one direction of a link so far, counted at the IP level.
public struct LinkCounters: Sendable, Equatable {
    /// Packets offered to the link.
    public var arrivedPacketCount: Int = 0
    /// Bytes offered to the link.
    public var arrivedByteCount: Int = 0
    /// Packets that came out.
    public var departedPacketCount: Int = 0
    /// Bytes that came out.
    public var departedByteCount: Int = 0
    /// Packets lost, refused by a full queue or cut off.
    public var droppedPacketCount: Int = 0
    /// Bytes lost, refused by a full queue or cut off.
    public var droppedByteCount: Int = 0

    /// Creates counters at zero.
    public init() {}

    /// Adds another link's counters to these.
    public static func += (left: inout LinkCounters, right: LinkCounters) {
        left.arrivedPacketCount += right.arrivedPacketCount
        left.arrivedByteCount += right.arrivedByteCount
        left.departedPacketCount += right.departedPacketCount
        left.departedByteCount += right.departedByteCount
        left.droppedPacketCount += right.droppedPacketCount
        left.droppedByteCount += right.droppedByteCount
    }

    mutating func count(_ event: LinkEvent) {
        switch event.kind {
        case .arrival:
            arrivedPacketCount += 1
            arrivedByteCount += event.byteCount
        case .departure:
            departedPacketCount += 1
            departedByteCount += event.byteCount
        case .drop:
            droppedPacketCount += 1
            droppedByteCount += event.byteCount
        }
    }
}
