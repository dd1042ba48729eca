import Glibc
import NetSim

/// A real UDP socket on loopback. Waiting has a generous limit, reached only when something is broken.
final class LoopbackSocket {
    private let descriptor: Int32
    let port: UInt16

    struct Failure: Error {}

    /// Binds a port, which the system chooses unless it is given.
    init(isIPv6: Bool = false, port wantedPort: UInt16 = 0) throws {
        let descriptor = socket(isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        self.descriptor = descriptor
        let bound = Self.withLoopbackAddress(isIPv6: isIPv6, port: wantedPort) { bind(descriptor, $0, $1) }
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let named = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        // The port lies at the same place in both families.
        port = withUnsafeBytes(of: storage) { UInt16($0[2]) << 8 | UInt16($0[3]) }
        guard descriptor >= 0, bound == 0, named == 0 else { throw Failure() }
    }

    deinit { close(descriptor) }

    func connect(to port: UInt16, isIPv6: Bool = false) throws {
        let result = Self.withLoopbackAddress(isIPv6: isIPv6, port: port) { Glibc.connect(descriptor, $0, $1) }
        guard result == 0 else { throw Failure() }
    }

    func send(_ payload: [UInt8]) throws {
        guard Glibc.send(descriptor, payload, payload.count, 0) == payload.count else { throw Failure() }
    }

    func receive() throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else { throw Failure() }
        return Array(buffer[0..<count])
    }

    /// Takes one datagram, and tells the port on loopback that it came from.
    func receiveWithPort() throws -> (payload: [UInt8], port: UInt16) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let count = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                recvfrom(descriptor, &buffer, buffer.count, 0, $0, &length)
            }
        }
        guard count >= 0 else { throw Failure() }
        return (Array(buffer[0..<count]), withUnsafeBytes(of: storage) { UInt16($0[2]) << 8 | UInt16($0[3]) })
    }

    /// Sends to a port on loopback without being connected to it.
    func send(_ payload: [UInt8], to port: UInt16) throws {
        let count = Self.withLoopbackAddress(isIPv6: false, port: port) { address, length in
            Int32(sendto(descriptor, payload, payload.count, 0, address, length))
        }
        guard count == payload.count else { throw Failure() }
    }

    /// Takes one datagram, lets `change` alter it, and sends the result back to where it came from.
    func answer(_ change: ([UInt8]) -> [UInt8]) throws {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let sent = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                let count = recvfrom(descriptor, &buffer, buffer.count, 0, address, &length)
                guard count >= 0 else { return -1 }
                let reply = change(Array(buffer[0..<count]))
                return sendto(descriptor, reply, reply.count, 0, address, length)
            }
        }
        guard sent >= 0 else { throw Failure() }
    }

    private static func withLoopbackAddress(
        isIPv6: Bool, port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        if isIPv6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_addr = in6addr_loopback
            return withUnsafePointer(to: address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
