import NetSim
import Testing

@Suite("Queue disciplines")
struct QueueDisciplineTests {
    private func queue(_ queue: QueueParameters, rate: LinkRate = .constant(bitsPerSecond: 8e6)) throws -> RateQueue<Int> {
        try RateQueue(rate: rate, queue: queue, generator: SeededGenerator(seed: 1))
    }

    private func offer(_ queue: inout RateQueue<Int>, _ numbers: Range<Int>, byteCount: Int = 1000, at now: Duration) -> Int {
        numbers.filter { number in
            queue.accept(SimulatedPacket(payload: number, byteCount: byteCount, arrivalTime: now, number: UInt64(number)), at: now)
        }.count
    }

    private func drain(_ queue: inout RateQueue<Int>) -> [Int] {
        var payloads: [Int] = []
        while let next = queue.nextEventTime {
            while let packet = queue.release(at: next) { payloads.append(packet.payload) }
        }
        return payloads
    }

    @Test("A full drop-tail queue keeps the oldest, a full drop-head queue the newest and what is being sent")
    func ends() throws {
        for limit in [QueueLimit.bytes(5000), .packets(5)] {
            var tail = try queue(QueueParameters(limit: limit))
            #expect(offer(&tail, 0..<20, at: .zero) == 5)
            #expect(drain(&tail) == [0, 1, 2, 3, 4])
            var head = try queue(QueueParameters(.dropHead, limit: limit))
            #expect(offer(&head, 0..<20, at: .zero) == 20)
            #expect(head.queuedByteCount(at: .zero) == 5000)
            #expect(drain(&head) == [0, 16, 17, 18, 19])
        }
    }

    @Test("A drop-head queue refuses what would not fit even behind nothing, and drops nothing for it")
    func tooLarge() throws {
        var queue = try queue(QueueParameters(.dropHead, limit: .bytes(5000)))
        _ = offer(&queue, 0..<3, at: .zero)
        #expect(offer(&queue, 3..<4, byteCount: 4001, at: .zero) == 0)
        #expect(offer(&queue, 4..<5, byteCount: 4000, at: .zero) == 1)
        #expect(drain(&queue) == [0, 4])
        var single = try self.queue(QueueParameters(.dropHead, limit: .packets(1)))
        #expect(offer(&single, 0..<2, at: .zero) == 1)
        #expect(drain(&single) == [0])
    }

    @Test("A limit in packets counts packets of any size, the one in service included")
    func packets() throws {
        var queue = try queue(QueueParameters(limit: .packets(3)))
        #expect(offer(&queue, 0..<2, byteCount: 65_000, at: .zero) == 2)
        #expect(offer(&queue, 2..<5, byteCount: 1, at: .zero) == 1)
        // The first one has left after 65 ms, which makes room for one.
        #expect(offer(&queue, 5..<8, byteCount: 1, at: .milliseconds(65)) == 1)
        #expect(drain(&queue) == [0, 1, 2, 5])
    }

    @Test("Departures of packets that are not dropped are the ideal ones in every discipline")
    func idealTimes() throws {
        let times: [[Duration]] = try [QueueDiscipline.dropTail, .dropHead, .coDel(), .pie()].map { discipline in
            var queue = try queue(QueueParameters(discipline, limit: .bytes(1_000_000)), rate: .constant(bitsPerSecond: 3.7e6))
            var generator = SeededGenerator(seed: 3)
            var now = Duration.zero
            var times: [Duration] = []
            for number in 0..<2000 {
                // Half of what the link carries: nothing stands in the queue.
                now += .nanoseconds(Int64(6_000_000 * generator.nextUniform()))
                // Looked after now and then only.
                if number % 7 == 0 { while let packet = queue.release(at: now) { times.append(packet.readyTime) } }
                let byteCount = 28 + Int(1472 * generator.nextUniform())
                queue.accept(
                    SimulatedPacket(payload: number, byteCount: byteCount, arrivalTime: now, number: UInt64(number)), at: now)
            }
            while let packet = queue.release(at: .seconds(1000)) { times.append(packet.readyTime) }
            return times
        }
        #expect(times[0].count == 2000)
        #expect(times[1] == times[0] && times[2] == times[0] && times[3] == times[0])
    }

    @Test("What is dropped does not depend on when somebody looks", arguments: [QueueDiscipline.dropHead, .coDel(), .pie()])
    func lateness(discipline: QueueDiscipline) throws {
        func run(lookingEvery count: Int, _ rate: LinkRate) throws -> (times: [Duration], drops: [LinkEvent]) {
            let direction = try LinkDirection(
                rate: rate, delay: .milliseconds(10), queue: QueueParameters(discipline, limit: .packets(150)))
            var model = LinkModel<Int>(direction, heading: .up, seed: 4)
            var generator = SeededGenerator(seed: 12)
            var events: [LinkEvent] = []
            var now = Duration.zero
            for number in 0..<20_000 {
                now += .nanoseconds(Int64(2_000_000 * generator.nextUniform()))
                if number % count == 0 { while model.release(at: now, recordingIn: &events) != nil {} }
                model.accept(SimulatedPacket(payload: number, byteCount: 1250, arrivalTime: now), at: now, recordingIn: &events)
            }
            while model.release(at: .seconds(1000), recordingIn: &events) != nil {}
            let drops = events.filter { if case .drop = $0.kind { true } else { false } }
            return (events.filter { if case .departure = $0.kind { true } else { false } }.map(\.time), drops)
        }
        // Room for 0.7 packets a millisecond, of which one comes.
        let lines = (1...500).filter { $0 % 5 < 3 }.map { "\($0)\n" }.joined()
        let trace = LinkRate.trace(try LinkTrace(parsing: lines))
        for rate in [LinkRate.constant(bitsPerSecond: 8e6), trace] {
            let often = try run(lookingEvery: 1, rate)
            let seldom = try run(lookingEvery: 1000, rate)
            #expect(often.drops.count > 100 && often.times.count > 10_000)
            #expect(seldom.times == often.times)
            #expect(seldom.drops == often.drops)
        }
    }

    @Test(
        "A log's events come in the order of their times where packets are dropped from the queue",
        arguments: [QueueDiscipline.dropHead, .coDel(), .pie()])
    func eventOrder(discipline: QueueDiscipline) throws {
        let direction = try LinkDirection(
            rate: .constant(bitsPerSecond: 8e6), delay: .milliseconds(10), queue: QueueParameters(discipline, limit: .packets(150)))
        var model = LinkModel<Int>(direction, heading: .up, seed: 4)
        var events: [LinkEvent] = []
        for number in 0..<10_000 {
            let now = Duration.microseconds(number * 900)
            while model.release(at: now, recordingIn: &events) != nil {}
            model.accept(SimulatedPacket(payload: number, byteCount: 1250, arrivalTime: now), at: now, recordingIn: &events)
        }
        while model.release(at: .seconds(1000), recordingIn: &events) != nil {}
        #expect(zip(events, events.dropFirst()).allSatisfy { $0.time <= $1.time })
        let counters = model.counters
        #expect(counters.arrivedPacketCount == 10_000 && counters.droppedPacketCount > 0)
        #expect(counters.arrivedPacketCount == counters.departedPacketCount + counters.droppedPacketCount)
        #expect(counters.arrivedByteCount == counters.departedByteCount + counters.droppedByteCount)
        let cause: LinkEvent.DropCause = discipline == .dropHead ? .queue : .aqm
        #expect(events.contains { $0.kind == .drop(cause) })
    }
}
