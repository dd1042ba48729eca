import NetSim
import StreamSession
import Testing
import WireFormat

@Suite("Goodput in virtual time")
struct GoodputTests {
    /// Bits of chunk records over the link's bits, from the first datagram to the last chunk's arrival.
    private func goodput(_ link: Link, loss: Double, seed: UInt64) throws -> Double {
        let parameters = try link.parameters(loss: loss)
        // Six to seven seconds of the link.
        let byteCount = Int(parameters.up.rateBitsPerSecond * 0.75)
        var pair = try SessionPair(
            SessionPair.Setup(
                link: parameters, seed: seed,
                chunks: makeSession(seed: seed, byteCount: byteCount, chunkCount: 30, codingTime: .zero)))
        pair.run()
        pair.expectComplete("\(link.rawValue), loss \(loss), seed \(seed)")
        let first = try #require(pair.sentFragments.first).time
        let last = try #require(pair.arrivals.last).time
        let total = Double(pair.setup.chunks.reduce(0) { $0 + $1.record.count })
        let seconds: Double = (last - first) / .seconds(1)
        return total * 8 / seconds / parameters.up.rateBitsPerSecond
    }

    @Test(
        "Without loss a session fills its share of the link",
        arguments: [(Link.clinic, 0.91), (.rural4G, 0.91), (.geoSatellite, 0.87)])
    func lossless(link: Link, floor: Double) throws {
        let share = try goodput(link, loss: 0, seed: 1)
        #expect(share > floor && share < 1421.0 / 1500, "\(link.rawValue): \(share)")
    }

    @Test(
        "At 5 % loss it loses little more than what is lost",
        arguments: [(Link.clinic, 0.80), (.rural4G, 0.82), (.geoSatellite, 0.70)])
    func lossy(link: Link, floor: Double) throws {
        for seed in 1...UInt64(5) {
            let share = try goodput(link, loss: 0.05, seed: seed)
            #expect(share > floor && share < 0.95 * 1421 / 1500, "\(link.rawValue), seed \(seed): \(share)")
        }
    }

    @Test("Messages other than data cost less than one part in fifty of what is sent")
    func overhead() throws {
        var pair = try SessionPair(
            SessionPair.Setup(
                link: Link.rural4G.parameters(loss: 0.01), seed: 2, chunks: makeSession(seed: 2, byteCount: 2_000_000)))
        pair.run()
        let dataByteCount = pair.sentFragments.reduce(0) { $0 + $1.fragment.payload.count }
        let up = pair.sent(from: .client).reduce(0) { $0 + $1.datagram.encoded().count + 44 }
        let headers = pair.sentFragments.count * (19 + 44)
        #expect(Double(up - headers) < Double(dataByteCount) * 1.02, "\(up) for \(dataByteCount)")
        let down = pair.sent(from: .server).reduce(0) { $0 + $1.datagram.encoded().count + 44 }
        #expect(Double(down) < Double(dataByteCount) * 0.02, "\(down) of \(dataByteCount)")
    }
}
