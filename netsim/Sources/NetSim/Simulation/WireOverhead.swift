/// Bytes around a payload on the wire.
///
/// Every size in this module is counted at the IP level, as a shaper on a real link counts it, so this is the only
/// place where headers are added.
public enum WireOverhead {
    /// IPv4 header (20 bytes) and UDP header (8 bytes).
    ///
    /// IPv6 links are charged the same, so that a run does not change with the address family it was made over.
    public static let udpByteCount = 28

    /// SRT's header, which data and control packets share.
    public static let srtHeaderByteCount = 16

    /// All that surrounds the payload of one SRT datagram.
    public static let srtByteCount = udpByteCount + srtHeaderByteCount
}
