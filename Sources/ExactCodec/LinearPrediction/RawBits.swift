/// Bits that are noise, written as they are, the lowest first.
struct RawBitWriter: ~Copyable {
    /// Whole bytes, ``byteCount`` of them.
    let bytes: UnsafeMutablePointer<UInt8>
    var byteCount = 0
    /// Bits that fill no byte yet.
    var pending: UInt64 = 0
    var count: UInt64 = 0
    private let capacity: Int

    /// - Parameter numbers: the most that are put in before they are taken; at most 34 bits each.
    init(numbers: Int) {
        capacity = 5 * numbers + 8
        bytes = .allocate(capacity: capacity)
    }

    deinit { bytes.deallocate() }

    @inline(__always)
    mutating func put(_ bits: UInt32, count added: Int) {
        pending |= UInt64(bits) &<< count
        count &+= UInt64(truncatingIfNeeded: added)
        if count >= 32 {
            precondition(byteCount + 4 <= capacity, "more bits than there was to be room for")
            UnsafeMutableRawPointer(bytes + byteCount)
                .storeBytes(of: UInt32(truncatingIfNeeded: pending).littleEndian, as: UInt32.self)
            byteCount += 4
            pending >>= 32
            count &-= 32
        }
    }

    /// Takes all that was put in, the last byte filled up with zeros.
    mutating func takeBytes() -> [UInt8] {
        while count > 0 {
            bytes[byteCount] = UInt8(truncatingIfNeeded: pending)
            byteCount += 1
            pending >>= 8
            count -= min(8, count)
        }
        defer {
            byteCount = 0
            pending = 0
        }
        return Array(UnsafeBufferPointer(start: bytes, count: byteCount))
    }
}

/// Gives them back; beyond the end, zeros.
struct RawBitReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    var next: Int
    let end: Int
    var pending: UInt64 = 0
    var count: UInt64 = 0

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
