/// Bits that are noise, written as they are, the lowest first.
struct RawBitWriter {
    private(set) var bytes: [UInt8] = []
    private var pending: UInt64 = 0
    private var count: UInt64 = 0

    @inline(__always)
    mutating func put(_ bits: UInt32, count added: Int) {
        pending |= UInt64(bits) &<< count
        count &+= UInt64(truncatingIfNeeded: added)
        if count >= 32 {
            withUnsafeBytes(of: UInt32(truncatingIfNeeded: pending).littleEndian) { bytes.append(contentsOf: $0) }
            pending >>= 32
            count &-= 32
        }
    }

    /// Fills the last byte up with zeros.
    mutating func flush() {
        while count > 0 {
            bytes.append(UInt8(truncatingIfNeeded: pending))
            pending >>= 8
            count -= min(8, count)
        }
        pending = 0
    }

    mutating func clear() { bytes.removeAll(keepingCapacity: true) }
}

/// Gives them back; beyond the end, zeros.
struct RawBitReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var next: Int
    private let end: Int
    private var pending: UInt64 = 0
    private var count: UInt64 = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
        self.bytes = bytes
        next = range.lowerBound
        end = range.upperBound
    }

    /// At most 32 bits.
    @inline(__always)
    mutating func take(_ wanted: Int) -> UInt32 {
        let wanted = UInt64(truncatingIfNeeded: wanted)
        while count < wanted {
            if next < end {
                pending |= UInt64(bytes[next]) &<< count
                next &+= 1
            }
            count &+= 8
        }
        let bits = UInt32(truncatingIfNeeded: pending & (1 &<< wanted &- 1))
        pending = pending &>> wanted
        count &-= wanted
        return bits
    }
}
