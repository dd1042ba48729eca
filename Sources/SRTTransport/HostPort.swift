internal import Faults
internal import Glibc

/// An address to listen on or to connect to: `HOST:PORT`, with brackets around an IPv6 address.
package struct HostPort: Sendable, Equatable, CustomStringConvertible {
    /// A name or an address, without brackets.
    package let host: String
    /// 0 lets the system choose, where one listens.
    package let port: UInt16

    /// Makes an address.
    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads `HOST:PORT`.
    /// - Throws: `TransportError.Code.invalidAddress`.
    package init(parsing text: String) throws(TransportError) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw TransportError(
                .invalidAddress, "'\(text)' is no address: write HOST:PORT, for example 127.0.0.1:9710 or [::1]:9710")
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            throw TransportError(.invalidAddress, "'\(text)': put brackets around an IPv6 address, for example [::1]:9710")
        }
        guard !host.isEmpty else { throw TransportError(.invalidAddress, "'\(text)' names no host") }
        self.init(host: host, port: port)
    }

    /// True when it is on this machine, by its text alone.
    package var isLoopback: Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." }
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Calls `body` with one socket address of the host after another until it succeeds; false when none does.
    /// - Throws: `TransportError.Code.cannotConnect` when the host has no address now.
    func firstWorking(_ body: (UnsafePointer<sockaddr>, Int32) -> Bool) throws(TransportError) -> Bool {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard status == 0 else { throw TransportError(.cannotConnect, "\(self): \(String(cString: gai_strerror(status)))") }
        var next = list
        while let entry = next?.pointee {
            if let address = entry.ai_addr, body(address, Int32(entry.ai_addrlen)) { return true }
            next = entry.ai_next
        }
        return false
    }

    /// A socket's address in numbers; an IPv4 address that a socket for both maps into IPv6 is shown as what it is.
    init?(numbersOf address: sockaddr_storage) {
        var copy = address
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let status = withUnsafePointer(to: &copy) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getnameinfo(
                    $0, socklen_t(MemoryLayout<sockaddr_storage>.size), &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
            }
        }
        guard status == 0 else { return nil }
        let host = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let mapped = "::ffff:"
        self.init(
            host: host.hasPrefix(mapped) && host.contains(".") ? String(host.dropFirst(mapped.count)) : host,
            port: Self.port(of: address))
    }

    static func port(of address: sockaddr_storage) -> UInt16 {
        withUnsafeBytes(of: address) { raw in
            // The port stands at the same place in IPv4 and IPv6 addresses.
            UInt16(bigEndian: raw.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
        }
    }
}
