import NetSim
import Testing

@Suite("Periodic outages")
struct OutageTests {
    @Test("Nothing gets onto the link during an outage, from its first instant to just before its end")
    func window() throws {
        var queue = try OutageQueue<Int>(PeriodicOutage(every: .seconds(60), for: .seconds(5), phase: .seconds(10)))
        func passes(_ time: Duration) -> Bool {
            queue.accept(SimulatedPacket(payload: 0, byteCount: 100, arrivalTime: time), at: time)
        }
        for start in [10, 70, 6010] {
            let start = Duration.seconds(start)
            #expect(passes(start - .nanoseconds(1)) && !passes(start) && !passes(start + .seconds(5) - .nanoseconds(1)))
            #expect(passes(start + .seconds(5)))
        }
    }

    @Test("Without a phase the first outage comes a period after the start, and before the phase there is none")
    func firstOutage() {
        let outage = PeriodicOutage(every: .seconds(20), for: .seconds(3))
        #expect(outage.phase == .seconds(20))
        #expect(!outage.isOut(at: .zero) && !outage.isOut(at: .seconds(19)) && outage.isOut(at: .seconds(22)))
        let late = PeriodicOutage(every: .seconds(1), for: .seconds(1), phase: .seconds(100))
        #expect(!late.isOut(at: .seconds(99)) && late.isOut(at: .seconds(100)) && late.isOut(at: .seconds(1000)))
    }

    @Test("An outage says so in the log, lets out what is under way, and does not shift the losses around it")
    func inALink() throws {
        func run(_ outage: PeriodicOutage?) throws -> (events: [LinkEvent], delivered: [Int]) {
            let direction = try LinkDirection(
                rate: .constant(bitsPerSecond: 1e9), delay: .milliseconds(30), queue: QueueParameters(limit: .packets(100)),
                impairments: LinkImpairments(loss: .independent(0.2), outage: outage))
            var model = LinkModel<Int>(direction, heading: .up, seed: 8)
            var events: [LinkEvent] = []
            var delivered: [Int] = []
            for number in 0..<1000 {
                let now = Duration.milliseconds(number)
                while let packet = model.release(at: now, recordingIn: &events) { delivered.append(packet.payload) }
                model.accept(SimulatedPacket(payload: number, byteCount: 100, arrivalTime: now), at: now, recordingIn: &events)
            }
            while let packet = model.release(at: .seconds(2), recordingIn: &events) { delivered.append(packet.payload) }
            return (events, delivered)
        }
        let without = try run(nil)
        let with = try run(PeriodicOutage(every: .milliseconds(300), for: .milliseconds(100), phase: .milliseconds(50)))
        let isOut: (Int) -> Bool = { $0 >= 50 && ($0 - 50) % 300 < 100 }
        #expect(with.delivered == without.delivered.filter { !isOut($0) })
        let drops = with.events.filter { $0.kind == .drop(.outage) }
        #expect(drops.count == (0..<1000).filter(isOut).count)
        #expect(!without.events.contains { $0.kind == .drop(.outage) })
    }
}
