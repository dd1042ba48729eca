/// Writes fields in network byte order.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 64) { bytes.reserveCapacity(capacity) }

    mutating func put<T: FixedWidthInteger>(_ value: T) { withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) } }
    mutating func put(_ value: Double) { put(value.bitPattern) }
    mutating func put(_ value: [UInt8]) { bytes.append(contentsOf: value) }
    mutating func put(_ value: ArraySlice<UInt8>) { bytes.append(contentsOf: value) }
    mutating func put(_ value: Digest) { bytes.append(contentsOf: value.bytes) }

    /// LEB128: seven bits a byte, least significant first, the top bit set on all but the last.
    mutating func put(varint value: Int) {
        var rest = UInt64(max(0, value))
        repeat {
            let low = UInt8(rest & 0x7f)
            rest >>= 7
            bytes.append(rest == 0 ? low : low | 0x80)
        } while rest != 0
    }

    /// UTF-8 after its length in one byte.
    mutating func put(text: String) {
        let utf8 = Array(text.utf8.prefix(255))
        put(UInt8(utf8.count))
        put(utf8)
    }
}

/// Reads fields in network byte order; every read is checked against what is left.
struct ByteReader {
    private let bytes: [UInt8]
    private(set) var position: Int

    init(_ bytes: [UInt8], from position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    var remaining: Int { bytes.count - position }

    mutating func take(_ count: Int, _ field: StaticString) throws(WireError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else { throw WireError(.truncated, "cut off at byte \(position), in '\(field)'") }
        defer { position += count }
        return bytes[position..<position + count]
    }
    mutating func take<T: FixedWidthInteger>(_ type: T.Type, _ field: StaticString) throws(WireError) -> T {
        try take(MemoryLayout<T>.size, field).reduce(0) { $0 << 8 | T(truncatingIfNeeded: $1) }
    }
    mutating func takeDouble(_ field: StaticString) throws(WireError) -> Double { Double(bitPattern: try take(UInt64.self, field)) }
    mutating func takeDigest(_ field: StaticString) throws(WireError) -> Digest {
        Digest(unchecked: Array(try take(Digest.byteCount, field)))
    }

    mutating func takeVarint(_ field: StaticString, limit: Int) throws(WireError) -> Int {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 63, by: 7) {
            let byte = try take(UInt8.self, field)
            value |= UInt64(byte & 0x7f) << shift
            guard byte & 0x80 == 0 else { continue }
            guard value <= UInt64(limit) else { throw WireError(.limitExceeded, "'\(field)' is \(value), above \(limit)") }
            return Int(value)
        }
        throw WireError(.invalidField, "'\(field)' is longer than any number")
    }

    mutating func takeText(_ field: StaticString, limit: Int) throws(WireError) -> String {
        let count = Int(try take(UInt8.self, field))
        return try takeText(field, count: count, limit: limit)
    }
    mutating func takeText(_ field: StaticString, count: Int, limit: Int) throws(WireError) -> String {
        guard count <= limit else { throw WireError(.limitExceeded, "'\(field)' has \(count) bytes, above \(limit)") }
        guard let text = String(validating: try take(count, field), as: UTF8.self) else {
            throw WireError(.invalidField, "'\(field)' is not UTF-8")
        }
        return text
    }

    func requireEnd() throws(WireError) {
        guard remaining == 0 else { throw WireError(.trailingBytes, "\(remaining) bytes follow the last field") }
    }
}
