import NetSim
import Testing

@Suite("Altered and copied packets")
struct AlteredPacketTests {
    private func direction(
        duplicate: Double = 0, corrupt: Double = 0, loss: Double = 0, packets: Int = 1_000_000
    ) throws -> LinkDirection {
        try LinkDirection(
            rate: .constant(bitsPerSecond: 8e9), delay: .milliseconds(3), queue: QueueParameters(limit: .packets(packets)),
            impairments: LinkImpairments(
                loss: .independent(loss), duplicationProbability: duplicate, corruptionProbability: corrupt))
    }

    private func differingBitCount(_ left: [UInt8], _ right: [UInt8]) -> Int {
        left.count == right.count ? zip(left, right).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount } : -1
    }

    @Test("Exactly one bit is flipped in the share of packets asked for, within three sigma, and every bit gets its turn")
    func corruption() throws {
        let sent: [UInt8] = [0x00, 0xFF, 0x5A]
        var model = LinkModel<[UInt8]>(try direction(corrupt: 0.1), heading: .up, seed: 3)
        let count = 20_000
        for _ in 0..<count { model.accept(SimulatedPacket(payload: sent, byteCount: 31, arrivalTime: .zero), at: .zero) }
        var hits = [Int](repeating: 0, count: 24)
        var corruptedCount = 0
        while let packet = model.release(at: .seconds(1)) {
            let difference = differingBitCount(packet.payload, sent)
            #expect(difference == (packet.marks.contains(.corrupt) ? 1 : 0))
            guard difference == 1 else { continue }
            corruptedCount += 1
            for (place, (got, was)) in zip(packet.payload, sent).enumerated() where got != was {
                hits[place * 8 + (got ^ was).trailingZeroBitCount] += 1
            }
        }
        let sigma = (Double(count) * 0.1 * 0.9).squareRoot()
        #expect(abs(Double(corruptedCount) - Double(count) * 0.1) <= 3 * sigma)
        #expect(model.counters.corruptedPacketCount == corruptedCount)
        let each = Double(corruptedCount) / 24
        #expect(hits.allSatisfy { abs(Double($0) - each) < 5 * each.squareRoot() }, "\(hits)")
    }

    @Test("A payload without bits, or of a kind that has none, passes corruption unharmed and marked")
    func nothingToFlip() throws {
        var bytes = LinkModel<[UInt8]>(try direction(corrupt: 1), heading: .up, seed: 3)
        bytes.accept(SimulatedPacket(payload: [], byteCount: 28, arrivalTime: .zero), at: .zero)
        #expect(bytes.release(at: .seconds(1))?.payload == [])
        var numbers = LinkModel<Int>(try direction(corrupt: 1), heading: .up, seed: 3)
        numbers.accept(SimulatedPacket(payload: 7, byteCount: 28, arrivalTime: .zero), at: .zero)
        let packet = numbers.release(at: .seconds(1))
        #expect(packet?.payload == 7 && packet?.marks == .corrupt)
    }

    @Test("The share of packets asked for is delivered twice, within three sigma, the copy right behind its original")
    func duplication() throws {
        let count = 20_000
        var model = LinkModel<Int>(try direction(duplicate: 0.05), heading: .down, seed: 4)
        for number in 0..<count {
            model.accept(SimulatedPacket(payload: number, byteCount: 1000, arrivalTime: .zero), at: .zero)
        }
        var packets: [SimulatedPacket<Int>] = []
        while let packet = model.release(at: .seconds(10)) { packets.append(packet) }
        let copies = packets.filter { $0.marks.contains(.duplicate) }
        let sigma = (Double(count) * 0.05 * 0.95).squareRoot()
        #expect(abs(Double(copies.count) - Double(count) * 0.05) <= 3 * sigma)
        #expect(Set(packets.map(\.payload)).count == count && packets.count == count + copies.count)
        for (packet, next) in zip(packets, packets.dropFirst()) where next.marks.contains(.duplicate) {
            // It took its own time to send: 1000 bytes at 8 Gbit/s.
            #expect(packet.payload == next.payload && next.readyTime - packet.readyTime == .microseconds(1))
        }
        #expect(model.counters.arrivedPacketCount == count && model.counters.duplicatedPacketCount == copies.count)
        #expect(model.counters.departedPacketCount == packets.count)
    }

    @Test("A copy can be dropped by a full queue, and the packet that was taken counts as taken")
    func copyDropped() throws {
        var model = LinkModel<Int>(try direction(duplicate: 1, packets: 1), heading: .up, seed: 1)
        var events: [LinkEvent] = []
        let isTaken = model.accept(
            SimulatedPacket(payload: 0, byteCount: 1000, arrivalTime: .zero), at: .zero, recordingIn: &events)
        #expect(isTaken)
        #expect(events.map(\.kind) == [.arrival, .arrival, .drop(.queue)])
        #expect(events.map(\.marks) == [[], .duplicate, .duplicate])
    }

    @Test("A relay delivers datagrams with one bit flipped, and twice")
    func relay() throws {
        let server = try LoopbackSocket()
        let up = try direction(duplicate: 1, corrupt: 1)
        let link = try LinkParameters(name: "worn", up: up, down: try direction())
        let relay = try UDPRelay(
            listen: HostPort("127.0.0.1:0"), to: HostPort("127.0.0.1:\(server.port)"), link: link, seed: 6)
        try relay.start()
        let client = try LoopbackSocket()
        try client.connect(to: relay.boundPort)
        for number in 0..<20 {
            try client.send(numbered(number))
            let received = [try server.receive(), try server.receive()]
            #expect(received.map { differingBitCount($0, numbered(number)) } == [1, 1])
            // The copy was altered by itself.
            #expect(received[0] != received[1])
        }
        relay.stop()
        #expect(relay.counters.up.corruptedPacketCount == 40 && relay.counters.up.duplicatedPacketCount == 20)
    }

    @Test("A pair delivers altered data, and goes without altered acknowledgements")
    func pair() throws {
        let link = try LinkParameters(name: "worn", up: direction(corrupt: 0.2), down: direction(corrupt: 0.2))
        var pair = try SimulatedPair(link: link, seed: 2, maximumBitsPerSecond: 10e6)
        for number in 0..<300 { pair.send(numbered(number), from: .client, at: .zero) }
        let deliveries = drain(&pair, until: .seconds(20))
        #expect(deliveries.count == 300)
        let altered = deliveries.enumerated().filter { $0.element.payload != numbered($0.offset) }
        #expect((30...90).contains(altered.count))
        #expect(altered.allSatisfy { differingBitCount($0.element.payload, numbered($0.offset)) == 1 })
        #expect(pair.unacknowledgedDatagramCount(at: .client) == 0)
    }

    @Test("Where every acknowledgement is altered, none is understood")
    func nothingAcknowledged() throws {
        let link = try LinkParameters(name: "worn", up: direction(), down: direction(corrupt: 1))
        var pair = try SimulatedPair(link: link, seed: 2, maximumBitsPerSecond: 10e6)
        for number in 0..<30 { pair.send(numbered(number), from: .client, at: .zero) }
        #expect(drain(&pair, until: .seconds(5)).count == 30)
        #expect(pair.unacknowledgedDatagramCount(at: .client) == 30)
    }
}
