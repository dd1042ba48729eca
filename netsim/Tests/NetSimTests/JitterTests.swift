import Foundation
import NetSim
import Testing

@Suite("Jitter")
struct JitterTests {
    private static let distributions: [Jitter.Distribution] = [
        .uniform(minimum: .milliseconds(2), maximum: .milliseconds(10)),
        .normal(mean: .milliseconds(8), deviation: .milliseconds(2)),
        .pareto(minimum: .milliseconds(2), shape: 3, maximum: .milliseconds(50)),
    ]

    /// By how much each of many packets is late that come so seldom that none waits for another.
    private func delays(_ distribution: Jitter.Distribution, count: Int = 50_000) throws -> [Double] {
        var queue = try JitterQueue<Int>(Jitter(distribution), generator: SeededGenerator(seed: 21))
        return (0..<count).compactMap { number in
            let now = Duration.seconds(number)
            queue.accept(
                SimulatedPacket(payload: number, byteCount: 100, arrivalTime: now, number: UInt64(number)), at: now)
            return queue.release(at: now + .seconds(1)).map { ($0.readyTime - now) / .milliseconds(1) }
        }
    }

    private func expectMoments(_ values: [Double], mean: Double, deviation: Double) {
        let count = Double(values.count)
        let found = values.reduce(0, +) / count
        let variance = values.reduce(0) { $0 + ($1 - found) * ($1 - found) } / (count - 1)
        #expect(abs(found - mean) <= 3 * deviation / count.squareRoot(), "\(found), not \(mean)")
        #expect(abs(variance.squareRoot() / deviation - 1) < 0.05, "\(variance.squareRoot()), not \(deviation)")
    }

    @Test("Uniform jitter lies between its bounds and is as likely everywhere")
    func uniform() throws {
        let values = try delays(.uniform(minimum: .milliseconds(2), maximum: .milliseconds(10)))
        #expect(values.allSatisfy { (2...10).contains($0) })
        expectMoments(values, mean: 6, deviation: 8 / 12.0.squareRoot())
    }

    @Test("Normal jitter has its mean and deviation, and is never negative")
    func normal() throws {
        let values = try delays(.normal(mean: .milliseconds(8), deviation: .milliseconds(2)))
        #expect(values.allSatisfy { (0...16).contains($0) })
        expectMoments(values, mean: 8, deviation: 2)
        let share = Double(values.filter { abs($0 - 8) < 2 }.count) / Double(values.count)
        #expect(abs(share - 0.6827) < 0.01)
        // Where the truncation bites, the mean stays.
        let narrow = try delays(.normal(mean: .milliseconds(3), deviation: .milliseconds(3)))
        #expect(narrow.allSatisfy { (0...6).contains($0) })
        expectMoments(narrow, mean: 3, deviation: 3 * 0.5396)
        #expect(try delays(.normal(mean: .milliseconds(3), deviation: .zero), count: 10).allSatisfy { $0 == 3 })
    }

    @Test("Pareto jitter has its least value, its tail and its greatest value")
    func pareto() throws {
        let values = try delays(.pareto(minimum: .milliseconds(2), shape: 3, maximum: .milliseconds(50)))
        #expect(values.allSatisfy { (2...50).contains($0) })
        for limit in [3.0, 4, 8] {
            let beyond = pow(2.0 / 50, 3.0)
            let expected = (pow(2.0 / limit, 3.0) - beyond) / (1 - beyond)
            let found = Double(values.filter { $0 > limit }.count) / Double(values.count)
            let sigma = (expected * (1 - expected) / Double(values.count)).squareRoot()
            #expect(abs(found - expected) <= 3 * sigma, "above \(limit): \(found), not \(expected)")
        }
    }

    @Test("Packets overtake each other where that was asked for, and only there", arguments: JitterTests.distributions)
    func order(distribution: Jitter.Distribution) throws {
        func run(reorders: Bool) throws -> [SimulatedPacket<Int>] {
            let direction = try LinkDirection(
                rate: .constant(bitsPerSecond: 100e6), delay: .milliseconds(20), queue: QueueParameters(limit: .packets(1000)),
                impairments: LinkImpairments(jitter: Jitter(distribution, reorders: reorders)))
            var model = LinkModel<Int>(direction, heading: .up, seed: 5)
            var packets: [SimulatedPacket<Int>] = []
            for number in 0..<2000 {
                let now = Duration.microseconds(number * 500)
                // Woken up when the model wants to be: nothing may come late.
                while let next = model.nextEventTime, next <= now {
                    while let packet = model.release(at: next) {
                        #expect(packet.readyTime == next)
                        packets.append(packet)
                    }
                }
                model.accept(SimulatedPacket(payload: number, byteCount: 1250, arrivalTime: now), at: now)
            }
            while let packet = model.release(at: .seconds(100)) { packets.append(packet) }
            return packets
        }
        let ordered = try run(reorders: false)
        let reordered = try run(reorders: true)
        #expect(ordered.map(\.payload) == Array(0..<2000))
        #expect(reordered.map(\.payload) != Array(0..<2000) && reordered.map(\.payload).sorted() == Array(0..<2000))
        for packets in [ordered, reordered] {
            #expect(zip(packets, packets.dropFirst()).allSatisfy { $0.readyTime <= $1.readyTime })
        }
        // Each leaves after its own delay, or with the one ahead of it where that leaves later.
        let own = Dictionary(uniqueKeysWithValues: reordered.map { ($0.payload, $0.readyTime) })
        var latest = Duration.zero
        for packet in ordered {
            latest = max(latest, own[packet.payload] ?? .zero)
            #expect(packet.readyTime == latest)
        }
    }

    @Test("Packets of the same time keep their order")
    func ties() throws {
        let jitter = Jitter(.uniform(minimum: .milliseconds(1), maximum: .milliseconds(1)), reorders: true)
        var queue = try JitterQueue<Int>(jitter, generator: SeededGenerator(seed: 1))
        for number in 0..<100 {
            queue.accept(SimulatedPacket(payload: number, byteCount: 100, arrivalTime: .zero, number: UInt64(number)), at: .zero)
        }
        let early = queue.release(at: .microseconds(999))
        #expect(early == nil && queue.nextEventTime == .milliseconds(1))
        var payloads: [Int] = []
        while let packet = queue.release(at: .milliseconds(1)) { payloads.append(packet.payload) }
        #expect(payloads == Array(0..<100))
    }
}
