import Faults
import Glibc
import HTTPService
import Metrics
import TestSupport
import Testing

@Suite("Where metrics are served")
struct ListenTests {
    private func fault(host: String, port: UInt16 = 0) async -> HTTPServiceError? {
        do {
            try await MetricsServer(store: MetricsStore(), host: host, port: port).run { _ in
                Issue.record("'\(host)' is listened on")
            }
            return nil
        } catch {
            return error as? HTTPServiceError
        }
    }

    @Test(
        "What is no address is refused",
        arguments: [
            "", "example.org", "LOCALHOST", "localhost.", "*", " 127.0.0.1", "127.0.0.1:80", "127.1", "256.0.0.1", "[::1]",
            "::1%lo", ":",
            "127.0.0.1\0", "/tmp/socket",
        ])
    func refused(host: String) async {
        #expect(await fault(host: host)?.code == .invalidAddress)
    }

    @Test("IPv4 addresses and localhost are served", arguments: ["127.0.0.1", "0.0.0.0", "localhost"])
    func ip4(host: String) async throws {
        let answer = try await withServer(of: MetricsStore(), host: host) { await RawClient.get($0, "/metrics") }
        #expect(answer?.hasPrefix("HTTP/1.1 200 OK\r\n") == true)
    }

    @Test("IPv6 addresses are served", .enabled(if: hasIP6, "this machine has no ::1"), arguments: ["::1", "::"])
    func ip6(host: String) async throws {
        let answer = try await withServer(of: MetricsStore(), host: host) { await RawClient.get($0, "/metrics", ip6: true) }
        #expect(answer?.hasPrefix("HTTP/1.1 200 OK\r\n") == true)
    }

    @Test("A port that another has is an error that names it")
    func taken() async throws {
        try await withServer(of: MetricsStore()) { port in
            let fault = await fault(host: "127.0.0.1", port: port)
            #expect(fault?.code == .portInUse)
            #expect(fault?.message == "metrics cannot be served on 127.0.0.1:\(port): the port is in use by another program")
        }
    }

    @Test("Cancelled, it returns, lets its clients go and gives its port back")
    func cancelled() async throws {
        let server = MetricsServer(store: MetricsStore(), host: "127.0.0.1", port: 0)
        let (ports, continuation) = AsyncStream<UInt16>.makeStream()
        let task = Task { try await server.run { continuation.yield($0) } }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        let client = try #require(RawClient(port: port))
        defer { client.close() }
        #expect(await RawClient.get(port, "/metrics") != nil)
        task.cancel()
        try await task.value
        #expect(await onThread { client.receive() } == "")
        #expect(await RawClient.get(port, "/metrics") == nil)
        let again = MetricsServer(store: MetricsStore(), host: "127.0.0.1", port: port)
        let second = Task { try await again.run { continuation.yield($0) } }
        #expect(await iterator.next() == port)
        second.cancel()
        try await second.value
    }
}

private let hasIP6: Bool = {
    let descriptor = socket(AF_INET6, Int32(SOCK_DGRAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    address.sin6_addr = in6addr_loopback
    return descriptor >= 0
        && withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
            }
        } == 0
}()
