import Concurrency
import Synchronization
import Testing

@Suite("So many at a time, by rank", .timeLimit(.minutes(1)))
struct RankedGateTests {
    private struct Broken: Error {}

    /// Ranks that passed, in order, and the most callers inside at a time.
    private final class Log: Sendable {
        struct State {
            var ranks: [UInt64] = []
            var failureCount = 0
            var now = 0
            var most = 0
        }
        let state = Mutex(State())

        func pass(_ rank: UInt64) { state.withLock { $0.ranks.append(rank) } }
        func fail() { state.withLock { $0.failureCount += 1 } }
        func enter() {
            state.withLock {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
        }
        func leave() { state.withLock { $0.now -= 1 } }
    }

    /// Fills a gate of one, lets others come, and opens it.
    private func order(_ ranks: [UInt64], failing: Bool = false) async throws -> (ranks: [UInt64], failures: Int) {
        let gate = RankedGate(width: 1)
        let log = Log()
        let (isOpen, open) = AsyncStream<Void>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await gate.run(rank: 0) { for await _ in isOpen { break } } }
            while gate.freeCount > 0 { await Task.yield() }
            for rank in ranks {
                group.addTask {
                    do {
                        try await gate.run(rank: rank) { log.pass(rank) }
                    } catch is Broken {
                        log.fail()
                    }
                }
            }
            while gate.waitingCount < ranks.count { await Task.yield() }
            if failing { gate.fail(Broken()) }
            open.yield()
            try await group.waitForAll()
        }
        #expect(gate.freeCount == 1)
        return log.state.withLock { ($0.ranks, $0.failureCount) }
    }

    @Test("The lowest rank goes first, whichever came first")
    func lowestFirst() async throws {
        #expect(try await order([5, 3, 9, 1]).ranks == [1, 3, 5, 9])
    }

    @Test("No more are let through than there is room for, and all are")
    func width() async throws {
        let gate = RankedGate(width: 3)
        let log = Log()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for rank in 0..<40 {
                group.addTask {
                    try await gate.run(rank: UInt64(rank)) {
                        log.enter()
                        await Task.yield()
                        log.leave()
                        log.pass(UInt64(rank))
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(log.state.withLock { $0.most } <= 3)
        #expect(log.state.withLock { $0.ranks.count } == 40)
    }

    @Test("Who waits when it is closed need not wait any longer, and nobody comes in after that")
    func closed() async throws {
        let ended = try await order([4, 2], failing: true)
        #expect(ended.ranks == [] && ended.failures == 2)
        let gate = RankedGate(width: 1)
        gate.fail(Broken())
        await #expect(throws: Broken.self) { try await gate.run(rank: 0) {} }
    }

    @Test("Work that fails makes room")
    func failing() async throws {
        let gate = RankedGate(width: 1)
        await #expect(throws: Broken.self) { try await gate.run(rank: 0) { throw Broken() } }
        #expect(try await gate.run(rank: 0) { 5 } == 5)
    }
}
