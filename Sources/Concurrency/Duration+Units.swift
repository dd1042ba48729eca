extension Duration {
    /// Whole microseconds, modulo 2^32: a datagram's time stamp.
    public var wrappedMicroseconds: UInt32 { UInt32(truncatingIfNeeded: microseconds) }
    /// Whole microseconds.
    public var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
    /// In seconds.
    public var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
