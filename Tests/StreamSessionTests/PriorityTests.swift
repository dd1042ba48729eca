import NetSim
import StreamSession
import Testing
import WireFormat

@Suite("Priority")
struct PriorityTests {
    /// For each fragment handed to the transport, a chunk that was ready, ranked lower, and not yet wholly handed over.
    private func overtaken(_ pair: SessionPair) -> [String] {
        let chunks = Dictionary(uniqueKeysWithValues: pair.setup.chunks.map { ($0.ordinal, $0) })
        var left = pair.setup.chunks.sorted { $0.rank < $1.rank }
        var sentByteCount: [UInt32: Int] = [:]
        var faults: [String] = []
        for (time, fragment) in pair.sentFragments {
            guard let chunk = chunks[fragment.ordinal] else { return ["chunk \(fragment.ordinal) is unknown"] }
            if let first = left.first(where: { $0.readyAt <= time }), first.rank < chunk.rank {
                faults.append("chunk \(chunk.ordinal) went at \(time) though \(first.ordinal) was ready at \(first.readyAt)")
            }
            sentByteCount[fragment.ordinal, default: 0] += fragment.payload.count
            if sentByteCount[fragment.ordinal] == chunk.record.count { left.removeAll { $0.ordinal == chunk.ordinal } }
        }
        return left.isEmpty ? faults : faults + ["\(left.count) chunks were never sent whole"]
    }

    @Test("No datagram goes while a chunk of lower rank is ready", arguments: [0, 0.05])
    func strictness(loss: Double) throws {
        for seed in 1...UInt64(30) {
            var pair = try SessionPair(
                SessionPair.Setup(
                    link: Link.rural4G.parameters(loss: loss), seed: seed,
                    chunks: makeSession(seed: seed, byteCount: 300_000, chunkCount: 15, codingTime: .milliseconds(1200))))
            pair.run()
            pair.expectComplete("seed \(seed)")
            #expect(overtaken(pair) == [], "seed \(seed)")
        }
    }

    @Test("With everything ready at once, every ROI datagram goes before any of the background, whatever the order of supply")
    func roiFirst() throws {
        var chunks = try (1...4).map { try makeChunk(UInt32($0), .roi, byteCount: 9000) }
        chunks += try (5...8).map { try makeChunk(UInt32($0), .background, byteCount: 9000) }
        chunks.append(try makeChunk(0, .manifest, byteCount: 2000))
        for seed in 1...UInt64(10) {
            var generator = SeededGenerator(seed: seed)
            var pair = try SessionPair(
                SessionPair.Setup(link: Link.rural4G.parameters(), seed: seed, chunks: chunks.shuffled(using: &generator)))
            pair.run()
            let order = pair.sentFragments.map { $0.fragment.ordinal }
            #expect(order == order.sorted(), "seed \(seed)")
            #expect(Set(order).count == 9, "seed \(seed)")
        }
    }

    @Test("An ROI chunk that becomes ready within a background chunk goes next, and the background goes on where it was")
    func preemption() throws {
        let ready = Duration.milliseconds(300)
        let chunks = [
            try makeChunk(0, .manifest, byteCount: 500), try makeChunk(2, .background, byteCount: 300_000),
            try makeChunk(1, .roi, byteCount: 30_000, readyAt: ready),
        ]
        var pair = try SessionPair(SessionPair.Setup(link: Link.rural4G.parameters(), chunks: chunks))
        pair.run()
        pair.expectComplete("preemption")
        let fragments = pair.sentFragments
        let first = try #require(fragments.firstIndex { $0.fragment.ordinal == 1 })
        let last = try #require(fragments.lastIndex { $0.fragment.ordinal == 1 })
        #expect(first > 10 && fragments[first - 1].fragment.ordinal == 2 && fragments[first - 1].time <= ready)
        #expect(fragments[first...last].allSatisfy { $0.fragment.ordinal == 1 })
        #expect(fragments[..<first].allSatisfy { $0.time <= ready })
        try #require(last + 1 < fragments.count)
        #expect(fragments[last + 1].fragment.offset == fragments[first - 1].fragment.offset + UInt32(Fragment.payloadLimit))
        let offsets = fragments.filter { $0.fragment.ordinal == 2 }.map { $0.fragment.offset }
        #expect(offsets == offsets.sorted())
        #expect(try #require(pair.arrival(of: 1)) < #require(pair.arrival(of: 2)))
    }

