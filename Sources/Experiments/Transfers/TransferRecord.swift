/// The record of what was seen of one transfer, in virtual time or over sockets. Times are seconds from the start of the sender's command.
public struct TransferRecord: Sendable, Equatable {
    /// Something that happened at a time.
    public struct Moment: Sendable, Equatable {
        /// Seconds.
        public let seconds: Double
        /// The chunk's place in the plan; 0 is the manifest.
        public let ordinal: UInt32
        /// Makes a moment.
        public init(seconds: Double, ordinal: UInt32) {
            self.seconds = seconds
            self.ordinal = ordinal
        }
    }

    /// Chunks as the sender had them ready.
    public var ready: [Moment] = []
    /// Chunks as the receiver had them decoded and in their places.
    public var applied: [Moment] = []
    /// When the sender was connected.
    public var connected: Double?
    /// When the first datagram with voxels went to the transport.
    public var firstDatagram: Double?
    /// When the last chunk was confirmed to the sender.
    public var acknowledged: Double?
    /// When the receiver's bytes were found to have the source's digest.
    public var exact: Double?
    /// When the sender had the receipt.
    public var done: Double?
    /// Bytes offered to the link from the sender, IP headers and repeats included.
    public var wireByteCountUp = 0
    /// The same, from the receiver.
    public var wireByteCountDown = 0
    /// Packets the link did not deliver, both ways.
    public var droppedPacketCount = 0
    /// Repeats over first transmissions.
    public var retransmitRatio = 0.0
    /// The rate that the sender took the link to carry in the end, in bits a second on the wire.
    public var rateBitsPerSecond = 0.0
    /// Why it ended early; nil when it did not.
    public var failure: String?

    /// Nothing seen yet.
    public init() {}

    /// Times as they are written: to the microsecond, so that they read back as they are.
    static func rounded(_ seconds: Double) -> Double { (seconds * 1e6).rounded() / 1e6 }
}
