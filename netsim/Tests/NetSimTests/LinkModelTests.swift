import NetSim
import Testing

@Suite("Link model")
struct LinkModelTests {
    @Test("Packets above the MTU are lost, those at it pass, and the losses of the others stay what they were")
    func mtu() throws {
        func fate(_ mtu: Int?) throws -> (taken: [Int], events: [LinkEvent]) {
            let impairments = LinkImpairments(loss: .independent(0.2), mtu: mtu)
            let direction = try LinkDirection(
                rate: .constant(bitsPerSecond: 1e9), delay: .zero, queue: QueueParameters(limit: .bytes(10_000_000)),
                impairments: impairments)
            var model = LinkModel<Int>(direction, heading: .up, seed: 3)
            var events: [LinkEvent] = []
            let taken = (0..<300).filter { number in
                let packet = SimulatedPacket(payload: number, byteCount: [1280, 1281, 90][number % 3], arrivalTime: .zero)
                return model.accept(packet, at: .zero, recordingIn: &events)
            }
            return (taken, events)
        }
        let (all, narrow) = (try fate(nil), try fate(1280))
        #expect(narrow.taken == all.taken.filter { $0 % 3 != 1 })
        let drops = narrow.events.filter { $0.kind == .drop(.mtu) }
        #expect(drops.count == all.taken.count { $0 % 3 == 1 } && drops.allSatisfy { $0.byteCount == 1281 })
        for mtu in [575, 65536] { #expect(throws: NetSimError.self) { try LinkImpairments(mtu: mtu).validate() } }
    }

    @Test("A saturated link carries its rate within 0.1 %", arguments: [0.5e6, 10e6, 300e6, 10e9])
    func rate(bitsPerSecond: Double) throws {
        var model = LinkModel<Int>(try makeDirection(rate: bitsPerSecond, queue: 15_000), heading: .up, seed: 1)
        let (bytes, time) = saturate(&model, packetByteCount: 1484, packetCount: 20_000)
        let measured = Double(bytes) * 8 / (time / .seconds(1))
        #expect(abs(measured / bitsPerSecond - 1) < 0.001, "\(measured)")
    }

    @Test("The rate does not suffer from being looked after late and irregularly")
    func lateness() throws {
        var model = LinkModel<Int>(
            try makeDirection(rate: 10e6, delay: .zero, queue: 10_000_000), heading: .up, seed: 1)
        var generator = SeededGenerator(seed: 5)
        var now = Duration.zero
        var last: SimulatedPacket<Int>?
        for number in 0..<2000 {
            model.accept(SimulatedPacket(payload: number, byteCount: 1250, arrivalTime: now), at: now)
            if number % 10 == 9 { now += .nanoseconds(Int64(10_000_000 * generator.nextUniform())) }
            while let packet = model.release(at: now) { last = packet }
        }
        while let next = model.nextEventTime, let packet = model.release(at: next) { last = packet }
        #expect(last?.payload == 1999)
        #expect(last?.readyTime == .seconds(2))
    }

    @Test("An empty link delays a packet by exactly its delay and the time to send it")
    func delay() throws {
        let direction = try makeDirection(rate: 8e6, delay: .milliseconds(37))
        var model = LinkModel<String>(direction, heading: .down, seed: 1)
        let start = Duration.seconds(5)
        model.accept(SimulatedPacket(payload: "slice", byteCount: 1000, arrivalTime: start), at: start)
        let due = start + .milliseconds(38)
        #expect(model.nextEventTime == due)
        let early = model.release(at: due - .nanoseconds(1))
        #expect(early == nil)
        let packet = model.release(at: due)
        #expect(packet?.payload == "slice")
        #expect(packet?.readyTime == due)
        #expect(model.nextEventTime == nil)
    }

    @Test("Loss is what was asked for within three sigma over 100 000 packets", arguments: [0.001, 0.01, 0.05, 0.5])
    func loss(probability: Double) throws {
        let count = 100_000
        var model = LinkModel<Int>(try makeDirection(rate: 100e9, loss: probability), heading: .up, seed: 2024)
        for number in 0..<count {
            let now = Duration.microseconds(number)
            while model.release(at: now) != nil {}
            model.accept(SimulatedPacket(payload: number, byteCount: 100, arrivalTime: now), at: now)
        }
        let expected = Double(count) * probability
        let sigma = (expected * (1 - probability)).squareRoot()
        #expect(abs(Double(model.counters.droppedPacketCount) - expected) <= 3 * sigma)
    }

    @Test("Without loss nothing is lost, and with certain loss everything is")
    func extremes() throws {
        for (probability, dropped) in [(0.0, 0), (1.0, 500)] {
            var model = LinkModel<Int>(
                try makeDirection(rate: 1e9, loss: probability, queue: 1_000_000), heading: .up, seed: 3)
            for number in 0..<500 {
                model.accept(SimulatedPacket(payload: number, byteCount: 100, arrivalTime: .zero), at: .zero)
            }
            #expect(model.counters.droppedPacketCount == dropped)
        }
    }

    @Test("What a seed loses at 1 % it also loses at 5 %, and the two directions lose different packets")
    func nestedLoss() throws {
        func lost(_ probability: Double, _ heading: Heading, client: Int = 0) throws -> Set<Int> {
            let direction = try makeDirection(rate: 1e9, loss: probability, queue: 10_000_000)
            var model = LinkModel<Int>(direction, heading: heading, seed: 9, client: client)
            return Set(
                (0..<10_000).filter { number in
                    !model.accept(SimulatedPacket(payload: number, byteCount: 100, arrivalTime: .zero), at: .zero)
                })
        }
        #expect(try lost(0.01, .up).isSubset(of: lost(0.05, .up)))
        #expect(try lost(0.05, .up) != lost(0.05, .down))
        #expect(try lost(0.05, .up) != lost(0.05, .up, client: 1))
    }

    @Test("The queue never holds more than its limit, and refuses only what does not fit")
    func queueLimit() throws {
        let limit = 10_000
        var model = LinkModel<Int>(try makeDirection(rate: 1e6, queue: limit), heading: .up, seed: 1)
        var generator = SeededGenerator(seed: 77)
        var now = Duration.zero
        var refusedCount = 0
        for number in 0..<20_000 {
            let byteCount = 28 + Int(1472 * generator.nextUniform())
            let waiting = model.queuedByteCount(at: now)
            #expect(waiting <= limit)
            let taken = model.accept(
                SimulatedPacket(payload: number, byteCount: byteCount, arrivalTime: now), at: now)
            #expect(taken == (waiting + byteCount <= limit))
            if !taken { refusedCount += 1 }
            now += .microseconds(Int64(8000 * generator.nextUniform()))
            while model.release(at: now) != nil {}
        }
        #expect(refusedCount > 0)
        #expect(model.counters.droppedPacketCount == refusedCount)
        #expect(model.counters.arrivedPacketCount == 20_000)
    }

    @Test("A cut link drops what arrives and lets out what is under way, and loses the same packets afterwards")
    func outage() throws {
        let direction = try makeDirection(rate: 1e9, delay: .milliseconds(10), loss: 0.2, queue: 10_000_000)
        func delivered(cutting cut: Range<Int>) -> [Int] {
            var model = LinkModel<Int>(direction, heading: .up, seed: 4)
            for number in 0..<300 {
                model.isCut = cut.contains(number)
                model.accept(SimulatedPacket(payload: number, byteCount: 100, arrivalTime: .zero), at: .zero)
            }
            return sequence(state: ()) { _ in model.release(at: .seconds(1))?.payload }.map { $0 }
        }
        let uncut = delivered(cutting: 0..<0)
        #expect(delivered(cutting: 100..<200) == uncut.filter { !(100..<200).contains($0) })
    }

    @Test("The elements can be chained by their three calls alone")
    func composition() throws {
        func drain(_ element: inout some LinkElement<Int>) -> [SimulatedPacket<Int>] {
            var packets: [SimulatedPacket<Int>] = []
            while let next = element.nextEventTime, let packet = element.release(at: next) { packets.append(packet) }
            return packets
        }
        var loss = try LossQueue<Int>(probability: 0, generator: SeededGenerator(seed: 1))
        var rate = try RateQueue<Int>(rateBitsPerSecond: 8e6, queueByteCount: 3000)
        var delay = try DelayQueue<Int>(delay: .milliseconds(5))
        for number in 0..<4 {
            loss.accept(SimulatedPacket(payload: number, byteCount: 1000, arrivalTime: .zero), at: .zero)
        }
        for packet in drain(&loss) { rate.accept(packet, at: packet.readyTime) }
        for packet in drain(&rate) { delay.accept(packet, at: packet.readyTime) }
        let arrived = drain(&delay)
        #expect(arrived.map(\.payload) == [0, 1, 2])
        #expect(arrived.map(\.readyTime) == [.milliseconds(6), .milliseconds(7), .milliseconds(8)])
    }

    /// Keeps the queue from running dry, and measures from the first departure to the last.
    private func saturate(
        _ model: inout LinkModel<Int>, packetByteCount: Int, packetCount: Int
    ) -> (byteCount: Int, time: Duration) {
        var now = Duration.zero
        var sent = 0
        var times: [Duration] = []
        while times.count < packetCount {
            while model.queuedByteCount(at: now) + packetByteCount <= model.parameters.queueByteCount {
                model.accept(
                    SimulatedPacket(payload: sent, byteCount: packetByteCount, arrivalTime: now), at: now)
                sent += 1
            }
            now += .nanoseconds(Int64(Double(packetByteCount) * 8e9 / model.parameters.rateBitsPerSecond))
            while let packet = model.release(at: now) { times.append(packet.readyTime) }
        }
        guard let first = times.first, let last = times.last else { return (0, .zero) }
        return ((times.count - 1) * packetByteCount, last - first)
    }
}
