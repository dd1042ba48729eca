internal import Foundation
internal import Glibc

/// A client on loopback that sends what it is told, HTTP or not.
package struct RawClient: Sendable {
    private let descriptor: Int32

    /// Connects to 127.0.0.1, or to ::1.
    package init?(port: UInt16, ip6: Bool = false) {
        descriptor = socket(ip6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var timeout = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var status: Int32
        if ip6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = in_port_t(bigEndian: port)
            address.sin6_addr = in6addr_loopback
            status = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(bigEndian: port)
            address.sin_addr.s_addr = in_addr_t(bigEndian: 0x7f00_0001)
            status = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        if status != 0 {
            Glibc.close(descriptor)
            return nil
        }
    }

    /// Sends as much as goes; says whether all went.
    @discardableResult
    package func send(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = Glibc.send(descriptor, Array(bytes[sent...]), bytes.count - sent, Int32(MSG_NOSIGNAL))
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    /// All that comes until the server ends the connection; nil when it does not within half a minute.
    package func receive() -> String? { receiveBytes().map { String(decoding: $0, as: UTF8.self) } }

    /// As ``receive()``, bytes as they are.
    package func receiveBytes() -> [UInt8]? {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(descriptor, &part, part.count, 0)
            if count < 0 && errno == EAGAIN { return nil }
            if count <= 0 { return bytes }
            bytes += part[..<count]
        }
    }

    /// The bytes that come next; nil when the server ends the connection, or nothing comes within half a minute.
    package func receivePart() -> [UInt8]? {
        var part = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(descriptor, &part, part.count, 0)
        return count > 0 ? Array(part[..<count]) : nil
    }

    /// Takes at least so many bytes; false when the server ends the connection before, or they do not come within half a minute.
    package func receive(atLeast count: Int) -> Bool {
        var part = [UInt8](repeating: 0, count: 4096)
        var left = count
        while left > 0 {
            let received = recv(descriptor, &part, part.count, 0)
            if received <= 0 { return false }
            left -= received
        }
        return true
    }

    /// Waits a little; says whether the connection is still there.
    package func wait(milliseconds: UInt32) -> Bool {
        usleep(milliseconds * 1000)
        var state = pollfd(fd: descriptor, events: 0, revents: 0)
        return poll(&state, 1, 0) == 0
    }

    /// Ends the connection under whoever waits for it, who then closes it.
    package func shut() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    package func close() { Glibc.close(descriptor) }

    /// Sends a request and returns all of the answer.
    package static func ask(_ port: UInt16, _ request: String, ip6: Bool = false) async -> String? {
        await onThread {
            guard let client = RawClient(port: port, ip6: ip6) else { return nil }
            defer { client.close() }
            client.send(request)
            return client.receive()
        }
    }

    /// As `ask`, for a path.
    package static func get(_ port: UInt16, _ path: String, method: String = "GET", ip6: Bool = false) async -> String? {
        await ask(port, "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", ip6: ip6)
    }
}

/// Runs what blocks on a thread that neither servers nor other tests need.
package func onThread<Result: Sendable>(_ body: @Sendable @escaping () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
        Thread.detachNewThread { continuation.resume(returning: body()) }
    }
}
