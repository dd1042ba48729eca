/// Stored values as their bits in the low bytes of 64: how manifests and value tables have them, and what loops over any type compare.
public enum StoredValue {
    /// The value that bits stand for; exact, but for whole numbers of 64 bits beyond 2^53.
    public static func double(_ bits: UInt64, _ type: VoxelType) -> Double {
        switch type {
        case .int8: Double(Int8(truncatingIfNeeded: bits))
        case .uint8: Double(UInt8(truncatingIfNeeded: bits))
        case .int16: Double(Int16(truncatingIfNeeded: bits))
        case .uint16: Double(UInt16(truncatingIfNeeded: bits))
        case .int32: Double(Int32(truncatingIfNeeded: bits))
        case .uint32: Double(UInt32(truncatingIfNeeded: bits))
        case .float32: Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        case .float64: Double(bitPattern: bits)
        case .int64: Double(Int64(bitPattern: bits))
        case .uint64: Double(bits)
        }
    }

    /// Whole numbers up to this are exact as a double.
    public static let exactLimit = 9_007_199_254_740_992.0
}
