import NetSim
import Testing

@Suite("Link log")
struct LinkLogTests {
    @Test("A log has the lines it has always had")
    func golden() throws {
        let up = try LinkDirection(
            rateBitsPerSecond: 8e6, delay: .milliseconds(20), lossProbability: 0, queueByteCount: 2000)
        let down = try LinkDirection(
            rateBitsPerSecond: 2e6, delay: .microseconds(1500), lossProbability: 1, queueByteCount: 64_000)
        let link = try LinkParameters(name: "ward to archive", up: up, down: down)
        var log = LinkLog(link: link, seed: 42)
        var upModel = LinkModel<Int>(up, heading: .up, seed: 42)
        var downModel = LinkModel<Int>(down, heading: .down, seed: 42, client: 3)
        let start = Duration.microseconds(12_345)
        for number in 0..<3 {
            let packet = SimulatedPacket(payload: number, byteCount: 1000, arrivalTime: start)
            upModel.accept(packet, at: start, recordingIn: &log)
        }
        let packet = SimulatedPacket(payload: 3, byteCount: 72, arrivalTime: start)
        downModel.accept(packet, at: start, recordingIn: &log)
        while upModel.release(at: .seconds(1), recordingIn: &log) != nil {}
        upModel.isCut = true
        upModel.accept(packet, at: .seconds(100_000), recordingIn: &log)
        #expect(
            log.text == """
                # netsim link log, version 1
                # link: ward to archive
                # up: rate 8000000.0 bit/s, delay 20.000 ms, loss 0.0, queue 2000 bytes
                # down: rate 2000000.0 bit/s, delay 1.500 ms, loss 1.0, queue 64000 bytes
                # seed: 42
                # base timestamp: 0
                12.345 + 1000 up 0
                12.345 + 1000 up 0
                12.345 + 1000 up 0
                12.345 d 1 1000 up 0 queue
                12.345 + 72 down 3
                12.345 d 1 72 down 3 loss
                33.345 - 1000 21.000 up 0
                34.345 - 1000 22.000 up 0
                100000000.000 + 72 up 0
                100000000.000 d 1 72 up 0 outage

                """)
    }

    @Test("The same seed and arrivals give the same bytes, another seed does not")
    func determinism() throws {
        func run(seed: UInt64) throws -> String {
            let link = try makeLink(loss: 0.1, queue: 20_000)
            var model = LinkModel<Int>(link.up, heading: .up, seed: seed)
            var log = LinkLog(link: link, seed: 0)
            var generator = SeededGenerator(seed: 1)
            var now = Duration.zero
            for number in 0..<5000 {
                now += .nanoseconds(Int64(2_000_000 * generator.nextUniform()))
                while model.release(at: now, recordingIn: &log) != nil {}
                let byteCount = 28 + Int(1472 * generator.nextUniform())
                let packet = SimulatedPacket(payload: number, byteCount: byteCount, arrivalTime: now)
                model.accept(packet, at: now, recordingIn: &log)
            }
            return log.text
        }
        #expect(try run(seed: 11) == run(seed: 11))
        #expect(try run(seed: 11) != run(seed: 12))
    }

    @Test("Text that was taken is not written again, and the rest follows on")
    func taking() throws {
        var log = LinkLog(link: try makeLink(), seed: 1)
        #expect(log.takeText().hasPrefix("# netsim"))
        #expect(log.text.isEmpty)
        log.record(LinkEvent(time: .microseconds(-1500), kind: .arrival, byteCount: 29, heading: .down))
        #expect(log.takeText() == "-1.500 + 29 down 0\n")
    }
}
