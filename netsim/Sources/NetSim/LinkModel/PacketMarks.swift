/// Marks for what a link has done to a packet besides delaying it.
public struct PacketMarks: OptionSet, Sendable {
    /// The marks as bits.
    public let rawValue: UInt8

    /// Creates marks from their bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The packet is a copy that the link made.
    public static let duplicate = PacketMarks(rawValue: 1)
    /// A bit of the payload was flipped, if the payload is ``BitFlippable``.
    public static let corrupt = PacketMarks(rawValue: 2)
}
