internal import Faults

/// An IP address and a UDP port, given as text by people: `127.0.0.1:9000`, `[::1]:9000` or `localhost:9000`.
///
/// Names other than `localhost` are refused, so that nothing here waits for a name server.
public struct HostPort: Sendable, Equatable, CustomStringConvertible {
    /// The address as given, without brackets.
    public let host: String
    /// The UDP port; 0 lets the system choose where an address is listened on.
    public let port: UInt16

    /// Creates an address.
    ///
    /// - Parameter host: An IPv4 or IPv6 literal, or `localhost`, which means 127.0.0.1.
    /// - Throws: ``NetSimError`` with code `invalidAddress` for any other host.
    public init(host: String, port: UInt16) throws {
        guard SocketAddress(host: host, port: port) != nil else {
            throw NetSimError(.invalidAddress, "\"\(host)\" is neither an IPv4 or IPv6 address nor localhost")
        }
        self.host = host
        self.port = port
    }

    /// Reads `host:port`, with an IPv6 literal in brackets.
    ///
    /// - Throws: ``NetSimError`` with code `invalidAddress` for text of any other form.
    public init(_ text: String) throws {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw NetSimError(.invalidAddress, "\"\(text)\" is not host:port with a port from 0 to 65535")
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw NetSimError(.invalidAddress, "\"\(text)\" needs brackets around its IPv6 address: [::1]:9000")
        }
        try self.init(host: String(host), port: port)
    }

    /// The text that reads back as this address.
    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
