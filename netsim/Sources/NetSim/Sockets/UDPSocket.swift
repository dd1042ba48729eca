internal import Faults
import Glibc

/// A non-blocking UDP socket, closed when the last reference goes.
final class UDPSocket {
    let descriptor: Int32

    /// Bursts arrive faster than the relay's thread wakes up on a busy machine. The system may grant less.
    private static let bufferByteCount: Int32 = 4 << 20

    private init(family: Int32) throws {
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        descriptor = socket(family, type, 0)
        guard descriptor >= 0 else { throw NetSimError.system(.socket, "no UDP socket") }
        var byteCount = Self.bufferByteCount
        let length = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &byteCount, length)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &byteCount, length)
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// A socket that listens on `address`, named `name` in errors.
    convenience init(boundTo address: SocketAddress, name: String) throws {
        try self.init(family: address.family)
        guard address.withSockaddr({ bind(descriptor, $0, $1) }) == 0 else {
            throw NetSimError.system(.socket, "cannot listen on \(name)")
        }
    }

    /// A socket that exchanges datagrams with `address` only.
    convenience init(connectedTo address: SocketAddress) throws {
        try self.init(family: address.family)
        guard address.withSockaddr({ connect(descriptor, $0, $1) }) == 0 else {
            throw NetSimError.system(.socket, "cannot reach port \(address.port)")
        }
    }

    /// The port that the socket is bound to, or 0 if there is none.
    var localPort: UInt16 {
        var storage = sockaddr_storage()
        let result = Self.withSockaddr(&storage) { getsockname(descriptor, $0, $1) }
        return result == 0 ? SocketAddress(storage)?.port ?? 0 : 0
    }

    /// Takes one datagram, or `nil` when there is none for now.
    ///
    /// An error reported for an earlier datagram, such as a peer that is away, counts as none for now: reading it has
    /// cleared it.
    func receive(using scratch: inout [UInt8]) -> (payload: [UInt8], from: SocketAddress)? {
        var storage = sockaddr_storage()
        let count = scratch.withUnsafeMutableBytes { buffer in
            Self.withSockaddr(&storage) { recvfrom(descriptor, buffer.baseAddress, buffer.count, 0, $0, $1) }
        }
        guard count >= 0, let address = SocketAddress(storage) else { return nil }
        return (Array(scratch[0..<count]), address)
    }

    /// Sends to the connected peer.
    ///
    /// - Returns: Whether the system took the datagram.
    func send(_ payload: [UInt8]) -> Bool {
        if Glibc.send(descriptor, payload, payload.count, 0) >= 0 { return true }
        // The error belongs to an earlier datagram whose peer was away; this one has not been sent yet.
        return errno == ECONNREFUSED && Glibc.send(descriptor, payload, payload.count, 0) >= 0
    }

    /// Sends to `address`.
    ///
    /// - Returns: Whether the system took the datagram.
    func send(_ payload: [UInt8], to address: SocketAddress) -> Bool {
        address.withSockaddr { sendto(descriptor, payload, payload.count, 0, $0, $1) } >= 0
    }

    private static func withSockaddr<Result>(
        _ storage: inout sockaddr_storage,
        _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Result
    ) -> Result {
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &length) }
        }
    }
}

extension NetSimError {
    /// An error that ends in the system's own words for `errno`.
    static func system(_ code: Code, _ message: String) -> NetSimError {
        let number = errno
        return NetSimError(code, "\(message): \(String(cString: strerror(number)))")
    }
}
