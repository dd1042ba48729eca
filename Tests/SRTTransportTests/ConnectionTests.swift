import Faults
import NetSim
import SRTTransport
import Testing

@Suite("SRT connections on loopback")
struct ConnectionTests {
    private static let options = SRTOptions(maximumBitsPerSecond: 20e6)

    private func pair(link: LinkParameters? = nil) async throws -> (SRTListener, SRTConnection, SRTConnection, UDPRelay?) {
        let listener = try SRTListener(on: SRTTransport.HostPort(host: "127.0.0.1", port: 0), options: Self.options)
        var port = listener.port
        var relay: UDPRelay?
        if let link {
            let made = try UDPRelay(
                listen: NetSim.HostPort(host: "127.0.0.1", port: 0), to: NetSim.HostPort(host: "127.0.0.1", port: port), link: link,
                seed: 3)
            try made.start()
            port = made.boundPort
            relay = made
        }
        async let accepted = listener.accept()
        let client = try await SRTConnection.connect(
            to: SRTTransport.HostPort(host: "127.0.0.1", port: port), options: Self.options)
        return (listener, client, try await accepted, relay)
    }

    /// Sends numbered messages, and a small one now and then until all have come: a lost tail needs something after it.
    private func exchange(_ count: Int, over link: LinkParameters?) async throws -> [[UInt8]] {
        let (listener, client, server, relay) = try await pair(link: link)
        defer { relay?.stop() }
        var received: [[UInt8]] = []
        var next = 0
        for _ in 0..<20_000 where received.count < count {
            let end = min(count, next + 4)
            var messages = (next..<end).map { number in
                [UInt8(number & 255), UInt8(number >> 8)] + [UInt8](repeating: 7, count: 1000)
            }
            if messages.isEmpty { messages = [[0]] }
            next = end
            _ = await client.turn(sending: messages, timeout: .milliseconds(1))
            received += await server.turn(sending: [], timeout: .milliseconds(1)).received.filter { $0.count > 1 }
        }
        await client.close(timeout: .milliseconds(100))
        await server.close(timeout: .zero)
        await listener.close()
        return received
    }

    @Test("Messages arrive whole, each once")
    func arrive() async throws {
        let received = try await exchange(300, over: nil)
        #expect(Set(received.map { Int($0[0]) | Int($0[1]) << 8 }) == Set(0..<300))
        #expect(received.count == 300)
        #expect(received.allSatisfy { $0.count == 1002 })
    }

    @Test("Messages arrive, each once, when one datagram in twenty is lost each way")
    func arriveDespiteLoss() async throws {
        let direction = try LinkDirection(
            rateBitsPerSecond: 20e6, delay: .milliseconds(5), lossProbability: 0.05, queueByteCount: 1 << 20)
        let received = try await exchange(600, over: try LinkParameters(name: "lossy", up: direction, down: direction))
        #expect(Set(received.map { Int($0[0]) | Int($0[1]) << 8 }) == Set(0..<600))
        #expect(received.count == 600)
    }

    @Test("With a smaller datagram size of one end, messages of full size arrive whole from both, and counts are of datagrams")
    func smallDatagrams() async throws {
        let listener = try SRTListener(on: SRTTransport.HostPort(host: "127.0.0.1", port: 0), options: Self.options)
        async let accepted = listener.accept()
        var options = Self.options
        options.datagramByteCount = 600
        let client = try await SRTConnection.connect(
            to: SRTTransport.HostPort(host: "127.0.0.1", port: listener.port), options: options)
        let server = try await accepted
        func message(_ number: Int) -> [UInt8] {
            (0..<[1456, 601, 600, 20][number % 4]).map { UInt8(truncatingIfNeeded: number &* 31 &+ $0) }
        }
        var received: (atServer: [[UInt8]], atClient: [[UInt8]]) = ([], [])
        var sentCount = 0
        for turn in 0..<20_000 where received.atServer.count < 200 || received.atClient.count < 200 {
            let messages = turn < 50 ? (turn * 4..<turn * 4 + 4).map(message) : []
            let outcome = await client.turn(sending: messages, timeout: .milliseconds(1))
            sentCount = outcome.sentCount
            received.atClient += outcome.received
            received.atServer += await server.turn(sending: messages, timeout: .milliseconds(1)).received
        }
        let expected = (0..<200).map(message)
        #expect(Set(received.atServer) == Set(expected) && received.atServer.count == 200)
        #expect(Set(received.atClient) == Set(expected) && received.atClient.count == 200)
        // 3 + 2 + 1 + 1 datagrams every four messages.
        #expect(sentCount == 350)
        let idle = await client.turn(sending: [], timeout: .zero)
        #expect(idle.unsentCount == 0)
        await client.close(timeout: .zero)
        await server.close(timeout: .zero)
        await listener.close()
    }

