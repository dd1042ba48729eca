import Faults
import NetSim
import Testing

@Suite("Impairments and queues out of range")
struct ImpairmentParameterTests {
    private func code(_ queue: QueueParameters, _ impairments: LinkImpairments) -> NetSimError.Code? {
        do {
            _ = try LinkDirection(
                rate: .constant(bitsPerSecond: 1e6), delay: .zero, queue: queue, impairments: impairments)
            return nil
        } catch {
            return (error as? NetSimError)?.code
        }
    }

    private func code(_ impairments: LinkImpairments) -> NetSimError.Code? {
        code(QueueParameters(limit: .bytes(1500)), impairments)
    }

    @Test("A probability outside 0 to 1 is refused wherever it stands", arguments: [-0.001, 1.001, .nan, .infinity])
    func probabilities(value: Double) {
        let losses: [LossModel] = [
            .independent(value), .gilbertElliott(GilbertElliott(p: value, r: 0.5)),
            .gilbertElliott(GilbertElliott(p: 0.5, r: value)),
            .gilbertElliott(GilbertElliott(p: 0.5, r: 0.5, lossInGood: value)),
            .gilbertElliott(GilbertElliott(p: 0.5, r: 0.5, lossInBad: value)),
            .fourState(FourStateMarkov(p13: value, p31: 0.5)), .fourState(FourStateMarkov(p13: 0.5, p31: value)),
            .fourState(FourStateMarkov(p13: 0.5, p31: 0, p32: value)), .fourState(FourStateMarkov(p13: 0.5, p31: 0.5, p23: value)),
            .fourState(FourStateMarkov(p13: 0, p31: 0.5, p14: value)),
        ]
        for loss in losses {
            #expect(code(LinkImpairments(loss: loss)) == .invalidParameter, "\(loss)")
            #expect(throws: NetSimError.self) { try LossQueue<Int>(model: loss, generator: SeededGenerator(seed: 1)) }
        }
        #expect(code(LinkImpairments(duplicationProbability: value)) == .invalidParameter)
        #expect(code(LinkImpairments(corruptionProbability: value)) == .invalidParameter)
        #expect(throws: NetSimError.self) { try CorruptionQueue<Int>(probability: value, generator: SeededGenerator(seed: 1)) }
        #expect(throws: NetSimError.self) { try DuplicationQueue<Int>(probability: value, generator: SeededGenerator(seed: 1)) }
    }

    @Test("Ways out of a state that add up to more than certainty are refused")
    func sums() {
        #expect(code(LinkImpairments(loss: .fourState(FourStateMarkov(p13: 0.6, p31: 0.5, p14: 0.5)))) == .invalidParameter)
        #expect(code(LinkImpairments(loss: .fourState(FourStateMarkov(p13: 0.5, p31: 0.6, p32: 0.5)))) == .invalidParameter)
        #expect(code(LinkImpairments(loss: .fourState(FourStateMarkov(p13: 0.5, p31: 0.5, p32: 0.5, p14: 0.5)))) == nil)
    }

    @Test(
        "An outage or jitter that cannot be is refused, and those at the bounds are not",
        arguments: [
            PeriodicOutage(every: .zero, for: .zero), PeriodicOutage(every: .seconds(-1), for: .zero),
            PeriodicOutage(every: .seconds(1), for: .seconds(2)), PeriodicOutage(every: .seconds(1), for: .seconds(-1)),
            PeriodicOutage(every: .seconds(1), for: .zero, phase: .seconds(-1)),
            PeriodicOutage(every: PeriodicOutage.maximumTime + .seconds(1), for: .zero, phase: .zero),
            PeriodicOutage(every: .seconds(1), for: .zero, phase: .seconds(Int64.max)),
        ])
    func outages(outage: PeriodicOutage) {
        #expect(code(LinkImpairments(outage: outage)) == .invalidParameter)
        #expect(throws: NetSimError.self) { try OutageQueue<Int>(outage) }
        #expect(code(LinkImpairments(outage: PeriodicOutage(every: .seconds(1), for: .seconds(1), phase: .zero))) == nil)
    }

    @Test("Jitter that cannot be is refused")
    func jitter() {
        let refused: [Jitter.Distribution] = [
            .uniform(minimum: .seconds(2), maximum: .seconds(1)), .uniform(minimum: .seconds(-1), maximum: .seconds(1)),
            .uniform(minimum: .zero, maximum: .seconds(61)), .normal(mean: .seconds(-1), deviation: .zero),
            .normal(mean: .seconds(1), deviation: .seconds(2)), .normal(mean: .seconds(1), deviation: .seconds(-1)),
            .normal(mean: .seconds(31), deviation: .zero), .pareto(minimum: .zero, shape: 3, maximum: .seconds(1)),
            .pareto(minimum: .seconds(2), shape: 3, maximum: .seconds(1)),
            .pareto(minimum: .seconds(1), shape: 0, maximum: .seconds(2)),
            .pareto(minimum: .seconds(1), shape: .nan, maximum: .seconds(2)),
            .pareto(minimum: .seconds(1), shape: 101, maximum: .seconds(2)),
        ]
        for distribution in refused {
            #expect(code(LinkImpairments(jitter: Jitter(distribution))) == .invalidParameter, "\(distribution)")
            #expect(throws: NetSimError.self) {
                try JitterQueue<Int>(Jitter(distribution), generator: SeededGenerator(seed: 1))
            }
        }
        #expect(code(LinkImpairments(jitter: Jitter(.uniform(minimum: .zero, maximum: .zero)))) == nil)
        #expect(code(LinkImpairments(jitter: Jitter(.pareto(minimum: .seconds(1), shape: 100, maximum: .seconds(1))))) == nil)
    }

    @Test("A queue with no room for a packet, or whose times make no sense, is refused")
    func queues() {
        let refused: [QueueParameters] = [
            QueueParameters(limit: .bytes(1499)), QueueParameters(limit: .packets(0)), QueueParameters(limit: .packets(-1)),
            QueueParameters(limit: .packets(.max)), QueueParameters(.dropHead, limit: .bytes(0)),
            QueueParameters(.coDel(target: .zero), limit: .packets(10)),
            QueueParameters(.coDel(interval: .seconds(61)), limit: .packets(10)),
            QueueParameters(.pie(target: .seconds(-1)), limit: .packets(10)),
            QueueParameters(.pie(updateInterval: .nanoseconds(1)), limit: .packets(10)),
        ]
        for queue in refused {
            #expect(code(queue, LinkImpairments()) == .invalidParameter, "\(queue)")
            #expect(throws: NetSimError.self) {
                try RateQueue<Int>(rate: .constant(bitsPerSecond: 1e6), queue: queue, generator: SeededGenerator(seed: 1))
            }
        }
        #expect(QueueLimit.packets(100).byteCount == 150_000)
    }
}
