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

    private func makePair(_ cell: Cell, _ chunks: [SessionPair.Chunk], seed: UInt64 = 1, ceiling: Double? = nil) throws -> SessionPair {
        try SessionPair(SessionPair.Setup(link: try cell.link(), seed: seed, chunks: chunks, rateShare: nil, ceiling: ceiling))
    }

    static let cells: [Cell] = [(1.0, 0.0), (10, 0), (50, 0), (1, 0.01), (10, 0.01), (50, 0.01), (1, 0.05), (10, 0.05), (50, 0.05)]
        .flatMap { megabits, loss in
            [20, 100, 300].map { Cell(megabits: megabits, roundTrip: $0, loss: loss, floor: floor(megabits, $0, loss)) }
        }

    private static func floor(_ megabits: Double, _ roundTrip: Int, _ loss: Double) -> Double {
        switch (megabits, roundTrip, loss) {
        case (_, 300, _): 0.70
        case (_, _, 0.05): 0.78
        default: 0.85
        }
    }

    @Test("A sender finds its share of the link, the start included, and keeps the queue short", arguments: cells)
    func share(cell: Cell) throws {
        for seed in 1...UInt64(2) {
            var pair = try makePair(cell, try bulk(cell.megabits < 10 ? 2_000_000 : cell.megabits < 50 ? 8_000_000 : 20_000_000), seed: seed)
            var queue = (sum: Duration.zero, count: 0)
            var next = Duration.zero
            pair.run {
                if $0.now >= next {
                    next = $0.now + .milliseconds(10)
                    queue = (queue.sum + $0.sender.queueDelay, queue.count + 1)
                }
                return $0.arrivalCount == $0.setup.chunks.count
            }
            let first = try #require(pair.sentFragments.first).time
            let last = pair.now
            let byteCount = Double(pair.setup.chunks.reduce(0) { $0 + $1.record.count })
            let share = byteCount * 8 / ((last - first) / .seconds(1)) / (cell.megabits * 1e6)
            let mean = queue.sum / max(1, queue.count)
            var truth = (sum: Duration.zero, count: 0)
            for case (let time, .keep(let fragment)) in pair.receiverActions {
                truth = (truth.sum + time - .microseconds(Int64(fragment.departureMicroseconds)), truth.count + 1)
            }
            let wait = truth.sum / max(1, truth.count) - .milliseconds(cell.roundTrip) / 2
            print("CELL \(cell.testDescription) seed \(seed): share \(share) queue \(mean) wait \(wait)")
            #expect(share >= cell.floor, "\(cell.testDescription), seed \(seed)")
            if cell.megabits >= 10 {
                let limit = max(.milliseconds(30), .milliseconds(cell.roundTrip) * 35 / 100)
                #expect((cell.loss == 0 ? wait : mean) <= limit, "\(cell.testDescription), seed \(seed)")
            }
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
            print("BURST \(took) of \(ideal)")
            #expect(took > ideal && took <= ideal * 1.25, "seed \(seed): \(took) where \(ideal) is ideal")
        }
    }
}
