import NetSim
import StreamSession
import Testing
import WireFormat

@Suite("A rate found out on the way")
struct RateDiscoveryTests {
    struct Cell: Sendable, CustomTestStringConvertible {
        let megabits: Double
        let roundTrip: Int
        let loss: Double
        let floor: Double
        var testDescription: String { "\(Int(megabits)) Mbit/s, \(roundTrip) ms, \(loss)" }

        func link() throws -> LinkParameters {
            let rate = megabits * 1e6
            let direction = try LinkDirection(
                rateBitsPerSecond: rate, delay: .milliseconds(roundTrip) / 2, lossProbability: loss,
                queueByteCount: max(65_536, Int(rate / 8 * Double(roundTrip) / 1000)))
            return try LinkParameters(name: "cell", up: direction, down: direction)
        }
    }

    /// Chunks that keep a link busy.
    private func bulk(_ byteCount: Int, of chunkCount: Int = 30, seed: UInt64 = 1) throws -> [SessionPair.Chunk] {
        try makeSession(seed: seed, byteCount: byteCount, chunkCount: chunkCount, codingTime: .zero)
    }

    private func makePair(_ cell: Cell, _ chunks: [SessionPair.Chunk], seed: UInt64 = 1, ceiling: Double? = nil) throws
        -> SessionPair
    {
        try SessionPair(SessionPair.Setup(link: try cell.link(), seed: seed, chunks: chunks, rateShare: nil, ceiling: ceiling))
    }

    /// Round trips, losses and rates that matter, with what is found of each: floors are three per cent below what was measured.
    static let cells: [Cell] = [
        (1.0, 0.0, [0.88, 0.88, 0.88]), (1, 0.01, [0.88, 0.88, 0.88]), (1, 0.05, [0.87, 0.87, 0.87]),
        (10, 0, [0.92, 0.90, 0.86]), (10, 0.01, [0.92, 0.90, 0.83]), (10, 0.05, [0.91, 0.86, 0.79]),
        (50, 0, [0.92, 0.88, 0.81]), (50, 0.01, [0.91, 0.85, 0.75]), (50, 0.05, [0.90, 0.83, 0.65]),
    ].flatMap { megabits, loss, floors in
        zip([20, 100, 300], floors).map { Cell(megabits: megabits, roundTrip: $0, loss: loss, floor: $1) }
    }

    @Test("A sender finds its share of the link, the start included, and keeps the queue short", arguments: cells)
    func share(cell: Cell) throws {
        for seed in 1...UInt64(cell.loss > 0 ? 2 : 1) {
            var pair = try makePair(
                cell, try bulk(cell.megabits < 10 ? 2_000_000 : cell.megabits < 50 ? 8_000_000 : 20_000_000), seed: seed)
            pair.run { $0.arrivalCount == $0.setup.chunks.count }
            let first = try #require(pair.sentFragments.first).time
            let last = pair.now
            let byteCount = Double(pair.setup.chunks.reduce(0) { $0 + $1.record.count })
            let share = byteCount * 8 / ((last - first) / .seconds(1)) / (cell.megabits * 1e6)
            #expect(share >= cell.floor, "\(cell.testDescription), seed \(seed): \(share)")
            // From being handed to the transport to being there, what was lost and sent again included.
            let waits = pair.receiverActions.compactMap { entry -> Duration? in
                guard case .keep(let fragment) = entry.action else { return nil }
                return entry.time - .microseconds(Int64(fragment.departureMicroseconds)) - .milliseconds(cell.roundTrip) / 2
            }
            let mean = waits.reduce(.zero, +) / waits.count
            print("\(cell.testDescription), seed \(seed): share \(share), queue \(mean)")
            guard cell.megabits >= 10 else { continue }
            let limit = max(.milliseconds(30), .milliseconds(cell.roundTrip) * 35 / 100)
            #expect(mean <= limit, "\(cell.testDescription), seed \(seed): \(mean)")
        }
    }

