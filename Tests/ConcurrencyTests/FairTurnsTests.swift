import Concurrency
import TestSupport
import Testing

/// A floor whose time is only counted: jobs take as much of it as they are said to.
private struct Floor {
    struct Closed: Error {}
    var turns: FairTurns
    var time = Duration.zero
    private(set) var running: Set<FairTurns.Job> = []
    private(set) var left: [FairTurns.Job: Duration] = [:]
    private(set) var finished: [FairTurns.Job: Duration] = [:]
    private(set) var started: [FairTurns.Job] = []
    private(set) var others: [FairTurns.Step] = []
    private(set) var maxRunning = 0
    static let tick = Duration.milliseconds(10)

    init(slots: Int, mayPause: Bool = true, laneMemory: Int = .max) {
        turns = FairTurns(slotCount: slots, mayPause: mayPause, hasSurcharge: true, laneMemory: laneMemory)
    }

    @discardableResult
    mutating func add(
        to lane: FairTurns.Lane, rank: UInt64 = 0, taking time: Duration, bytes count: Int = 1 << 20, memory: Int = 0,
        limit: Duration = .seconds(3600)
    ) throws -> FairTurns.Job {
        guard let job = turns.add(to: lane, rank: rank, memory: memory, limit: limit, byteCount: count) else { throw Closed() }
        left[job] = time
        return job
    }

    mutating func look() {
        for step in turns.steps(now: time) {
            switch step {
            case .start(let job):
                started.append(job)
                running.insert(job)
            case .resume(let job): running.insert(job)
            case .pause(let job): running.remove(job)
            case .expire, .exhaust: others.append(step)
            }
        }
        maxRunning = max(maxRunning, running.count)
    }

    mutating func close(_ lane: FairTurns.Lane) -> (waiting: [FairTurns.Job], begun: [FairTurns.Job]) {
        let dropped = turns.close(lane, now: time)
        for job in dropped.begun { running.remove(job) }
        return dropped
    }

    mutating func run(for span: Duration) {
        let end = time + span
        while time < end {
            look()
            time += Self.tick
            for job in running {
                left[job, default: .zero] -= Self.tick
                guard left[job, default: .zero] <= .zero else { continue }
                running.remove(job)
                turns.finish(job, now: time)
                finished[job] = time
            }
        }
        look()
    }
}

@Suite("Turns of sessions at the decoders")
struct FairTurnsTests {
    @Test("Within a session the lowest rank goes first, whatever came first")
    func ranks() throws {
        var floor = Floor(slots: 1)
        let lane = floor.turns.open()
        let jobs = try [7, 3, 9, 3, 0].map { try floor.add(to: lane, rank: $0, taking: .milliseconds(20)) }
        floor.run(for: .seconds(1))
        #expect(floor.started == [jobs[4], jobs[1], jobs[3], jobs[0], jobs[2]])
    }

    @Test("Two sessions get the same time, however large their chunks")
    func equalShares() throws {
        var floor = Floor(slots: 1)
        let (large, small) = (floor.turns.open(), floor.turns.open())
        for _ in 0..<4 { try floor.add(to: large, taking: .seconds(3)) }
        for _ in 0..<600 { try floor.add(to: small, taking: .milliseconds(20)) }
        floor.run(for: .seconds(8))
        let difference = floor.turns.used(by: large) - floor.turns.used(by: small)
        #expect(difference <= .milliseconds(200) && difference >= .milliseconds(-200), "\(difference)")
    }

    @Test("A small chunk beside three sessions of chunks that take minutes begins at once, and is done as if it were alone")
    func smallBesideLarge() throws {
        var floor = Floor(slots: 2)
        for _ in 0..<3 {
            let lane = floor.turns.open()
            for _ in 0..<5 { try floor.add(to: lane, taking: .seconds(120)) }
        }
        floor.run(for: .seconds(5))
        let began = floor.time
        let job = try floor.add(to: floor.turns.open(), taking: .milliseconds(60))
        floor.run(for: .seconds(1))
        #expect(try #require(floor.finished[job]) - began <= .milliseconds(70))
        #expect(floor.maxRunning == 2)
    }

    @Test("What stood still for another session goes on, and nothing is lost")
    func resumed() throws {
        var floor = Floor(slots: 1)
        let large = try floor.add(to: floor.turns.open(), taking: .seconds(1))
        floor.run(for: .milliseconds(300))
        let other = floor.turns.open()
        for _ in 0..<10 { try floor.add(to: other, taking: .milliseconds(50)) }
        floor.run(for: .seconds(2))
        #expect(floor.finished.count == 11)
        #expect(floor.finished[large] == .milliseconds(1500))
        #expect(floor.started.filter { $0 == large }.count == 1)
    }

