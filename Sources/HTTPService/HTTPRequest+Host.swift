internal import Glibc

extension HTTPRequest {
    /// True when the request names this server by an address or `localhost`, with a port or without. Another site's page may have a
    /// name of its own bound to this address, and its browser then takes what is served here for that site's: such a request has the name
    /// in its Host header.
    package var hasLiteralHost: Bool { headers["host"].map(Self.isLiteral) ?? false }

    /// Tells whether a Host header is `localhost` or an address, with a port or without: no name server has a say in it then.
    fileprivate static func isLiteral(_ host: String) -> Bool {
        var name = Substring(host)
        if name.hasPrefix("[") {
            guard let end = name.firstIndex(of: "]") else { return false }
            let rest = name[name.index(after: end)...]
            name = name[name.index(after: name.startIndex)..<end]
            guard isPort(rest) else { return false }
            var address = in6_addr()
            return !name.utf8.contains(0) && inet_pton(AF_INET6, String(name), &address) == 1
        }
        if let colon = name.firstIndex(of: ":") {
            guard isPort(name[colon...]) else { return false }
            name = name[..<colon]
        }
        var address = in_addr()
        return name == "localhost" || !name.utf8.contains(0) && inet_pton(AF_INET, String(name), &address) == 1
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.isEmpty || text.first == ":" && UInt16(text.dropFirst()) != nil
    }
}
