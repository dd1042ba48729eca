/// The record of what was seen of one transfer, in virtual time or over sockets. Times are seconds from the start of the sender's command.
package struct TransferRecord: Sendable, Equatable {
    /// Something that happened at a time.
    package struct Moment: Sendable, Equatable {
        /// Seconds.
        package let seconds: Double
        /// The chunk's place in the plan; 0 is the manifest.
        package let ordinal: UInt32
        /// Makes a moment.
        package init(seconds: Double, ordinal: UInt32) {
            self.seconds = seconds
            self.ordinal = ordinal
        }
    }

    /// Chunks as the sender had them ready.
    package var ready: [Moment] = []
    /// Chunks as the receiver had them decoded and in their places.
    package var applied: [Moment] = []
    /// When the sender was connected.
    package var connected: Double?
    /// When the first datagram with voxels went to the transport.
    package var firstDatagram: Double?
    /// When the last chunk was confirmed to the sender.
    package var acknowledged: Double?
    /// When the receiver's bytes were found to have the source's digest.
    package var exact: Double?
    /// When the sender had the receipt.
    package var done: Double?
    /// Bytes offered to the link from the sender, IP headers and repeats included.
    package var wireByteCountUp = 0
    /// The same, from the receiver.
    package var wireByteCountDown = 0
    /// Packets the link did not deliver, both ways.
    package var droppedPacketCount = 0
    /// Repeats over first transmissions.
    package var retransmitRatio = 0.0
    /// The rate that the sender took the link to carry in the end, in bits a second on the wire.
    package var rateBitsPerSecond = 0.0
    /// Why it ended early; nil when it did not.
    package var failure: String?

    /// Nothing seen yet.
    package init() {}

    /// Times as they are written: to the microsecond, so that they read back as they are.
    static func rounded(_ seconds: Double) -> Double { (seconds * 1e6).rounded() / 1e6 }
}
