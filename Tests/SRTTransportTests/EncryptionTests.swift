import Faults
import Foundation
import Glibc
import SRTTransport
import Synchronization
import Testing

/// Passes datagrams between a caller and a listener on, and keeps what it has seen.
private final class Tap: Sendable {
    private let descriptor: Int32
    private let listenerPort: UInt16
    private let state = Mutex((isStopped: false, seen: [[UInt8]](), caller: sockaddr_in()))

    init(to port: UInt16) {
        listenerPort = port
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var address = Self.loopback(0)
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        var timeout = timeval(tv_sec: 0, tv_usec: 50_000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        Thread.detachNewThread { [self] in pass() }
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    var port: UInt16 {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(descriptor, $0, &length) }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    /// Every datagram so far, in both directions.
    var seen: [[UInt8]] { state.withLock { $0.seen } }
    func stop() { state.withLock { $0.isStopped = true } }

    private func pass() {
        var buffer = [UInt8](repeating: 0, count: 2048)
        while !state.withLock({ $0.isStopped }) {
            var from = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let count = withUnsafeMutablePointer(to: &from) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { recvfrom(descriptor, &buffer, buffer.count, 0, $0, &length) }
            }
            guard count > 0 else { continue }
            let bytes = Array(buffer[..<count])
            var to = state.withLock { state in
                state.seen.append(bytes)
                if UInt16(bigEndian: from.sin_port) == listenerPort { return state.caller }
                state.caller = from
                return Self.loopback(listenerPort)
            }
            withUnsafePointer(to: &to) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = sendto(descriptor, bytes, bytes.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        close(descriptor)
    }
}

@Suite("What can be read on the way", .serialized)
struct EncryptionTests {
    private static let passphrase = "a passphrase of both ends"
    private static let text = Array("what nobody on the way may read".utf8)

    private func options(_ passphrase: String?, _ identifier: String? = nil) -> SRTOptions {
        var options = SRTOptions(maximumBitsPerSecond: 20e6)
        options.passphrase = passphrase
        options.streamIdentifier = identifier
        options.connectTimeout = .seconds(1)
        return options
    }

    private func contains(_ part: [UInt8], _ datagrams: [[UInt8]]) -> Bool {
        datagrams.contains { bytes in bytes.indices.contains { bytes[$0...].starts(with: part) } }
    }

    /// Sends a text through a tap; what the tap has seen.
    private func exchange(_ passphrase: String?) async throws -> [[UInt8]] {
        let listener = try SRTListener(on: HostPort(host: "127.0.0.1", port: 0), options: options(passphrase))
        let tap = Tap(to: listener.port)
        async let accepted = listener.accept()
        let client = try await SRTConnection.connect(to: HostPort(host: "127.0.0.1", port: tap.port), options: options(passphrase))
        let server = try await accepted
        var received: [[UInt8]] = []
        for _ in 0..<500 where !received.contains(Self.text) {
            _ = await client.turn(sending: [Self.text], timeout: .milliseconds(1))
            received += await server.turn(sending: [], timeout: .milliseconds(10)).received
        }
        #expect(received.contains(Self.text))
        await client.close(timeout: .zero)
        await server.close(timeout: .zero)
        await listener.close()
        tap.stop()
        return tap.seen
    }

    @Test("With a passphrase a key of 256 bits is agreed on, and nothing can be read on the way")
    func encrypted() async throws {
        let seen = try await exchange(Self.passphrase)
        #expect(!contains(Self.text, seen))
        // SRT's key material message: 0x12, then 0x2029; at byte 15 a quarter of the key's length. Words may be turned round.
        let lengths = seen.flatMap { bytes in
            bytes.indices.dropLast(15).compactMap { start -> Int? in
                if bytes[start...].starts(with: [0x12, 0x20, 0x29]) { return Int(bytes[start + 15]) * 4 }
                return bytes[(start + 1)...].starts(with: [0x29, 0x20, 0x12]) ? Int(bytes[start + 12]) * 4 : nil
            }
        }
        #expect(Set(lengths) == [32])
    }

    @Test("Without one everything can: that is what the tap would have shown")
    func clear() async throws { #expect(contains(Self.text, try await exchange(nil))) }
}

@Suite("What libsrt does with what it is given", .serialized)
struct TransportTests {
    private func pair(_ options: SRTOptions) async throws -> (listener: SRTListener, client: SRTConnection, server: SRTConnection) {
        let listener = try SRTListener(on: HostPort(host: "127.0.0.1", port: 0), options: SRTOptions(maximumBitsPerSecond: 1e9))
        async let accepted = listener.accept()
        let client = try await SRTConnection.connect(to: HostPort(host: "127.0.0.1", port: listener.port), options: options)
        return (listener, client, try await accepted)
    }

    @Test("What there is no room for waits, the connection stands, and all of it comes once there is room")
    func full() async throws {
        let (listener, client, server) = try await pair(SRTOptions(maximumBitsPerSecond: 1e6))
        let messages = (0..<12_000).map { number in
            [UInt8(number & 255), UInt8(number >> 8)] + [UInt8](repeating: 0, count: SRTConnection.messageByteLimit - 2)
        }
        let turn = await client.turn(sending: messages, timeout: .zero)
        #expect(turn.isConnected)
        #expect((1..<messages.count).contains(turn.waitingCount))
        #expect(turn.inFlightCount > 1000)
        let last = [UInt8]("the last word".utf8)
        _ = await client.turn(sending: [last], timeout: .zero, maximumBitsPerSecond: 1e9)
        var received: [[UInt8]] = []
        for _ in 0..<5000 where received.count <= messages.count {
            _ = await client.turn(sending: [], timeout: .zero)
            let turn = await server.turn(sending: [], timeout: .milliseconds(1))
            received += turn.received
        }
        #expect(received.count == messages.count + 1)
        // libsrt may deliver out of order what was lost and repeated, but each once.
        #expect(Set(received) == Set(messages + [last]))
        await client.close(timeout: .zero)
        await server.close(timeout: .zero)
        await listener.close()
    }

    @Test("Closing waits until the peer has what was said last")
    func lastWords() async throws {
        let (listener, client, server) = try await pair(SRTOptions(maximumBitsPerSecond: 2e6))
        let messages = (0..<100).map { [UInt8](repeating: UInt8($0), count: 1400) }
        _ = await client.turn(sending: messages, timeout: .zero)
        async let closing: Void = client.close(timeout: .seconds(20))
        var received: [[UInt8]] = []
        var isConnected = true
        for _ in 0..<2000 where isConnected && received.count < messages.count {
            let turn = await server.turn(sending: [], timeout: .milliseconds(10))
            received += turn.received
            isConnected = turn.isConnected
        }
        await closing
        #expect(received.count == messages.count)
        await server.close(timeout: .zero)
        await listener.close()
    }

    @Test("A listener that was closed accepts nobody and says so", .timeLimit(.minutes(1)))
    func closedListener() async throws {
        let listener = try SRTListener(on: HostPort(host: "127.0.0.1", port: 0), options: SRTOptions(maximumBitsPerSecond: 1e6))
        let waiting = Task { try await listener.accept() }
        await listener.close()
        let error = await #expect(throws: TransportError.self) { try await waiting.value }
        #expect(error?.code == .closed)
    }

    @Test("libsrt waits longer for a silent peer than what uses it, and never shorter than it did")
    func outlast() {
        var options = SRTOptions(maximumBitsPerSecond: 1e6)
        let standard = options.peerIdleTimeout
        options.outlast(.seconds(3))
        #expect(options.peerIdleTimeout == standard)
        options.outlast(.seconds(400))
        #expect(options.peerIdleTimeout > .seconds(400))
    }

    @Test(
        "What leads beyond this machine is not called this machine",
        arguments: [
            ("127.0.0.1", true), ("127.9.9.9", true), ("localhost", true), ("::1", true), ("127.evil.example", false),
            ("127.0.0.1.example", false), ("1127.0.0.1", false), ("localhost.example", false), ("::2", false), ("0.0.0.0", false),
        ])
    func loopback(_ host: String, _ expected: Bool) { #expect(HostPort(host: host, port: 1).isLoopback == expected) }
}