    @Test("A burst of ROI into a busy link takes little longer than its bytes and half a round trip")
    func burst() throws {
        let ready = Duration.seconds(1)
        let chunks = [
            try makeChunk(0, .manifest, byteCount: 500), try makeChunk(2, .background, byteCount: 4_000_000),
            try makeChunk(1, .roi, byteCount: 150_000, readyAt: ready),
        ]
        let link = try Link.clinic.parameters()
        var pair = try SessionPair(SessionPair.Setup(link: link, chunks: chunks))
        pair.run(or: { $0.receiver.isOver || $0.now > .seconds(3) })
        let took = try #require(pair.arrival(of: 1)) - ready
        let ideal = Duration.seconds(150_000 * 8 / link.up.rateBitsPerSecond) + link.up.delay
        #expect(took < ideal * 1.18, "\(took) where \(ideal) is ideal")
        #expect(took > ideal)
    }

    @Test("The transport never holds more unsent than the room it gave")
    func room() throws {
        var pair = try SessionPair(
            SessionPair.Setup(link: Link.clinic.parameters(), chunks: makeSession(seed: 4, byteCount: 400_000)))
        var most = 0
        pair.run(or: {
            most = max(most, $0.link.unsentDatagramCount(at: .client))
            return false
        })
        // 5 ms of 97 % of 10 Mbit/s are four datagrams and a bit.
        #expect(most <= 5 && most > 0, "\(most)")
    }

    @Test("Given room for n datagrams the sender sends n, and none for no room")
    func exactRoom() throws {
        var sender = SenderSession(session: try Name("room"), goal: .roi, now: .zero)
        _ = sender.handle(.connected(roundTrip: .milliseconds(80)), now: .zero)
        _ = sender.handle(.chunk(ordinal: 0, rank: 0, record: try makeRecord(0, byteCount: 100_000)), now: .zero)
        for count in [-3, 0, 1, 2, 5] { #expect(sender.handle(.room(count), now: .zero).count == max(0, count)) }
        #expect(sender.hasQueued)
        #expect(sender.handle(.room(1000), now: .zero).count == 71 + 1 - 8)
        #expect(!sender.hasQueued)
        #expect(sender.handle(.room(1000), now: .zero).isEmpty)
    }

    @Test("A chunk handed over twice is sent once")
    func twice() throws {
        var sender = SenderSession(session: try Name("room"), goal: .roi, now: .zero)
        _ = sender.handle(.connected(roundTrip: .milliseconds(80)), now: .zero)
        for rank in [5, 3] as [UInt64] {
            _ = sender.handle(.chunk(ordinal: 1, rank: rank, record: try makeRecord(1, byteCount: 100)), now: .zero)
        }
        #expect(sender.handle(.room(10), now: .zero).count == 2)
    }

    @Test("Fifo ranks give the order of the slices, the layers of a slice together", arguments: 1...UInt64(6))
    func fifo(seed: UInt64) throws {
        // As a sender without priorities ranks them: slice, then layer, then ordinal.
        var chunks = [try makeChunk(0, .manifest, byteCount: 400)]
        for slice in 0..<6 as Range<UInt32> {
            for (layer, kind) in [Kind.roi, .background].enumerated() {
                let ordinal = 1 + UInt32(layer) * 6 + slice
                chunks.append(
                    SessionPair.Chunk(
                        ordinal: ordinal, rank: UInt64(slice + 1) << 36 | kind.rank(ordinal),
                        record: try makeRecord(ordinal, byteCount: 4000)))
            }
        }
        var generator = SeededGenerator(seed: seed)
        var pair = try SessionPair(
            SessionPair.Setup(link: Link.rural4G.parameters(loss: 0.02), seed: seed, chunks: chunks.shuffled(using: &generator)))
        pair.run()
        pair.expectComplete("seed \(seed)")
        var order: [UInt32] = []
        for (_, fragment) in pair.sentFragments where order.last != fragment.ordinal { order.append(fragment.ordinal) }
        #expect(order == [0, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11, 6, 12], "seed \(seed)")
    }
}
