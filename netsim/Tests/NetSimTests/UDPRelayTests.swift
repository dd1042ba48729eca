import Faults
import Glibc
import NetSim
import Testing

@Suite("UDP relay", .serialized)
struct UDPRelayTests {
    @Test("Datagrams of two clients at once go to the server and its answers come back to the right one")
    func twoClients() throws {
        let server = try LoopbackSocket()
        let relay = try makeRelay(to: "127.0.0.1:\(server.port)")
        try relay.start()
        let clients = [try LoopbackSocket(), try LoopbackSocket()]
        for client in clients { try client.connect(to: relay.boundPort) }
        for round in 0..<50 {
            for (index, client) in clients.enumerated() { try client.send(numbered(round * 2 + index)) }
            for _ in clients { try server.answer { $0 + [0xAA] } }
            for (index, client) in clients.enumerated() {
                #expect(try client.receive() == numbered(round * 2 + index) + [0xAA])
            }
        }
        relay.stop()
        let counters = relay.counters
        #expect(counters.clientCount == 2)
        #expect(counters.up.arrivedPacketCount == 100)
        #expect(counters.up.departedByteCount == 100 * (1000 + WireOverhead.udpByteCount))
        #expect(counters.down.departedByteCount == 100 * (1001 + WireOverhead.udpByteCount))
        #expect(counters.up.droppedPacketCount == 0 && counters.down.droppedPacketCount == 0)
        #expect(counters.unsentDatagramCount == 0 && counters.refusedDatagramCount == 0)
    }

    @Test("Datagrams up to the largest that UDP has are carried whole, and empty ones too")
    func sizes() throws {
        let server = try LoopbackSocket()
        let relay = try makeRelay(to: "localhost:\(server.port)")
        try relay.start()
        let client = try LoopbackSocket()
        try client.connect(to: relay.boundPort)
        for byteCount in [4, 1472, 9000, 65_507] {
            try client.send(numbered(byteCount, byteCount: byteCount))
            #expect(try server.receive() == numbered(byteCount, byteCount: byteCount))
        }
        try client.send([])
        #expect(try server.receive().isEmpty)
    }

    @Test("IPv6 is relayed as well, and either family can be relayed to the other")
    func families() throws {
        let server = try LoopbackSocket()
        let relay = try makeRelay(listen: "[::1]:0", to: "127.0.0.1:\(server.port)")
        try relay.start()
        let client = try LoopbackSocket(isIPv6: true)
        try client.connect(to: relay.boundPort, isIPv6: true)
        try client.send([1, 2, 3])
        try server.answer { $0.reversed() }
        #expect(try client.receive() == [3, 2, 1])
    }

    @Test("A server that is away for a while is found again when it is back")
    func absentServer() throws {
        let port = try { try LoopbackSocket().port }()
        let relay = try makeRelay(to: "127.0.0.1:\(port)")
        try relay.start()
        let client = try LoopbackSocket()
        try client.connect(to: relay.boundPort)
        for number in 0..<20 { try client.send(numbered(number)) }
        wait { relay.counters.up.departedPacketCount == 20 }

        let server = try LoopbackSocket(port: port)
        try client.send(numbered(99))
        #expect(try server.receive() == numbered(99))
        #expect(relay.counters.clientCount == 1)
    }

    @Test("A direction that is cut carries nothing until it is joined again")
    func outage() throws {
        let server = try LoopbackSocket()
        let relay = try makeRelay(to: "127.0.0.1:\(server.port)")
        try relay.start()
        let client = try LoopbackSocket()
        try client.connect(to: relay.boundPort)
        relay.setOutage(true, direction: .up)
        for number in 0..<5 { try client.send(numbered(number)) }
        wait { relay.counters.up.droppedPacketCount == 5 }
        relay.setOutage(false, direction: .up)
        try client.send(numbered(99))
        #expect(try server.receive() == numbered(99))
        #expect(relay.counters.up.droppedPacketCount == 5)
    }

    @Test("Clients beyond the limit are refused and counted, and do not disturb the others")
    func clientLimit() throws {
        let server = try LoopbackSocket()
        let relay = try makeRelay(to: "127.0.0.1:\(server.port)", clientLimit: 1)
        try relay.start()
        let first = try LoopbackSocket()
        let second = try LoopbackSocket()
        try first.connect(to: relay.boundPort)
        try second.connect(to: relay.boundPort)
        try first.send([1])
        #expect(try server.receive() == [1])
        try second.send([2])
        try first.send([3])
        #expect(try server.receive() == [3])
        wait { relay.counters.refusedDatagramCount == 1 }
        #expect(relay.counters.clientCount == 1)
    }

