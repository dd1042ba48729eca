import Faults
import Glibc
import NetSim
import Testing

@Suite("Rebinding of a client's address", .serialized)
struct RebindingTests {
    @Test("The server sees the client from another port, and what it sends there comes through; to the old port it does not")
    func rebinding() throws {
        let server = try LoopbackSocket()
        let relay = try makeRelay(to: server.port)
        try relay.start()
        let client = try LoopbackSocket()
        try client.connect(to: relay.boundPort)
        try client.send([1])
        let before = try server.receiveWithPort()
        #expect(before.payload == [1])

        relay.rebindClients()
        wait { relay.counters.rebindingCount == 1 }
        try client.send([2])
        let after = try server.receiveWithPort()
        #expect(after.payload == [2])
        #expect(after.port != before.port)
        // The system tells the sender that nobody is at the old port, or says nothing; it does not come through.
        try? server.send([3], to: before.port)
        try server.send([4], to: after.port)
        #expect(try client.receive() == [4])
        #expect(relay.counters.clientCount == 1, "the client is the same, with the same link")
    }

    @Test("With an interval every client changes its port again and again, by itself")
    func interval() throws {
        let server = try LoopbackSocket()
        let relay = try makeRelay(to: server.port, rebindInterval: .milliseconds(20))
        try relay.start()
        let client = try LoopbackSocket()
        try client.connect(to: relay.boundPort)
        var ports: Set<UInt16> = []
        for _ in 0..<2000 where ports.count < 3 {
            try client.send([1])
            ports.insert(try server.receiveWithPort().port)
            usleep(1000)
        }
        #expect(ports.count >= 3)
    }

    @Test("An interval of no time is refused")
    func refusal() throws {
        #expect { _ = try makeRelay(to: 9, rebindInterval: .zero) } throws: {
            ($0 as? NetSimError)?.code == .invalidParameter
        }
    }

    private func makeRelay(to port: UInt16, rebindInterval: Duration? = nil) throws -> UDPRelay {
        try UDPRelay(
            listen: HostPort("127.0.0.1:0"), to: HostPort("127.0.0.1:\(port)"), link: makeLink(rate: 1e9, delay: .milliseconds(1)),
            seed: 1, rebindInterval: rebindInterval)
    }

    private func wait(until condition: () -> Bool) {
        for _ in 0..<10_000 where !condition() { usleep(2000) }
        #expect(condition())
    }
}
