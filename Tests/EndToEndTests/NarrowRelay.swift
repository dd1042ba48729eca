import Faults
import Foundation
import Synchronization

/// A path on loopback that drops datagrams above a size without a word, as a tunnel does whose ICMP messages are lost.
final class NarrowRelay: Sendable {
    let port: Int
    private let front: Int32
    private let isStopped = Mutex(false)
    private let counts = Mutex((passed: 0, dropped: 0, longest: 0))

    /// Datagrams let through and dropped, and the longest that came, in bytes of UDP's payload.
    var traffic: (passed: Int, dropped: Int, longest: Int) { counts.withLock { $0 } }

    /// - Parameter limit: the longest payload that passes, in both directions.
    init(to target: Int, limit: Int) throws {
        let (front, port) = try Self.socket()
        let (back, _) = try Self.socket()
        self.front = front
        self.port = port
        var address = Self.loopback(target)
        guard withUnsafePointer(to: &address, { Self.cast($0) { connect(back, $0, $1) } }) == 0 else { throw POSIXError(.EIO) }
        Thread.detachNewThread { [self] in
            var peer = sockaddr_in()
            var buffer = [UInt8](repeating: 0, count: 65536)
            while !isStopped.withLock({ $0 }) {
                var polled = [
                    pollfd(fd: front, events: Int16(POLLIN), revents: 0), pollfd(fd: back, events: Int16(POLLIN), revents: 0),
                ]
                guard poll(&polled, 2, 100) > 0 else { continue }
                if polled[0].revents & Int16(POLLIN) != 0 {
                    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
                    let count = withUnsafeMutablePointer(to: &peer) { pointer in
                        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                            recvfrom(front, &buffer, buffer.count, 0, $0, &length)
                        }
                    }
                    if count > 0, passes(count, limit) { _ = send(back, buffer, count, 0) }
                }
                if polled[1].revents & Int16(POLLIN) != 0 {
                    let count = recv(back, &buffer, buffer.count, 0)
                    if count > 0, passes(count, limit) {
                        _ = withUnsafePointer(to: &peer) { Self.cast($0) { sendto(front, buffer, count, 0, $0, $1) } }
                    }
                }
            }
            close(front)
            close(back)
        }
    }

    deinit { stop() }

    func stop() { isStopped.withLock { $0 = true } }

    private func passes(_ count: Int, _ limit: Int) -> Bool {
        counts.withLock { counts in
            counts.longest = max(counts.longest, count)
            if count <= limit { counts.passed += 1 } else { counts.dropped += 1 }
        }
        return count <= limit
    }

    private static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    private static func cast<R>(_ address: UnsafePointer<sockaddr_in>, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        address.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }

    private static func socket() throws -> (descriptor: Int32, port: Int) {
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var address = loopback(0)
        guard descriptor >= 0, withUnsafePointer(to: &address, { cast($0) { bind(descriptor, $0, $1) } }) == 0 else {
            throw POSIXError(.EIO)
        }
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return (descriptor, Int(in_port_t(bigEndian: address.sin_port)))
    }
}
