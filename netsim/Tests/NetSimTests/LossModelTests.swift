import NetSim
import Testing

@Suite("Losses in bursts")
struct LossModelTests {
    /// Which of many packets a model loses.
    private func losses(_ model: LossModel, count: Int = 400_000, seed: UInt64 = 11) throws -> [Bool] {
        var queue = try LossQueue<Int>(model: model, generator: SeededGenerator(seed: seed))
        return (0..<count).map { number in
            let isLost = !queue.accept(SimulatedPacket(payload: number, byteCount: 100, arrivalTime: .zero), at: .zero)
            _ = queue.release(at: .zero)
            return isLost
        }
    }

    /// The lengths of the runs of one value that ended within the packets.
    private func runs(of value: Bool, in losses: [Bool]) -> [Int] {
        losses.split(separator: !value, omittingEmptySubsequences: true).map(\.count)
    }

    /// The mean, and its own standard deviation from the variance of many parts of the data, which need not be independent within.
    private func mean(_ values: [Double], parts: Int = 100) -> (value: Double, sigma: Double) {
        let size = values.count / parts
        let means = (0..<parts).map { values[($0 * size)..<(($0 + 1) * size)].reduce(0, +) / Double(size) }
        let mean = means.reduce(0, +) / Double(parts)
        let variance = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(parts - 1)
        return (mean, (variance / Double(parts)).squareRoot())
    }

    private func expectMean(_ values: [Double], _ expected: Double, _ name: Comment) {
        let (value, sigma) = mean(values)
        #expect(sigma > 0 && sigma < expected / 5, name)
        #expect(abs(value - expected) <= 3 * sigma, "\(name): \(value) +- \(sigma), not \(expected)")
    }

    @Test(
        "Gilbert's model has the loss, the bursts and the gaps that were asked for, within three sigma",
        arguments: [(0.01, 0.25), (0.002, 0.5), (0.05, 0.1)])
    func gilbert(p: Double, r: Double) throws {
        let model = LossModel.gilbertElliott(GilbertElliott(p: p, r: r))
        let lost = try losses(model)
        #expect(abs(model.meanProbability - p / (p + r)) < 1e-12)
        expectMean(lost.map { $0 ? 1 : 0 }, p / (p + r), "loss")
        expectMean(runs(of: true, in: lost).map(Double.init), 1 / r, "bursts")
        expectMean(runs(of: false, in: lost).map(Double.init), 1 / p, "gaps")
    }

    @Test("Elliott's model loses in both states as was asked for")
    func elliott() throws {
        let model = LossModel.gilbertElliott(GilbertElliott(p: 0.02, r: 0.1, lossInGood: 0.01, lossInBad: 0.6))
        #expect(abs(model.meanProbability - (0.1 * 0.01 + 0.02 * 0.6) / 0.12) < 1e-12)
        expectMean(try losses(model).map { $0 ? 1 : 0 }, model.meanProbability, "loss")
        // With the states apart, a loss makes a loss of the next packet likelier than the mean.
        let lost = try losses(model)
        let next = zip(lost, lost.dropFirst()).filter(\.0).map(\.1)
        #expect(Double(next.filter { $0 }.count) / Double(next.count) > 3 * model.meanProbability)
    }

    @Test("The four states lose the share and in the runs that follow from their probabilities, within three sigma")
    func fourStates() throws {
        let (p13, p31, p32, p23, p14) = (0.02, 0.3, 0.2, 0.5, 0.01)
        let model = LossModel.fourState(FourStateMarkov(p13: p13, p31: p31, p32: p32, p23: p23, p14: p14))
        let lost = try losses(model)
        // The states' shares relative to the first, from what goes in and out of each.
        let third = p13 / p31
        let second = third * p32 / p23
        let share = (third + p14) / (1 + second + third + p14)
        #expect(abs(model.meanProbability - share) < 1e-12)
        expectMean(lost.map { $0 ? 1 : 0 }, share, "loss")
        expectMean(
            runs(of: true, in: lost).map(Double.init), (third + p14) / (p13 + second * p23 + p14), "runs of losses")
    }

    @Test("Four states with no bursts, no way out of one, or only bursts are what they should be")
    func degenerate() throws {
        for (model, expected) in [
            (FourStateMarkov(p13: 0, p31: 1, p14: 0.1), 0.1 / 1.1), (FourStateMarkov(p13: 0.5, p31: 0), 1),
            (FourStateMarkov(p13: 0.5, p31: 0, p32: 0.5, p23: 0.5), 0.5), (FourStateMarkov(p13: 1, p31: 1), 0.5),
            (FourStateMarkov(p13: 0, p31: 0), 0), (FourStateMarkov(p13: 0.1, p31: 0.5, p32: 0.5, p23: 0), 0),
        ] {
            let lost = try losses(.fourState(model), count: 50_000)
            #expect(abs(model.meanProbability - expected) < 1e-12)
            #expect(abs(Double(lost.filter { $0 }.count) / 50_000 - expected) < 0.01, "\(model)")
        }
        #expect(GilbertElliott(p: 0, r: 0, lossInGood: 0.25).meanProbability == 0.25)
    }

    @Test("A single loss of the four-state model is never followed by another loss")
    func isolated() throws {
        let lost = try losses(.fourState(FourStateMarkov(p13: 0, p31: 1, p14: 0.5)), count: 20_000)
        #expect(runs(of: true, in: lost).allSatisfy { $0 == 1 })
        #expect(lost.contains(true))
    }

    @Test("Independent losses are those of the same probability and seed in a direction made of numbers alone")
    func sameAsEver() throws {
        var queue = try LossQueue<Int>(probability: 0.3, generator: SeededGenerator(seed: 5, stream: 1))
        let direction = try LinkDirection(
            rate: .constant(bitsPerSecond: 1e9), delay: .zero, queue: QueueParameters(limit: .packets(100_000)),
            impairments: LinkImpairments(loss: .independent(0.3)))
        var model = LinkModel<Int>(direction, heading: .up, seed: 5)
        for number in 0..<2000 {
            let packet = SimulatedPacket(payload: number, byteCount: 100, arrivalTime: .zero)
            #expect(queue.accept(packet, at: .zero) == model.accept(packet, at: .zero))
        }
    }
}
