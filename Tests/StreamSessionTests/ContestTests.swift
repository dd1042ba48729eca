import NetSim
import StreamSession
import Testing
import WireFormat

@Suite("A link shared with TCP")
struct ContestTests {
    /// The shares of both flows of 10 Mbit/s over ten seconds after both have begun.
    private func shares(fovea foveaStart: Duration, cubic cubicStart: Duration, queueByteCount: Int, seed: UInt64) throws
        -> (fovea: Double, cubic: Double)
    {
        let rate = 10e6
        let direction = try LinkDirection(rateBitsPerSecond: rate, delay: .milliseconds(20), queueByteCount: queueByteCount)
        let link = try LinkParameters(name: "shared", up: direction, down: direction)
        let chunks = try makeSession(seed: seed, byteCount: 30_000_000, chunkCount: 60, codingTime: .zero)
        var pair = try SessionPair(
            SessionPair.Setup(link: link, seed: seed, chunks: chunks, connectedAt: foveaStart, rateShare: nil))
        let flow = WindowedFlow(on: link)
        flow.start(at: cubicStart, in: &pair)
        let start = max(foveaStart, cubicStart) + .seconds(1)
        let end = start + .seconds(15)
        pair.run(until: end) { _ in false }
        let received = pair.sentFragments.filter { $0.time >= start && $0.time < end }.reduce(0) { $0 + $1.fragment.payload.count }
        return (Double(received) * 8 / 15 / rate, flow.bitsPerSecond(from: start, to: end) / rate)
    }

    @Test("Neither a flow of TCP nor a session starves the other, whichever came first", arguments: [64_000, 100_000, 200_000])
    func share(queueByteCount: Int) throws {
        for (fovea, cubic) in [(Duration.seconds(2), Duration.zero), (.zero, .seconds(2))] {
            for seed in 1...UInt64(2) {
                let shares = try shares(fovea: fovea, cubic: cubic, queueByteCount: queueByteCount, seed: seed)
                let what = "queue \(queueByteCount), \(fovea < cubic ? "the session" : "TCP") first, seed \(seed): \(shares)"
                #expect(shares.fovea >= 0.2 && shares.cubic >= 0.2, "\(what)")
            }
        }
    }
}
