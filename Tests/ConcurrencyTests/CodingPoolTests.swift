import Concurrency
import Foundation
import Synchronization
import Testing

@Suite("Threads that sessions share", .timeLimit(.minutes(1)))
struct CodingPoolTests {
    /// The jobs that ran, in order.
    private final class Log: Sendable {
        private let names = Mutex<[String]>([])
        func add(_ name: String) { names.withLock { $0.append(name) } }
        var all: [String] { names.withLock { $0 } }
    }

    /// Keeps a pool's thread busy until it is let go.
    private func hold(_ lane: CodingPool.Lane, until gate: DispatchSemaphore, _ begun: DispatchSemaphore) -> Task<Void, any Error> {
        Task {
            try await lane.run {
                begun.signal()
                gate.wait()
            }
        }
    }

    private func wait(_ semaphore: DispatchSemaphore) async {
        while semaphore.wait(timeout: .now()) == .timedOut { try? await Task.sleep(for: .milliseconds(1)) }
    }

    @Test("A session that has had the thread waits for one that has not, and within each the lowest rank goes first")
    func turns() async throws {
        let pool = CodingPool(threadCount: 1)
        let (busy, fresh) = (pool.lane(), pool.lane())
        let (gate, begun) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let holding = hold(busy, until: gate, begun)
        await wait(begun)
        // Long enough to have had more of the thread than a new session is welcomed with.
        try await Task.sleep(for: .milliseconds(300))
        let log = Log()
        let rest = [(busy, "busy", 1), (busy, "busy", 0), (fresh, "fresh", 5), (fresh, "fresh", 2)].map { lane, name, rank in
            Task { try await lane.run(rank: UInt64(rank)) { log.add("\(name) \(rank)") } }
        }
        try await Task.sleep(for: .milliseconds(100))
        gate.signal()
        try await holding.value
        for task in rest { try await task.value }
        #expect(log.all.filter { $0.hasPrefix("fresh") } == ["fresh 2", "fresh 5"])
        #expect(log.all.filter { $0.hasPrefix("busy") } == ["busy 0", "busy 1"])
        #expect(log.all.first == "fresh 2")
    }

    @Test("What a session that ends has waiting is never begun; what has begun is finished")
    func closed() async throws {
        let pool = CodingPool(threadCount: 1)
        let (ended, other) = (pool.lane(), pool.lane())
        let (gate, begun) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let holding = hold(ended, until: gate, begun)
        await wait(begun)
        let log = Log()
        let waiting = Task { try await ended.run { log.add("waited") } }
        try await Task.sleep(for: .milliseconds(50))
        ended.close()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        await #expect(throws: CancellationError.self) { try await ended.run { log.add("late") } }
        gate.signal()
        try await holding.value
        try await other.run { log.add("other") }
        #expect(log.all == ["other"])
    }

    @Test("Ten thousand jobs of many sessions on a few threads are each done once")
    func many() async throws {
        let pool = CodingPool(threadCount: 3)
        let lanes = (0..<7).map { _ in pool.lane() }
        let log = Log()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<10_000 {
                group.addTask { try await lanes[number % lanes.count].run(rank: UInt64(number % 5)) { log.add("\(number)") } }
            }
            try await group.waitForAll()
        }
        #expect(log.all.count == 10_000 && Set(log.all).count == 10_000)
    }
}
