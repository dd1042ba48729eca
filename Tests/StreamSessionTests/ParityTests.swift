import NetSim
import StreamSession
import Testing
import WireFormat

@Suite("Parity")
struct ParityTests {
    private static let ratio = 0.125

    /// A manifest, and one chunk of so many pieces.
    private func makePair(pieces: Int, isProtected: Bool = true, ratio: Double? = ParityTests.ratio) throws -> SessionPair {
        var chunk = try makeChunk(1, .roi, byteCount: pieces * Fragment.payloadLimit - 7)
        chunk.isProtected = isProtected
        var setup = SessionPair.Setup(
            link: try Link.clinic.parameters(), chunks: [try makeChunk(0, .manifest, byteCount: 500), chunk])
        setup.parityRatio = ratio
        return try SessionPair(setup)
    }

    private func parities(_ pair: SessionPair, of ordinal: UInt32 = 1) -> [Parity] {
        pair.sent(from: .client).compactMap { entry in
            if case .parity(let parity) = entry.datagram, parity.ordinal == ordinal { parity } else { nil }
        }
    }

    @Test("A protected chunk has parity of an eighth of each block of 128 pieces, rounded up, right behind it")
    func count() throws {
        for (pieces, expected) in [(1, [1]), (8, [1]), (9, [2]), (80, [10]), (128, [16]), (129, [16, 1]), (300, [16, 16, 6])] {
            var pair = try makePair(pieces: pieces)
            pair.run()
            pair.expectComplete("\(pieces) pieces")
            let parities = parities(pair)
            let counts = Dictionary(grouping: parities, by: \.block).mapValues(\.count)
            #expect(expected.indices.map { counts[UInt16($0)] ?? 0 } == expected, "\(pieces) pieces")
            #expect(parities.count == expected.reduce(0, +), "\(pieces) pieces")
            let order = pair.sent(from: .client).map { entry -> Int in
                switch entry.datagram {
                case .data(let fragment): fragment.ordinal == 1 ? 1 : 0
                case .parity(let parity): parity.ordinal == 1 ? 2 : 0
                default: 0
                }
            }
            let relevant = order.filter { $0 > 0 }
            #expect(relevant == relevant.sorted(), "\(pieces) pieces")
        }
    }

    @Test("As many lost pieces as there is parity are made up for at once, and nothing is sent again", arguments: 1...UInt64(10))
    func repaired(seed: UInt64) throws {
        var undisturbed = try makePair(pieces: 300)
        undisturbed.run()
        var random = SeededGenerator(seed: seed, stream: 5)
        // 16 of each full block, 6 of the last.
        var lost: Set<UInt32> = []
        for (block, count) in [(0, 16), (1, 16), (2, 6)] {
            let places = block * 128..<min(300, block * 128 + 128)
            for place in places.shuffled(using: &random).prefix(count) { lost.insert(UInt32(place * Fragment.payloadLimit)) }
        }
        var pair = try makePair(pieces: 300)
        pair.fate = { _, datagram in
            if case .data(let fragment) = datagram, fragment.ordinal == 1, lost.contains(fragment.offset) {
                .neverSent
            } else {
                .carried
            }
        }
        pair.run()
        pair.expectComplete("seed \(seed)")
        #expect(pair.traffic.twiceByteCount == 0, "seed \(seed)")
        #expect(pair.link.retransmissionCount(from: .client) == 0)
        let late = try #require(pair.arrival(of: 1)) - #require(undisturbed.arrival(of: 1))
        // The time that 38 datagrams of parity take on the wire, and nothing like a round trip.
        #expect(late < .milliseconds(48), "seed \(seed): \(late)")
        // What is made up for is put on disk like what came.
        let kept = pair.receiverActions.filter {
            if case .keep(let fragment) = $0.action { fragment.ordinal == 1 } else { false }
        }
        #expect(kept.count == 300, "seed \(seed)")
    }

