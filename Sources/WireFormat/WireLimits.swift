/// The limits beyond which this version of the format refuses to go, on either side.
public enum WireLimits {
    /// Bytes of one datagram: what an SRT message holds on a 1500-byte path.
    public static let datagramByteCount = 1456
    /// Bytes of one chunk record.
    public static let chunkByteCount = 64 << 20
    /// Chunks of one session.
    public static let chunkCount = 16_384
    /// Volumes of one session.
    public static let volumeCount = 16
    /// ROI boxes of one volume.
    public static let regionCount = 64
    /// Bytes of a session's or a volume's name.
    public static let nameByteCount = 64
    /// Bytes of an abort's message.
    public static let messageByteCount = 512
    /// Pages of holdings in one answer.
    public static let holdingsPageCount = 1024
}
