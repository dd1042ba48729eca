/// A request: its head, and the bytes after it.
package struct HTTPRequest: Sendable, Equatable {
    /// GET, HEAD, ...
    package let method: String
    /// As it stands in the request: neither decoded nor put in order, so that nothing but a path itself is that path.
    package let path: String
    /// The text after the path's question mark, as it stands there; empty where there is none.
    package let query: String
    /// By their names in small letters; of a name that occurs twice, both values with a comma between.
    package let headers: [String: String]
    /// The bytes that follow the head.
    package var body: [UInt8] = []
    /// True when the client would go on with this connection.
    let wantsMore: Bool

    /// The most bytes of a head.
    static let headByteLimit = 8 << 10

    /// Reads a head.
    /// - Parameter bytes: the head, its empty line included or not.
    /// - Returns: nil where it is no request of HTTP/1.
    package init?(parsing bytes: some Collection<UInt8>) {
        var lines = Array(bytes).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
            line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        }
        guard let first = lines.first, first.allSatisfy({ (0x20..<0x7f).contains($0) }) else { return nil }
        lines.removeFirst()
        let parts = first.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        let version = String(decoding: parts[2], as: UTF8.self)
        guard ["HTTP/1.0", "HTTP/1.1"].contains(version) else { return nil }
        method = String(decoding: parts[0], as: UTF8.self)
        let target = parts[1].split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        path = String(decoding: target[0], as: UTF8.self)
        query = target.count > 1 ? String(decoding: target[1], as: UTF8.self) : ""
        var headers: [String: String] = [:]
        for line in lines where !line.isEmpty {
            guard let (name, value) = Self.header(line) else { return nil }
            headers[name] = headers[name].map { "\($0), \(value)" } ?? value
        }
        self.headers = headers
        wantsMore = version == "HTTP/1.1" && headers["connection"]?.lowercased() != "close"
    }

    private static func header(_ line: ArraySlice<UInt8>) -> (name: String, value: String)? {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else { return nil }
        let name = line[..<colon]
        guard name.allSatisfy({ (0x21..<0x7f).contains($0) }), line[colon...].allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 9 })
        else { return nil }
        let blanks: Set<UInt8> = [0x20, 9]
        let value = line[(colon + 1)...].drop { blanks.contains($0) }
        let length = value.lastIndex { !blanks.contains($0) }.map { $0 + 1 } ?? value.startIndex
        return (String(decoding: name, as: UTF8.self).lowercased(), String(decoding: value[..<length], as: UTF8.self))
    }

    /// Number of bytes that follow the head; nil where that is not said in a way that is taken here.
    var bodyByteCount: Int? {
        guard headers["transfer-encoding"] == nil else { return nil }
        guard let text = headers["content-length"] else { return 0 }
        guard !text.isEmpty, text.utf8.count <= 12, text.utf8.allSatisfy({ (0x30..<0x3a).contains($0) }) else { return nil }
        return Int(text)
    }

    /// Returns the index where the head ends in these bytes, of which those before `start` were looked at already; nil where it does not end.
    static func headEnd(_ bytes: [UInt8], from start: Int) -> Int? {
        let end: [UInt8] = [13, 10, 13, 10]
        // The end may have begun before.
        return bytes[max(0, start - end.count + 1)...].firstRange(of: end)?.upperBound
    }

    /// The value of a name in the query; nil where it is not there. Nothing is decoded.
    package func parameter(_ name: String) -> String? {
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts[0] == name { return parts.count > 1 ? String(parts[1]) : "" }
        }
        return nil
    }
}