    @Test("A ceiling is never exceeded, whatever the link carries", arguments: [0, 0.05])
    func ceiling(loss: Double) throws {
        let ceiling = 3e6
        var pair = try makePair(
            Cell(megabits: 50, roundTrip: 100, loss: loss, floor: 0), try bulk(3_000_000), ceiling: ceiling)
        var marks: [(time: Duration, byteCount: Double)] = []
        pair.run {
            if let last = marks.last, $0.now - last.time < .milliseconds(20) { return $0.sender.isOver }
            marks.append(($0.now, Double($0.link.counters(.up).arrivedByteCount)))
            return $0.sender.isOver
        }
        pair.run()
        pair.expectComplete("loss \(loss)")
        for case (_, .pace(let rate)) in pair.senderActions { #expect(rate <= ceiling) }
        // Over a fifth of a second, and the datagram that may go at once; reports of losses cost little more.
        for (start, end) in zip(marks, marks.dropFirst(10)) {
            let rate = (end.byteCount - start.byteCount - 3000) * 8 / ((end.time - start.time) / .seconds(1))
            guard rate > ceiling * 1.01 else { continue }
            Issue.record("\(rate) at \(start.time)")
            return
        }
        let arrived = try #require(pair.arrivals.last).time
        let byteCount = Double(pair.setup.chunks.reduce(0) { $0 + $1.record.count })
        #expect(byteCount * 8 / (arrived / .seconds(1)) > 0.82 * ceiling)
    }

    @Test("A sender whose chunks trickle keeps what it knows of the link, and is as fast as before once they come again")
    func trickle() throws {
        var chunks = try bulk(4_000_000, of: 10)
        let count = UInt32(chunks.count)
        for index in 0..<100 as Range<UInt32> {
            chunks.append(
                try makeChunk(count + index, .background, byteCount: 10_000, readyAt: .milliseconds(5000 + 200 * Int(index))))
        }
        chunks.append(try makeChunk(count + 100, .background, byteCount: 1_000_000, readyAt: .seconds(26)))
        var pair = try makePair(Cell(megabits: 10, roundTrip: 80, loss: 0, floor: 0), chunks)
        pair.run(until: .milliseconds(3000))
        let known = pair.sender.bitsPerSecond
        #expect(known > 9e6 && known < 12e6, "\(known)")
        var least = Double.infinity
        pair.run(until: .seconds(26)) {
            if $0.now > .seconds(5) { least = min(least, $0.sender.bitsPerSecond) }
            return false
        }
        #expect(least > 0.85 * known, "\(least) of \(known)")
        pair.run()
        pair.expectComplete("trickle")
        let took = try #require(pair.arrival(of: count + 100)) - .seconds(26)
        #expect(took < (.seconds(0.8) + .milliseconds(40)) * 1.2, "\(took)")
    }

    @Test("A region whose parts come with small chunks between them goes as fast as one that comes at once", arguments: [5, 40])
    func smallChunksFirst(gap: Int) throws {
        var chunks = [
            try makeChunk(0, .manifest, byteCount: 500), try makeChunk(1, .roi, byteCount: 12_000, readyAt: .milliseconds(80)),
        ]
        for index in 0..<8 {
            chunks.append(
                try makeChunk(UInt32(10 + index), .background, byteCount: 300, readyAt: .milliseconds(90 + gap * index)))
        }
        let ready = Duration.milliseconds(95 + gap * 8)
        chunks.append(try makeChunk(2, .roi, byteCount: 120_000, readyAt: ready))
        var pair = try makePair(Cell(megabits: 50, roundTrip: 20, loss: 0, floor: 0), chunks)
        pair.run(until: .seconds(10))
        let took = try #require(pair.arrival(of: 2)) - ready
        // Its bytes take 20 ms, half a round trip 10; the opening's answer takes a round trip and the report's 20 ms.
        #expect(took < .milliseconds(80), "\(took)")
    }

    @Test("What is lost of the opening train does not slow what follows")
    func lostInTrain() throws {
        let chunks = [
            try makeChunk(0, .manifest, byteCount: 800), try makeChunk(1, .roi, byteCount: 60_000, readyAt: .milliseconds(400)),
            try makeChunk(2, .background, byteCount: 600_000, readyAt: .milliseconds(500)),
        ]
        for seed in 1...UInt64(40) {
            var pair = try makePair(Cell(megabits: 2, roundTrip: 80, loss: 0.06, floor: 0), chunks, seed: seed)
            pair.run()
            pair.expectComplete("seed \(seed)")
            // Its bytes take 240 ms, half a round trip 40; what is lost takes a round trip more, at times two.
            let took = try #require(pair.arrival(of: 1)) - .milliseconds(400)
            #expect(took < .milliseconds(700), "seed \(seed): \(took)")
        }
    }

    @Test("A burst of ROI into a link that the background fills takes little longer than its bytes and half a round trip")
    func burst() throws {
        let ready = Duration.seconds(3)
        let chunks = [
            try makeChunk(0, .manifest, byteCount: 500), try makeChunk(2, .background, byteCount: 8_000_000),
            try makeChunk(1, .roi, byteCount: 150_000, readyAt: ready),
        ]
        for seed in 1...UInt64(3) {
            var pair = try makePair(Cell(megabits: 10, roundTrip: 80, loss: 0, floor: 0), chunks, seed: seed)
            pair.run(until: .seconds(5)) { $0.arrivalCount == 2 }
            let took = try #require(pair.arrival(of: 1)) - ready
            let ideal = Duration.seconds(150_000 * 8 / 10e6) + .milliseconds(40)
            #expect(took > ideal && took <= ideal * 1.25, "seed \(seed): \(took) where \(ideal) is ideal")
        }
    }
}
