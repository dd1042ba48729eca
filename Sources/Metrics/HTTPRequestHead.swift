/// A request's first line, and how its head comes in.
struct HTTPRequestHead: Sendable, Equatable {
    /// GET, HEAD, ...
    let method: String
    /// As it stands in the request: neither decoded nor put in order, so that nothing but a path itself is that path.
    let path: String

    /// The most bytes of a head.
    static let byteLimit = 8 << 10

    /// Reads a head's first line.
    /// - Parameter bytes: the head, or its beginning.
    /// - Returns: nil where it is no request of HTTP/1.
    init?(parsing bytes: some Collection<UInt8>) {
        let line = bytes.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
        guard line.allSatisfy({ (0x20..<0x7f).contains($0) }) else { return nil }
        let parts = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }),
            ["HTTP/1.0", "HTTP/1.1"].contains(String(decoding: parts[2], as: UTF8.self))
        else { return nil }
        method = String(decoding: parts[0], as: UTF8.self)
        path = String(decoding: parts[1].prefix { $0 != UInt8(ascii: "?") }, as: UTF8.self)
    }

    /// Whether the head ends in these bytes, of which those before `start` were looked at already.
    static func isWhole(_ bytes: [UInt8], from start: Int) -> Bool {
        let end: [UInt8] = [13, 10, 13, 10]
        // The end may have begun before.
        return bytes[max(0, start - end.count + 1)...].contains(end)
    }
}