    @Test("A client that falls silent is forgotten and makes room for another")
    func idleExpiry() throws {
        let server = try LoopbackSocket()
        let relay = try makeRelay(to: "127.0.0.1:\(server.port)", clientLimit: 1, idleLimit: .seconds(1))
        try relay.start()
        let first = try LoopbackSocket()
        try first.connect(to: relay.boundPort)
        try first.send([1])
        #expect(try server.receive() == [1])
        wait { relay.counters.clientCount == 0 }
        let second = try LoopbackSocket()
        try second.connect(to: relay.boundPort)
        try second.send([2])
        #expect(try server.receive() == [2])
    }

    @Test("The log holds every datagram's arrival, departure or drop")
    func log() throws {
        let path = "/tmp/netsim-relay-\(getpid())-\(UInt64.random(in: 0 ... .max)).log"
        defer { unlink(path) }
        let server = try LoopbackSocket()
        let relay = try makeRelay(to: "127.0.0.1:\(server.port)", loss: 0.5, log: path)
        try relay.start()
        let client = try LoopbackSocket()
        try client.connect(to: relay.boundPort)
        for number in 0..<40 { try client.send(numbered(number)) }
        wait { relay.counters.up.departedPacketCount + relay.counters.up.droppedPacketCount == 40 }
        relay.stop()
        let lines = try contents(of: path).split(separator: "\n")
        #expect(lines.first == "# netsim link log, version 1")
        #expect(lines.filter { $0.hasSuffix(" + 1028 up 0") }.count == 40)
        #expect(lines.filter { $0.hasSuffix(" d 1 1028 up 0 loss") }.count == relay.counters.up.droppedPacketCount)
        #expect(lines.filter { $0.contains(" - 1028 ") }.count == relay.counters.up.departedPacketCount)
        #expect(relay.counters.logFailure == nil)
    }

    @Test("Starting twice is refused, and stopping twice or before starting is not")
    func lifecycle() throws {
        let relay = try makeRelay(to: "127.0.0.1:9")
        try relay.start()
        #expect(throws: NetSimError.self) { try relay.start() }
        relay.stop()
        relay.stop()
        #expect(throws: NetSimError.self) { try relay.start() }
        let unstarted = try makeRelay(to: "127.0.0.1:9")
        #expect(unstarted.boundPort != 0)
        unstarted.stop()
    }

    @Test("A port in use, an impossible log and limits out of range are refused with their own codes")
    func refusals() throws {
        let taken = try LoopbackSocket()
        expect(.socket) { try makeRelay(listen: "127.0.0.1:\(taken.port)", to: "127.0.0.1:9") }
        expect(.log) { try makeRelay(to: "127.0.0.1:9", log: "/nowhere/at/all.log") }
        expect(.log) { try makeRelay(to: "127.0.0.1:9", log: "/tmp/a\0b") }
        expect(.invalidAddress) { try makeRelay(to: "127.0.0.1:0") }
        expect(.invalidParameter) { try makeRelay(to: "127.0.0.1:9", clientLimit: 0) }
        expect(.invalidParameter) { try makeRelay(to: "127.0.0.1:9", idleLimit: .zero) }
    }

    @Test("A relay that is let go of without being stopped gives its port back")
    func release() throws {
        var port: UInt16 = 0
        do {
            let relay = try makeRelay(to: "127.0.0.1:9")
            try relay.start()
            port = relay.boundPort
        }
        _ = try makeRelay(listen: "127.0.0.1:\(port)", to: "127.0.0.1:9")
    }

    private func makeRelay(
        listen: String = "127.0.0.1:0", to target: String, loss: Double = 0, log: String? = nil,
        clientLimit: Int = UDPRelay.defaultClientLimit, idleLimit: Duration = UDPRelay.defaultIdleLimit
    ) throws -> UDPRelay {
        let up = try makeDirection(rate: 1e9, delay: .milliseconds(1), loss: loss)
        let down = try makeDirection(rate: 1e9, delay: .milliseconds(1))
        return try UDPRelay(
            listen: HostPort(listen), to: HostPort(target), link: LinkParameters(name: "loopback", up: up, down: down),
            seed: 1, log: log, clientLimit: clientLimit, idleLimit: idleLimit)
    }

    /// Polls for at most about 20 seconds; the condition is what is tested, not how soon it holds.
    private func wait(until condition: () -> Bool) {
        for _ in 0..<10_000 where !condition() { usleep(2000) }
        #expect(condition())
    }

    private func expect(_ code: NetSimError.Code, _ body: () throws -> UDPRelay) {
        #expect { _ = try body() } throws: { ($0 as? NetSimError)?.code == code }
    }

    private func contents(of path: String) throws -> String {
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = read(descriptor, &block, block.count), count > 0 { bytes += block[0..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
