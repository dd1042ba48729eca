/// Writes fields in network byte order.
public struct ByteWriter {
    public private(set) var bytes: [UInt8] = []

    public init(capacity: Int = 64) { bytes.reserveCapacity(capacity) }

    public mutating func put<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
    public mutating func put(_ value: Double) { put(value.bitPattern) }
    public mutating func put(_ value: [UInt8]) { bytes.append(contentsOf: value) }
    public mutating func put(_ value: ArraySlice<UInt8>) { bytes.append(contentsOf: value) }
    public mutating func put(_ value: Digest) { bytes.append(contentsOf: value.bytes) }

    /// LEB128: seven bits a byte, least significant first, the top bit set on all but the last.
    public mutating func put(varint value: Int) {
        var rest = UInt64(max(0, value))
        repeat {
            let low = UInt8(rest & 0x7f)
            rest >>= 7
            bytes.append(rest == 0 ? low : low | 0x80)
        } while rest != 0
    }

    /// UTF-8 after its length in one byte.
    public mutating func put(text: String) {
        let utf8 = Array(text.utf8.prefix(255))
        put(UInt8(utf8.count))
        put(utf8)
    }
}
