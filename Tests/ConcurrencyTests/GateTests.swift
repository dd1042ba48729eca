import Concurrency
import Testing

@Suite("A gate that is opened once", .timeLimit(.minutes(1)))
struct GateTests {
    @Test("Everybody who waits passes when it opens, and everybody who comes later")
    func opens() async throws {
        let gate = Gate()
        let waiting = (0..<20).map { _ in Task { try await gate.wait() } }
        gate.open()
        for task in waiting { try await task.value }
        try await gate.wait()
    }

    @Test("A wait that is over in time ends without an error, and another's goes on")
    func timeout() async throws {
        let gate = Gate()
        let other = Task { try await gate.wait() }
        try await gate.wait(atMost: .milliseconds(1))
        gate.open()
        try await other.value
    }

    @Test("Who is cancelled stops waiting, also before the wait has begun")
    func cancelled() async throws {
        let gate = Gate()
        for isEarly in [true, false] {
            let task = Task {
                if isEarly { while !Task.isCancelled { await Task.yield() } }
                try await gate.wait(atMost: .seconds(50))
            }
            if !isEarly { for _ in 0..<100 { await Task.yield() } }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }
}
