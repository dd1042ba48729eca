/// The limits beyond which this version of the format refuses to go, on either side.
package enum WireLimits {
    /// Bytes of one datagram: what an SRT message holds on a 1500-byte path.
    package static let datagramByteCount = 1456
    /// Bytes of one chunk record.
    package static let chunkByteCount = 64 << 20
    /// Chunks of one session.
    package static let chunkCount = 16_384
    /// Volumes of one session.
    package static let volumeCount = 16
    /// ROI boxes of one volume.
    package static let regionCount = 64
    /// Bytes of a session's or a volume's name.
    package static let nameByteCount = 64
    /// Bytes of an abort's message.
    package static let messageByteCount = 512
    /// Pages of holdings in one answer.
    package static let holdingsPageCount = 1024
}
