/// Codes one bit at a time, each with its own probability. An encoder is told the bit; a decoder gives it back.
///
/// One model serves both, so that they cannot differ.
protocol BinaryCoder {
    /// - Parameters:
    ///   - bit: 0 or 1; a decoder ignores it.
    ///   - probability: that the bit is 1, in 65536ths, 1 to 65535.
    mutating func code(_ bit: Int, probability: UInt32) -> Int
}

/// Carry-less range coder with 32-bit bounds, after Mahoney's PAQ.
struct BinaryEncoder: BinaryCoder {
    private var low: UInt32 = 0
    private var high: UInt32 = .max
    private(set) var bytes: [UInt8] = []

    init(capacity: Int) { bytes.reserveCapacity(capacity) }

    @inline(__always)
    mutating func code(_ bit: Int, probability: UInt32) -> Int {
        let middle = low &+ UInt32(truncatingIfNeeded: (UInt64(high &- low) &* UInt64(probability)) >> 16)
        if bit != 0 { high = middle } else { low = middle &+ 1 }
        while (low ^ high) & 0xff00_0000 == 0 {
            bytes.append(UInt8(truncatingIfNeeded: high >> 24))
            low <<= 8
            high = high << 8 | 255
        }
        return bit
    }

    /// Writes what makes the last bits certain to a decoder that reads zeros beyond the end.
    mutating func finish() -> [UInt8] {
        bytes.append(UInt8(truncatingIfNeeded: low >> 24 &+ 1))
        return bytes
    }
}

/// The other end. Beyond its bytes it reads zeros, so that it always comes to an end.
struct BinaryDecoder: BinaryCoder {
    private var low: UInt32 = 0
    private var high: UInt32 = .max
    private var code: UInt32 = 0
    private var next: Int
    private let bytes: UnsafeBufferPointer<UInt8>

    init(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) {
        self.bytes = bytes
        next = start
        for _ in 0..<4 { code = code << 8 | take() }
    }

    @inline(__always)
    private mutating func take() -> UInt32 {
        defer { next &+= 1 }
        return next < bytes.count ? UInt32(bytes[next]) : 0
    }

    @inline(__always)
    mutating func code(_ bit: Int, probability: UInt32) -> Int {
        let middle = low &+ UInt32(truncatingIfNeeded: (UInt64(high &- low) &* UInt64(probability)) >> 16)
        let bit = code <= middle ? 1 : 0
        if bit != 0 { high = middle } else { low = middle &+ 1 }
        while (low ^ high) & 0xff00_0000 == 0 {
            low <<= 8
            high = high << 8 | 255
            code = code << 8 | take()
        }
        return bit
    }
}
