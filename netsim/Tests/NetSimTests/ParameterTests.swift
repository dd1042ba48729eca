import Faults
import NetSim
import Testing

@Suite("Link parameters")
struct ParameterTests {
    @Test(
        "A rate that is not above zero and at most 100 Gbit/s is refused",
        arguments: [0, -1, .nan, .infinity, -.infinity, 100e9 + 1, -.leastNonzeroMagnitude])
    func rates(rate: Double) {
        #expect(throws: (any Error).self) { try makeDirection(rate: rate) }
        #expect(code { try makeDirection(rate: rate) } == .invalidParameter)
        #expect(code { try SimulatedPair(link: makeLink(), seed: 1, maximumBitsPerSecond: rate) } == .invalidParameter)
        #expect(code { try RateQueue<Int>(rateBitsPerSecond: rate, queueByteCount: 1500) } == .invalidParameter)
    }

    @Test("A loss outside 0 to 1 is refused", arguments: [-0.001, 1.001, .nan, .infinity])
    func losses(loss: Double) {
        #expect(code { try makeDirection(loss: loss) } == .invalidParameter)
        #expect(
            code { try LossQueue<Int>(probability: loss, generator: SeededGenerator(seed: 1)) } == .invalidParameter)
    }

    @Test(
        "A delay outside 0 to 60 seconds is refused",
        arguments: [Duration.nanoseconds(-1), .seconds(60) + .nanoseconds(1), .seconds(Int64.max)])
    func delays(delay: Duration) {
        #expect(code { try makeDirection(delay: delay) } == .invalidParameter)
        #expect(code { try DelayQueue<Int>(delay: delay) } == .invalidParameter)
    }

    @Test("A queue without room for a full packet is refused", arguments: [1499, 0, -1, Int.min])
    func queues(byteCount: Int) {
        #expect(code { try makeDirection(queue: byteCount) } == .invalidParameter)
    }

    @Test("The bounds themselves are accepted, and packets pass at them without trouble")
    func bounds() throws {
        for rate in [.leastNonzeroMagnitude, 100e9] {
            let direction = try makeDirection(rate: rate, delay: .seconds(60), loss: 0, queue: .max)
            var model = LinkModel<Int>(direction, heading: .up, seed: .max, client: .max)
            for number in 0..<1000 {
                model.accept(SimulatedPacket(payload: number, byteCount: 65_535, arrivalTime: .zero), at: .zero)
            }
            let next = try #require(model.nextEventTime)
            #expect(next >= .seconds(60))
            let first = model.release(at: next)
            #expect(first?.payload == 0)
        }
        _ = try makeDirection(loss: 1)
        _ = try makeDirection(delay: .zero)
    }

    @Test(
        "A name that is empty, endless or would break a log's line is refused",
        arguments: ["", "two\nlines", "nul\0", "del\u{7F}", String(repeating: "x", count: 201)])
    func names(name: String) {
        #expect(code { try makeLink(name) } == .invalidParameter)
    }

    @Test("An error says which value was refused")
    func message() throws {
        let error = #expect(throws: NetSimError.self) { try makeDirection(queue: 7) }
        #expect(error?.message.contains("7 bytes") == true)
        #expect(error.map { "\($0)" } == error?.message)
    }

    @Test("A window without room for a datagram is refused", arguments: [0, -1])
    func windows(count: Int) {
        #expect(
            code {
                try SimulatedPair(link: makeLink(), seed: 1, maximumBitsPerSecond: 1e6, windowDatagramCount: count)
            } == .invalidParameter)
    }

    private func code(_ body: () throws -> some Any) -> NetSimError.Code? {
        do {
            _ = try body()
            return nil
        } catch {
            return (error as? NetSimError)?.code
        }
    }
}
