import NetSim
import Testing

@Suite("CoDel by its RFC")
struct CoDelReferenceTests {
    @Test("CoDel drops and sends just what the RFC's pseudocode does", arguments: 1...6)
    func reference(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var now = Duration.seconds(1)
        // Phases of more and of less than the link carries, so that it goes in and out of dropping.
        let arrivals: [ReferenceCoDel.Packet] = (0..<20_000).map { number in
            let load = [2.2, 0.7, 1.3, 0.3][number / 700 % 4]
            now += .nanoseconds(Int64(2_000_000 / load * generator.nextUniform()))
            return (number, 100 + Int(1400 * generator.nextUniform()), now)
        }
        let rate = 6.4e6
        var reference = ReferenceCoDel(target: .milliseconds(5), interval: .milliseconds(50))
        let expected = reference.send(arrivals, bitsPerSecond: rate)
        var queue = try RateQueue<Int>(
            rate: .constant(bitsPerSecond: rate),
            queue: QueueParameters(.coDel(target: .milliseconds(5), interval: .milliseconds(50)), limit: .bytes(.max)),
            generator: SeededGenerator(seed: 1))
        for arrival in arrivals {
            queue.accept(
                SimulatedPacket(payload: arrival.number, byteCount: arrival.byteCount, arrivalTime: arrival.time),
                at: arrival.time)
        }
        var sent: [SimulatedPacket<Int>] = []
        while let packet = queue.release(at: .seconds(1000)) { sent.append(packet) }
        #expect(reference.dropped.count > 200)
        #expect(sent.map(\.payload) == expected.map(\.number))
        #expect(sent.map(\.readyTime) == expected.map(\.time))
    }
}
