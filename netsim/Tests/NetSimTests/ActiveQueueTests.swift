import NetSim
import Testing

@Suite("Active queue management")
struct ActiveQueueTests {
    private func flow(_ discipline: QueueDiscipline) throws -> SaturatingFlow {
        // The queue holds 840 ms of the link's rate.
        let direction = try LinkDirection(
            rate: .constant(bitsPerSecond: 10e6), delay: .milliseconds(20),
            queue: QueueParameters(discipline, limit: .packets(700)))
        var flow = SaturatingFlow(direction, returnDelay: .milliseconds(20))
        flow.run(for: .seconds(40))
        return flow
    }

    @Test("A saturating flow stands in a drop-tail queue, and CoDel and PIE keep its wait near their targets")
    func standingDelay() throws {
        let dropTail = try flow(.dropTail)
        #expect(dropTail.medianWait(after: .seconds(10)) > .milliseconds(300))
        let coDel = try flow(.coDel(target: .milliseconds(5), interval: .milliseconds(100)))
        #expect((Duration.milliseconds(1)...(.milliseconds(12))).contains(coDel.medianWait(after: .seconds(10))))
        let pie = try flow(.pie(target: .milliseconds(15), updateInterval: .milliseconds(15)))
        #expect((Duration.milliseconds(5)...(.milliseconds(25))).contains(pie.medianWait(after: .seconds(10))))
        // And that without giving the link away.
        for flow in [dropTail, coDel, pie] { #expect(flow.rate(after: .seconds(10)) > 0.85 * 10e6) }
    }

    @Test("PIE brings a sender that does not react to its target, too")
    func unresponsive() throws {
        let direction = try LinkDirection(
            rate: .constant(bitsPerSecond: 10e6), delay: .zero, queue: QueueParameters(.pie(), limit: .packets(700)))
        var model = LinkModel<Int>(direction, heading: .up, seed: 2)
        var waits: [Duration] = []
        for number in 0..<60_000 {
            let now = Duration.microseconds(number * 960)
            while let packet = model.release(at: now) {
                if now > .seconds(30) { waits.append(packet.readyTime - packet.arrivalTime) }
            }
            model.accept(SimulatedPacket(payload: number, byteCount: 1500, arrivalTime: now), at: now)
        }
        let mean = waits.reduce(.zero, +) / waits.count
        #expect((Duration.milliseconds(12)...(.milliseconds(20))).contains(mean), "\(mean)")
        // 12.5 Mbit/s of which 10 get through.
        #expect(abs(Double(model.counters.droppedPacketCount) / 60_000 - 0.2) < 0.03)
    }

    @Test("Bursts pass and a queue below its target loses nothing", arguments: [QueueDiscipline.coDel(), .pie()])
    func harmless(discipline: QueueDiscipline) throws {
        let direction = try LinkDirection(
            rate: .constant(bitsPerSecond: 10e6), delay: .zero, queue: QueueParameters(discipline, limit: .packets(700)))
        var model = LinkModel<Int>(direction, heading: .up, seed: 2)
        for burst in 0..<100 {
            let now = Duration.milliseconds(burst * 500)
            while model.release(at: now) != nil {}
            // 60 ms of the link's rate at once, which is gone before an interval has passed.
            for number in 0..<50 {
                model.accept(SimulatedPacket(payload: number, byteCount: 1500, arrivalTime: now), at: now)
            }
        }
        #expect(model.counters.droppedPacketCount == 0)
    }

    @Test("An idle link of years does not keep PIE busy, and the slowest link neither", .timeLimit(.minutes(1)))
    func extremes() throws {
        for rate in [1e6, .leastNonzeroMagnitude] {
            var queue = try RateQueue<Int>(
                rate: .constant(bitsPerSecond: rate),
                queue: QueueParameters(.pie(target: .milliseconds(1), updateInterval: .microseconds(10)), limit: .packets(1000)),
                generator: SeededGenerator(seed: 1))
            for second in [0, 1, 1_000_000, 1_000_000_000] {
                for number in 0..<100 {
                    let packet = SimulatedPacket(
                        payload: number, byteCount: 1500, arrivalTime: .seconds(second), number: UInt64(number))
                    queue.accept(packet, at: .seconds(second))
                }
            }
            while queue.release(at: .seconds(Int64.max / 1000)) != nil {}
            #expect(queue.nextEventTime == nil)
        }
    }
}
