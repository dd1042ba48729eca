public import Faults

/// Reads fields in network byte order; every read is checked against what is left.
public struct ByteReader {
    private let bytes: [UInt8]
    public private(set) var position: Int

    public init(_ bytes: [UInt8], from position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    public var remaining: Int { bytes.count - position }

    public mutating func take(_ count: Int, _ field: StaticString) throws(FormatError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else { throw FormatError(.truncated, "cut off at byte \(position), in '\(field)'") }
        defer { position += count }
        return bytes[position..<position + count]
    }
    public mutating func take<T: FixedWidthInteger>(_ type: T.Type, _ field: StaticString) throws(FormatError) -> T {
        try take(MemoryLayout<T>.size, field).reduce(0) { $0 << 8 | T(truncatingIfNeeded: $1) }
    }
    public mutating func takeDouble(_ field: StaticString) throws(FormatError) -> Double {
        Double(bitPattern: try take(UInt64.self, field))
    }
    public mutating func takeDigest(_ field: StaticString) throws(FormatError) -> Digest {
        Digest(unchecked: Array(try take(Digest.byteCount, field)))
    }

    public mutating func takeVarint(_ field: StaticString, limit: Int) throws(FormatError) -> Int {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 63, by: 7) {
            let byte = try take(UInt8.self, field)
            value |= UInt64(byte & 0x7f) << shift
            guard byte & 0x80 == 0 else { continue }
            guard value <= UInt64(limit) else { throw FormatError(.limitExceeded, "'\(field)' is \(value), above \(limit)") }
            return Int(value)
        }
        throw FormatError(.invalidField, "'\(field)' is longer than any number")
    }

    public mutating func takeText(_ field: StaticString, limit: Int) throws(FormatError) -> String {
        let count = Int(try take(UInt8.self, field))
        return try takeText(field, count: count, limit: limit)
    }
    public mutating func takeText(_ field: StaticString, count: Int, limit: Int) throws(FormatError) -> String {
        guard count <= limit else { throw FormatError(.limitExceeded, "'\(field)' has \(count) bytes, above \(limit)") }
        guard let text = String(validating: try take(count, field), as: UTF8.self) else {
            throw FormatError(.invalidField, "'\(field)' is not UTF-8")
        }
        return text
    }

    public func requireEnd() throws(FormatError) {
        guard remaining == 0 else { throw FormatError(.trailingBytes, "\(remaining) bytes follow the last field") }
    }
}
