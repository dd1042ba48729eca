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
        let reference = try expectReference(arrivals)
        #expect(reference.dropped.count > 200)
    }

    @Test("The drop rate of a cycle is remembered for sixteen intervals, and no longer", arguments: 1...4)
    func memory(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var now = Duration.seconds(1)
        var arrivals: [ReferenceCoDel.Packet] = []
        // Bursts that make it drop, and pauses of 6 to 20 intervals between them.
        for burst in 0..<12 {
            for _ in 0..<900 {
                now += .nanoseconds(Int64(2_000_000 / 2.2 * generator.nextUniform()))
                arrivals.append((arrivals.count, 100 + Int(1400 * generator.nextUniform()), now))
            }
            now += .milliseconds(50 * (6 + burst * 14 / 11) + 500)
        }
        let reference = try expectReference(arrivals)
        // The pauses are such that another memory would show.
        for memory in [8, 12, 20] {
            var other = ReferenceCoDel(target: .milliseconds(5), interval: .milliseconds(50), memory: memory)
            _ = other.send(arrivals, bitsPerSecond: Self.rate)
            #expect(other.dropped != reference.dropped, "\(memory) intervals")
        }
    }

    private static let rate = 6.4e6

    /// Sends arrivals through the link's queue and through the RFC's, and expects the same of both.
    private func expectReference(_ arrivals: [ReferenceCoDel.Packet]) throws -> ReferenceCoDel {
        var reference = ReferenceCoDel(target: .milliseconds(5), interval: .milliseconds(50))
        let expected = reference.send(arrivals, bitsPerSecond: Self.rate)
        var queue = try RateQueue<Int>(
            rate: .constant(bitsPerSecond: Self.rate),
            queue: QueueParameters(.coDel(target: .milliseconds(5), interval: .milliseconds(50)), limit: .bytes(.max)),
            generator: SeededGenerator(seed: 1))
        for arrival in arrivals {
            queue.accept(
                SimulatedPacket(payload: arrival.number, byteCount: arrival.byteCount, arrivalTime: arrival.time),
                at: arrival.time)
        }
        var sent: [SimulatedPacket<Int>] = []
        while let packet = queue.release(at: .seconds(1000)) { sent.append(packet) }
        #expect(sent.map(\.payload) == expected.map(\.number))
        #expect(sent.map(\.readyTime) == expected.map(\.time))
        return reference
    }
}
