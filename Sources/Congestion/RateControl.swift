/// The way a sender's rate comes about.
public enum RateControl: Sendable, Equatable {
    /// As it is given, in bits a second on the wire: headers and what is sent again included.
    case fixed(Double)
    /// Found out on the way, at most `ceiling`; `hint` is what this peer's link carried the last time.
    case automatic(ceiling: Double? = nil, hint: Double? = nil)

    /// Bytes of IP, UDP and SRT headers before a datagram.
    public static let overheadByteCount = 44
    /// Bytes of a full datagram on the wire.
    public static let wireByteCount = 1500
}