    @Test("Lost pieces and lost parity together, and parity before its pieces, are made up for", arguments: 1...UInt64(10))
    func anyOrder(seed: UInt64) throws {
        var sample = try makePair(pieces: 200)
        sample.run()
        var blocks: [[Datagram]] = [[], []]
        for (_, datagram) in sample.sent(from: .client) {
            switch datagram {
            case .data(let fragment) where fragment.ordinal == 1: blocks[fragment.offset / 1421 < 128 ? 0 : 1].append(datagram)
            case .parity(let parity) where parity.ordinal == 1: blocks[Int(parity.block)].append(datagram)
            default: break
            }
        }
        #expect(blocks.map(\.count) == [144, 81])
        var random = SeededGenerator(seed: seed, stream: 6)
        // Of each block as many as it has pieces, whichever they are.
        let kept = (blocks[0].shuffled(using: &random).prefix(128) + blocks[1].shuffled(using: &random).prefix(72))
            .shuffled(using: &random)
        var receiver = ReceiverSession.begun(
            Hello(session: try Name("order"), goal: .roi, elapsedMicroseconds: 0, roundTripMicroseconds: 0))
        var records: [[UInt8]] = []
        var pieces: [UInt32: Int] = [:]
        for (index, datagram) in kept.enumerated() {
            for action in receiver.handle(.datagram(datagram.encoded()), now: .zero) {
                if case .chunk(_, let record) = action {
                    #expect(index == kept.count - 1, "seed \(seed)")
                    records.append(record)
                }
                if case .keep(let fragment) = action { pieces[fragment.offset, default: 0] += 1 }
            }
        }
        #expect(records == [sample.setup.chunks[1].record], "seed \(seed)")
        #expect(pieces.count == 200 && pieces.values.allSatisfy { $0 == 1 }, "seed \(seed)")
    }

    @Test(
        "A chunk that is confirmed while its parity is still on its way is taken as confirmed, and the rest of its parity stays")
    func confirmedEarly() throws {
        // Ten parity pieces take 120 ms, a round trip 40.
        var setup = SessionPair.Setup(
            link: try Link.adslUplink.parameters(), chunks: [try makeChunk(0, .manifest, byteCount: 500)])
        setup.chunks.append(try makeChunk(1, .roi, byteCount: 80 * Fragment.payloadLimit))
        setup.parityRatio = Self.ratio
        var pair = try SessionPair(setup)
        pair.run()
        pair.expectComplete("early")
        #expect((1..<10).contains(parities(pair).count))
    }

    @Test("One piece more than parity makes up for is sent again")
    func oneTooMany() throws {
        var pair = try makePair(pieces: 80)
        var dropped: Set<UInt32> = []
        pair.fate = { _, datagram in
            guard case .data(let fragment) = datagram, fragment.ordinal == 1,
                dropped.count < 11 || dropped.contains(fragment.offset)
            else {
                return .carried
            }
            return dropped.insert(fragment.offset).inserted ? .neverSent : .carried
        }
        pair.run()
        pair.expectComplete("eleven of eighty")
        #expect(dropped.count == 11 && pair.traffic.twiceByteCount > 0)
        #expect(pair.traffic.twiceByteCount <= 11 * Fragment.payloadLimit)
    }

    @Test("A chunk that is not protected has no parity, and none has where the ratio is nothing")
    func unprotected() throws {
        for (isProtected, ratio) in [(false, 0.125), (false, nil), (true, 0.0), (true, nil)] as [(Bool, Double?)] {
            var pair = try makePair(pieces: 80, isProtected: isProtected, ratio: ratio)
            pair.run()
            pair.expectComplete("\(isProtected), \(String(describing: ratio))")
            #expect(parities(pair).isEmpty, "\(isProtected), \(String(describing: ratio))")
            #expect(!isProtected || ratio != 0.125)
        }
    }

    @Test("Left to itself a sender adds parity once the link has lost, and to protected chunks only")
    func automatic() throws {
        var chunks = try makeSession(seed: 1, byteCount: 2_000_000, chunkCount: 30, codingTime: .zero)
        for index in chunks.indices { chunks[index].isProtected = chunks[index].ordinal % 2 == 0 }
        for (loss, isExpected) in [(0.05, true), (0.0, false)] {
            var setup = SessionPair.Setup(link: try Link.clinic.parameters(loss: loss), chunks: chunks)
            setup.parityRatio = nil
            setup.rateShare = nil
            var pair = try SessionPair(setup)
            pair.run()
            pair.expectComplete("loss \(loss)")
            let ordinals = Set(chunks.map(\.ordinal).filter { !parities(pair, of: $0).isEmpty })
            #expect(!ordinals.isEmpty == isExpected, "loss \(loss): \(ordinals)")
            #expect(ordinals.allSatisfy { $0 % 2 == 0 }, "loss \(loss): \(ordinals)")
        }
    }
}
