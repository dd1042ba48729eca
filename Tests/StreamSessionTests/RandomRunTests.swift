import NetSim
import StreamSession
import Testing
import WireFormat

@Suite("Two hundred sessions on bad links, with ends that die")
struct RandomRunTests {
    private struct Run {
        let pair: SessionPair
        let story: String
    }

    /// Everything follows from the seed.
    private func run(_ seed: UInt64) throws -> Run {
        var random = SeededGenerator(seed: seed, stream: 11)
        let link = [Link.rural4G, .geoSatellite, .adslUplink, .clinic].randomElement(using: &random) ?? .rural4G
        let loss = Double.random(in: 0...0.1, using: &random)
        // Eight seconds of the link, or two where that is much to compute: what happens has to happen while it sends.
        let byteCount = min(2_500_000, Int(try link.parameters().up.rateBitsPerSecond))
        var setup = SessionPair.Setup(
            link: try link.parameters(loss: loss), seed: seed,
            chunks: try makeSession(
                seed: seed, byteCount: byteCount, chunkCount: 20,
                codingTime: .milliseconds(Int.random(in: 0...3000, using: &random))))
        setup.reconnectDelay = .milliseconds(Int.random(in: 100...3000, using: &random))
        setup.rateShare = Bool.random(using: &random) ? nil : 0.97
        setup.parityRatio = [0, 0.125, nil][Int.random(in: 0..<3, using: &random)]
        if Bool.random(using: &random) { setup.secret = try Secrets.shared() }
        var pair = try SessionPair(setup)
        var story = "seed \(seed): \(link.rawValue), loss \(loss), sealed \(setup.secret != nil)"
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let time = Duration.milliseconds(Int.random(in: 10...9000, using: &random))
            switch Int.random(in: 0..<3, using: &random) {
            case 0:
                story += ", receiver dies at \(time)"
                pair.at(time) { $0.loseConnection() }
            case 1:
                let delay = Duration.milliseconds(Int.random(in: 200...5000, using: &random))
                story += ", sender dies at \(time) for \(delay)"
                pair.at(time) { $0.restartSender(after: delay) }
            default:
                let length = Duration.milliseconds(Int.random(in: 1000...90_000, using: &random))
                story += ", outage at \(time) for \(length)"
                pair.at(time) { $0.setOutage(true) }
                pair.at(time + length) { $0.setOutage(false) }
            }
        }
        pair.run(until: .seconds(3600))
        return Run(pair: pair, story: story)
    }

    @Test("Every one ends complete, and next to nothing is sent twice")
    func randomRuns() throws {
        print("random runs: seeds 1 to 200")
        var shares: [Bool: [Double]] = [:]
        for seed in 1...UInt64(200) {
            let run = try run(seed)
            let traffic = run.pair.traffic
            run.pair.expectCompleteInTheEnd("\(run.story), at \(run.pair.now)")
            let byteCount = run.pair.setup.chunks.reduce(0) { $0 + $1.record.count }
            let limit = traffic.inFlightByteCount + byteCount * 3 / 100
            #expect(traffic.twiceByteCount <= limit, "\(run.story)")
            shares[run.pair.setup.rateShare == nil, default: []].append(Double(traffic.twiceByteCount) / Double(byteCount))
        }
        func mean(_ shares: [Double]?) -> Double { (shares ?? []).reduce(0, +) / Double(max(1, shares?.count ?? 0)) }
        print("sent twice: \(mean(shares[true])) with a rate found out, \(mean(shares[false])) with a given one")
        #expect(mean(shares[true]) <= 0.03)
        // A given rate goes on through an outage, and all of that is in flight when an end dies before it has come.
        #expect(mean(shares[false]) <= 0.06)
    }
}