    @Test(
        "Beside fifteen sessions whose chunks take long and bring nothing, one that brings bytes takes at most three times as long")
    func wasteful() throws {
        func run(_ hostile: Int) throws -> Duration {
            var floor = Floor(slots: 2)
            for _ in 0..<hostile {
                let lane = floor.turns.open()
                for _ in 0..<40 { try floor.add(to: lane, taking: .seconds(2), bytes: 2000) }
            }
            floor.run(for: .seconds(10))
            let began = floor.time
            let lane = floor.turns.open()
            let jobs = try (0..<60).map { _ in try floor.add(to: lane, taking: .milliseconds(100), bytes: 100_000) }
            floor.run(for: .seconds(60))
            return try jobs.map { try #require(floor.finished[$0]) }.reduce(.zero, max) - began
        }
        #expect(try run(15) <= run(0) * 3)
    }

    @Test("Who leaves and comes back again and again gets no more time than who stays")
    func comers() throws {
        var floor = Floor(slots: 1)
        let stayer = floor.turns.open()
        for _ in 0..<1000 { try floor.add(to: stayer, taking: .milliseconds(50)) }
        floor.run(for: .seconds(5))
        let before = floor.turns.used(by: stayer)
        for _ in 0..<50 {
            let comer = floor.turns.open()
            try floor.add(to: comer, taking: .seconds(10))
            floor.run(for: .milliseconds(400))
            _ = floor.close(comer)
        }
        #expect(floor.turns.used(by: stayer) - before >= .seconds(7), "of 20 s")
    }

    @Test("Idle time is not saved up")
    func idle() throws {
        var floor = Floor(slots: 1)
        let (busy, idle) = (floor.turns.open(), floor.turns.open())
        for _ in 0..<1000 { try floor.add(to: busy, taking: .milliseconds(50)) }
        floor.run(for: .seconds(10))
        for _ in 0..<1000 { try floor.add(to: idle, taking: .milliseconds(50)) }
        floor.run(for: .seconds(4))
        #expect(floor.turns.used(by: busy) >= .milliseconds(11_800))
    }

    @Test("A session that ends gives its slots back at once, and its work is dropped")
    func closed() throws {
        var floor = Floor(slots: 2)
        let (ended, other) = (floor.turns.open(), floor.turns.open())
        let jobs = try (0..<5).map { _ in try floor.add(to: ended, taking: .seconds(100)) }
        floor.run(for: .milliseconds(100))
        let dropped = floor.close(ended)
        #expect(Set(dropped.begun + dropped.waiting) == Set(jobs))
        #expect(Set(dropped.begun) == Set(floor.started))
        let next = try floor.add(to: other, taking: .seconds(1))
        floor.look()
        #expect(floor.running == [next])
        #expect(throws: Floor.Closed.self) { try floor.add(to: ended, taking: .seconds(1)) }
    }

    @Test("A chunk that takes longer than it may is named once; so is a session whose chunks together do")
    func limits() throws {
        var floor = Floor(slots: 1)
        let lane = floor.turns.open(budget: .seconds(1))
        let slow = try floor.add(to: lane, taking: .seconds(10), limit: .milliseconds(500))
        floor.run(for: .milliseconds(700))
        #expect(floor.others == [.expire(slow)])
        floor.run(for: .seconds(1))
        #expect(floor.others == [.expire(slow), .exhaust(lane)])
    }

    @Test("Time in which a chunk stands still is not counted against it")
    func stoppedTime() throws {
        var floor = Floor(slots: 1)
        try floor.add(to: floor.turns.open(budget: .milliseconds(700)), taking: .milliseconds(600), limit: .milliseconds(650))
        let other = floor.turns.open()
        for _ in 0..<100 { try floor.add(to: other, taking: .milliseconds(50)) }
        floor.run(for: .seconds(4))
        #expect(floor.others.isEmpty)
    }

    @Test("A session begins no second chunk whose memory goes beyond its part, but always one")
    func memory() throws {
        var floor = Floor(slots: 4, laneMemory: 100)
        let lane = floor.turns.open()
        for rank in 0..<3 { try floor.add(to: lane, rank: UInt64(rank), taking: .seconds(1), memory: 300) }
        floor.look()
        #expect(floor.running.count == 1)
        floor.run(for: .seconds(4))
        #expect(floor.finished.count == 3)
        let light = floor.turns.open()
        for _ in 0..<3 { try floor.add(to: light, taking: .seconds(1), memory: 40) }
        floor.look()
        #expect(floor.running.count == 2)
    }

    @Test("Where nothing can be stopped nothing is, and the next turn is still the other session's")
    func withoutPauses() throws {
        var floor = Floor(slots: 1, mayPause: false)
        let first = floor.turns.open()
        for _ in 0..<3 { try floor.add(to: first, taking: .seconds(1)) }
        floor.run(for: .milliseconds(500))
        let job = try floor.add(to: floor.turns.open(), taking: .milliseconds(100))
        floor.run(for: .seconds(2))
        #expect(floor.finished[job] == .milliseconds(1100))
    }

    @Test("Whatever comes and goes, no more run than there are slots, none stands idle, and everything ends", arguments: 1...8)
    func anyOrder(seed: UInt64) throws {
        var source = Seeded(seed)
        let slots = Int.random(in: 1...4, using: &source)
        var floor = Floor(slots: slots, laneMemory: 1000)
        var lanes = (0..<4).map { _ in floor.turns.open() }
        var count = 0
        for _ in 0..<300 {
            let lane = Int.random(in: 0..<lanes.count, using: &source)
            if Int.random(in: 0..<12, using: &source) == 0 {
                let dropped = floor.close(lanes[lane])
                count -= dropped.waiting.count + dropped.begun.count
                lanes[lane] = floor.turns.open()
            } else {
                try floor.add(
                    to: lanes[lane], rank: .random(in: 0..<9, using: &source),
                    taking: .milliseconds(.random(in: 1...400, using: &source)), bytes: .random(in: 0...10_000, using: &source))
                count += 1
            }
            floor.run(for: .milliseconds(10 * .random(in: 0...10, using: &source)))
            #expect(floor.running.count == slots || !floor.turns.isContended)
        }
        floor.run(for: .seconds(200))
        #expect(floor.finished.count == count)
        #expect(floor.maxRunning <= slots)
        #expect(!floor.turns.isBusy)
    }
}
