import NetSim
import StreamSession
import Testing
import WireFormat

@Suite("Delivery over a lossy link")
struct DeliveryTests {
    @Test(
        "Every chunk arrives once and whole, then come receipt and farewell, and both ends are over",
        arguments: Link.allCases, [0, 0.01, 0.05, 0.1])
    func everything(link: Link, loss: Double) throws {
        for seed in 1...UInt64(24) {
            var pair = try SessionPair(
                SessionPair.Setup(link: link.parameters(loss: loss), seed: seed, chunks: makeSession(seed: seed)))
            pair.run(until: .seconds(300))
            pair.expectComplete("\(link.rawValue), loss \(loss), seed \(seed), at \(pair.now)")
        }
    }

    @Test("The receiver is told of a chunk's first bytes once, and before it is whole", arguments: 1...UInt64(8))
    func firstBytes(seed: UInt64) throws {
        var pair = try SessionPair(
            SessionPair.Setup(link: Link.rural4G.parameters(loss: 0.05), seed: seed, chunks: makeSession(seed: seed)))
        pair.run()
        var begun: [UInt32] = []
        for (_, action) in pair.receiverActions {
            switch action {
            case .firstByte(let ordinal): begun.append(ordinal)
            case .chunk(let ordinal, _): #expect(begun.contains(ordinal), "seed \(seed): chunk \(ordinal)")
            default: break
            }
        }
        #expect(begun.sorted() == pair.setup.chunks.map(\.ordinal), "seed \(seed)")
    }

    @Test("The receiver learns session, goal, time and round trip from the beginning")
    func hello() throws {
        var setup = SessionPair.Setup(link: try Link.rural4G.parameters(), chunks: try makeSession(seed: 1))
        setup.connectedAt = .milliseconds(250)
        var pair = try SessionPair(setup)
        pair.run()
        let expected = Hello(
            session: try Name("pair"), goal: .lossless, elapsedMicroseconds: 250_000, roundTripMicroseconds: 80_000, resumes: false,
            nonce: [UInt8](repeating: 1, count: Hello.nonceByteCount))
        #expect(pair.receiverTime(.begun(expected)) != nil)
        #expect(pair.sent(from: .client).first?.datagram == .hello(expected))
    }

    @Test("A record that ends on a datagram's edge, one byte before it and one after arrive whole")
    func edges() throws {
        let limit = Fragment.payloadLimit
        let sizes = [49, limit - 1, limit, limit + 1, 2 * limit - 1, 2 * limit, 2 * limit + 1]
        let chunks = try sizes.enumerated().map { try makeChunk(UInt32($0), $0 == 0 ? .manifest : .roi, byteCount: $1) }
        var pair = try SessionPair(SessionPair.Setup(link: Link.rural4G.parameters(), chunks: chunks))
        pair.run()
        pair.expectComplete("sizes \(sizes)")
        let counts = Dictionary(grouping: pair.sentFragments, by: { $0.fragment.ordinal }).mapValues(\.count)
        #expect((0..<UInt32(sizes.count)).map { counts[$0] ?? 0 } == [1, 1, 1, 2, 2, 2, 3])
    }

    @Test("Every datagram fits into an SRT message, and none is sent twice by the session")
    func datagrams() throws {
        var pair = try SessionPair(
            SessionPair.Setup(link: Link.clinic.parameters(loss: 0.1), seed: 3, chunks: makeSession(seed: 3, byteCount: 300_000)))
        pair.run()
        pair.expectComplete("seed 3")
        let places = pair.sentFragments.map { [$0.fragment.ordinal, $0.fragment.offset] }
        #expect(Set(places).count == places.count)
        // Less the room for a seal.
        let limit = WireLimits.datagramByteCount - Datagram.sealByteCount
        for case (_, .send(let bytes)) in pair.senderActions { #expect(bytes.count <= limit) }
        for case (_, .send(let bytes)) in pair.receiverActions { #expect(bytes.count <= limit) }
    }

    @Test("The same seed gives the same actions at the same times, another seed gives others", arguments: 1...UInt64(4))
    func determinism(seed: UInt64) throws {
        func log(_ linkSeed: UInt64) throws -> [SessionPair.Entry] {
            var pair = try SessionPair(
                SessionPair.Setup(link: Link.rural4G.parameters(loss: 0.05), seed: linkSeed, chunks: makeSession(seed: seed)))
            pair.run()
            return pair.log
        }
        let first = try log(seed)
        #expect(try log(seed) == first, "seed \(seed)")
        #expect(try log(seed + 1000) != first, "seed \(seed)")
    }

    @Test("A manifest that overtakes the beginning is handed over after it")
    func beginningOvertaken() throws {
        var pair = try SessionPair(SessionPair.Setup(link: Link.rural4G.parameters(), chunks: makeSession(seed: 1)))
        pair.fate = { _, datagram in if case .hello = datagram { .lostOnLink } else { .carried } }
        pair.run()
        pair.expectComplete("hello lost")
        let begun = try #require(pair.receiverActions.firstIndex { if case .begun = $0.action { true } else { false } })
        let chunk = try #require(pair.receiverActions.firstIndex { if case .chunk = $0.action { true } else { false } })
        #expect(begun < chunk)
    }
}
