/// Counts of what has passed through one direction of a link so far, at the IP level.
public struct LinkCounters: Sendable, Equatable {
    /// Packets offered to the link.
    public var arrivedPacketCount: Int = 0
    /// Bytes offered to the link.
    public var arrivedByteCount: Int = 0
    /// Packets that came out, copies among them.
    public var departedPacketCount: Int = 0
    /// Bytes that came out, those of copies among them.
    public var departedByteCount: Int = 0
    /// Packets lost, dropped by the queue or cut off, copies among them.
    public var droppedPacketCount: Int = 0
    /// Bytes lost, dropped by the queue or cut off, those of copies among them.
    public var droppedByteCount: Int = 0
    /// Copies that the link made. What arrived, and these, departed, was dropped or is under way.
    public var duplicatedPacketCount: Int = 0
    /// Packets that came out with a bit flipped, copies among them.
    public var corruptedPacketCount: Int = 0

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
        left.duplicatedPacketCount += right.duplicatedPacketCount
        left.corruptedPacketCount += right.corruptedPacketCount
    }

    mutating func count(_ event: LinkEvent) {
        switch event.kind {
        case .arrival where event.marks.contains(.duplicate):
            duplicatedPacketCount += 1
        case .arrival:
            arrivedPacketCount += 1
            arrivedByteCount += event.byteCount
        case .departure:
            departedPacketCount += 1
            departedByteCount += event.byteCount
            if event.marks.contains(.corrupt) { corruptedPacketCount += 1 }
        case .drop:
            droppedPacketCount += 1
            droppedByteCount += event.byteCount
        }
    }
}
