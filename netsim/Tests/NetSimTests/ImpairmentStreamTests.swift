import NetSim
import Testing

@Suite("Random streams of a link")
struct ImpairmentStreamTests {
    private static let everything = LinkImpairments(
        loss: .gilbertElliott(GilbertElliott(p: 0.02, r: 0.3)), outage: PeriodicOutage(every: .seconds(1), for: .milliseconds(50)),
        duplicationProbability: 0.05, corruptionProbability: 0.05,
        jitter: Jitter(.normal(mean: .milliseconds(6), deviation: .milliseconds(4)), reorders: true))

    private struct Run {
        var log: String
        var lost: Set<Int> = []
        var copied: Set<Int> = []
        var altered: Set<Int> = []
        /// From leaving the queue to leaving the link.
        var held: [Int: Duration] = [:]
    }

    /// Packets so far apart that none waits for another; the first of a packet and its copy is looked at.
    private func run(
        _ impairments: LinkImpairments, seed: UInt64 = 7, discipline: QueueDiscipline = .dropTail, client: Int = 0
    ) throws -> Run {
        let direction = try LinkDirection(
            rate: .constant(bitsPerSecond: 1e9), delay: .milliseconds(10), queue: QueueParameters(discipline, limit: .packets(50)),
            impairments: impairments)
        let link = try LinkParameters(name: "any", up: direction, down: direction)
        var model = LinkModel<Int>(direction, heading: .up, seed: seed, client: client)
        var log = LinkLog(link: link, seed: seed)
        var run = Run(log: "")
        func take(_ packet: SimulatedPacket<Int>) {
            if packet.marks.contains(.duplicate) {
                run.copied.insert(packet.payload)
            } else {
                run.held[packet.payload] = packet.readyTime - packet.arrivalTime
                if packet.marks.contains(.corrupt) { run.altered.insert(packet.payload) }
            }
        }
        for number in 0..<4000 {
            let now = Duration.milliseconds(number)
            while let packet = model.release(at: now, recordingIn: &log) { take(packet) }
            let packet = SimulatedPacket(payload: number, byteCount: 1000, arrivalTime: now)
            if !model.accept(packet, at: now, recordingIn: &log) { run.lost.insert(number) }
        }
        while let packet = model.release(at: .seconds(10), recordingIn: &log) { take(packet) }
        run.log = log.text
        return run
    }

    @Test(
        "The same seed gives the same log to the byte, and another seed or client another",
        arguments: [QueueDiscipline.dropTail, .dropHead, .coDel(), .pie()])
    func determinism(discipline: QueueDiscipline) throws {
        let log = try run(Self.everything, discipline: discipline).log
        #expect(try run(Self.everything, discipline: discipline).log == log)
        #expect(try run(Self.everything, seed: 8, discipline: discipline).log != log)
        #expect(try run(Self.everything, discipline: discipline, client: 1).log != log)
    }

    @Test("Adding an impairment leaves to each packet what the others do to it")
    func independence() throws {
        let all = try run(Self.everything)
        #expect(!all.lost.isEmpty && !all.copied.isEmpty && !all.altered.isEmpty)

        let lossOnly = try run(LinkImpairments(loss: Self.everything.loss))
        let outages = Set((1000..<4000).filter { $0 % 1000 < 50 })
        #expect(all.lost == lossOnly.lost.union(outages))

        let copiesOnly = try run(LinkImpairments(duplicationProbability: 0.05))
        #expect(all.copied == copiesOnly.copied.subtracting(all.lost))

        let alteredOnly = try run(LinkImpairments(corruptionProbability: 0.05))
        #expect(all.altered == alteredOnly.altered.subtracting(all.lost))

        let heldOnly = try run(LinkImpairments(jitter: Self.everything.jitter))
        #expect(all.held == heldOnly.held.filter { !all.lost.contains($0.key) })
    }

    @Test("What a seed copies or alters at 1 % it also does at 5 %")
    func nested() throws {
        let few = try run(LinkImpairments(duplicationProbability: 0.01, corruptionProbability: 0.01))
        let more = try run(LinkImpairments(duplicationProbability: 0.05, corruptionProbability: 0.05))
        #expect(few.copied.isStrictSubset(of: more.copied) && few.altered.isStrictSubset(of: more.altered))
    }

    @Test("Loss, copies and damage of one seed have nothing to do with each other")
    func apart() throws {
        let all = try run(
            LinkImpairments(loss: .independent(0.2), duplicationProbability: 0.2, corruptionProbability: 0.2))
        let arrived = 4000 - all.lost.count
        let both = all.copied.intersection(all.altered).count
        // A fifth of a fifth, within five sigma.
        let expected = Double(arrived) * 0.04
        #expect(abs(Double(both) - expected) < 5 * expected.squareRoot())
    }
}