    @Test("What is handed over counts as unsent until it is on the wire")
    func unsent() async throws {
        let listener = try SRTListener(on: SRTTransport.HostPort(host: "127.0.0.1", port: 0), options: Self.options)
        async let accepted = listener.accept()
        let slow = SRTOptions(maximumBitsPerSecond: 100e3)
        let client = try await SRTConnection.connect(
            to: SRTTransport.HostPort(host: "127.0.0.1", port: listener.port), options: slow)
        let server = try await accepted
        let turn = await client.turn(sending: (0..<40).map { _ in [UInt8](repeating: 1, count: 1400) }, timeout: .zero)
        #expect(turn.unsentCount > 20)
        await client.close(timeout: .zero)
        await server.close(timeout: .zero)
        await listener.close()
    }

    @Test("A closed peer is noticed")
    func closedPeer() async throws {
        let (listener, client, server, _) = try await pair()
        // libsrt loses the farewell of a connection that is closed before it has carried anything.
        var arrived = 0
        for round in 0..<500 where arrived == 0 || round < 10 {
            _ = await client.turn(sending: [[1, 2, 3]], timeout: .milliseconds(1))
            arrived += await server.turn(sending: [], timeout: .milliseconds(10)).received.count
        }
        await server.close(timeout: .zero)
        var connected = true
        for _ in 0..<500 where connected { connected = await client.turn(sending: [], timeout: .milliseconds(10)).isConnected }
        #expect(!connected)
        await client.close(timeout: .zero)
        await listener.close()
    }

    @Test("Nobody there is an error that names the address")
    func nobodyThere() async throws {
        var options = Self.options
        options.connectTimeout = .milliseconds(200)
        let error = await #expect(throws: TransportError.self) {
            _ = try await SRTConnection.connect(
                to: SRTTransport.HostPort(host: "127.0.0.1", port: 9), options: options, timeout: .milliseconds(300))
        }
        #expect(error?.code == .cannotConnect)
        #expect(error?.message.contains("127.0.0.1:9") == true)
    }

    @Test("A port in use is an error that names the address")
    func portInUse() async throws {
        let first = try SRTListener(on: SRTTransport.HostPort(host: "127.0.0.1", port: 0), options: Self.options)
        let address = SRTTransport.HostPort(host: "127.0.0.1", port: first.port)
        // A UDP socket that is not libsrt's: libsrt shares ports among its own.
        await first.close()
        let direction = try LinkDirection(rateBitsPerSecond: 1e6, delay: .zero, queueByteCount: 65536)
        let relay = try UDPRelay(
            listen: NetSim.HostPort(host: "127.0.0.1", port: 0), to: NetSim.HostPort(host: "127.0.0.1", port: address.port),
            link: LinkParameters(name: "any", up: direction, down: direction), seed: 1)
        let error = #expect(throws: TransportError.self) {
            try SRTListener(on: SRTTransport.HostPort(host: "127.0.0.1", port: relay.boundPort), options: Self.options)
        }
        #expect(error?.code == .portInUse)
        #expect(error?.message == "port \(relay.boundPort) is in use by another program")
        relay.stop()
    }

    @Test(
        "Addresses are read as people write them",
        arguments: [("127.0.0.1:80", "127.0.0.1"), ("[::1]:80", "::1"), ("host.example:80", "host.example")])
    func addresses(_ text: String, _ host: String) throws {
        #expect(try SRTTransport.HostPort(parsing: text) == SRTTransport.HostPort(host: host, port: 80))
    }

    @Test("What is no address is refused", arguments: ["", ":80", "host", "host:", "host:x", "host:70000", "::1:80"])
    func noAddresses(_ text: String) { #expect(throws: TransportError.self) { try SRTTransport.HostPort(parsing: text) } }
}
