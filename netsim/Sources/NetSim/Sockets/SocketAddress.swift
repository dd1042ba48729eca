import Glibc

/// An IP address and port as the kernel has them, small enough to be a dictionary's key for every datagram.
struct SocketAddress: Hashable, Sendable {
    let family: Int32
    let port: UInt16
    /// The address in network order as it lies in memory; IPv4 uses the first four bytes.
    private let high: UInt64
    private let low: UInt64
    private let scope: UInt32

    /// Reads an IP literal or `localhost`; `nil` for anything else.
    init?(host: String, port: UInt16) {
        var bytes: (UInt64, UInt64) = (0, 0)
        let literal = host == "localhost" ? "127.0.0.1" : host
        // A NUL would end the C string early, and what is behind it would be silently ignored.
        guard !literal.utf8.contains(0) else { return nil }
        if inet_pton(AF_INET, literal, &bytes) == 1 {
            family = AF_INET
        } else if inet_pton(AF_INET6, literal, &bytes) == 1 {
            family = AF_INET6
        } else {
            return nil
        }
        (high, low) = bytes
        self.port = port
        scope = 0
    }

    /// Reads what the kernel wrote; `nil` for families other than IPv4 and IPv6.
    init?(_ storage: sockaddr_storage) {
        var bytes: (UInt64, UInt64) = (0, 0)
        family = Int32(storage.ss_family)
        switch family {
        case AF_INET:
            let address = withUnsafeBytes(of: storage) { $0.loadUnaligned(as: sockaddr_in.self) }
            port = UInt16(bigEndian: address.sin_port)
            scope = 0
            withUnsafeMutableBytes(of: &bytes) { $0.storeBytes(of: address.sin_addr, as: in_addr.self) }
        case AF_INET6:
            let address = withUnsafeBytes(of: storage) { $0.loadUnaligned(as: sockaddr_in6.self) }
            port = UInt16(bigEndian: address.sin6_port)
            scope = address.sin6_scope_id
            withUnsafeMutableBytes(of: &bytes) { $0.storeBytes(of: address.sin6_addr, as: in6_addr.self) }
        default:
            return nil
        }
        (high, low) = bytes
    }

    /// Lends the address in the form that socket calls take.
    func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        let bytes = (high, low)
        var storage = sockaddr_storage()
        let length: Int
        if family == AF_INET {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr = withUnsafeBytes(of: bytes) { $0.loadUnaligned(as: in_addr.self) }
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: sockaddr_in.self) }
            length = MemoryLayout<sockaddr_in>.size
        } else {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_scope_id = scope
            address.sin6_addr = withUnsafeBytes(of: bytes) { $0.loadUnaligned(as: in6_addr.self) }
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: sockaddr_in6.self) }
            length = MemoryLayout<sockaddr_in6>.size
        }
        return withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(length)) }
        }
    }
}
