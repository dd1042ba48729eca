/// Lets work wait for other work, each known by a number.
public actor CompletionStore {
    private var completed: Set<Int> = []
    private var waiting: [Int: [CheckedContinuation<Void, any Error>]] = [:]
    private var failure: (any Error)?

    public init() {}

    /// Returns once every number is complete.
    /// - Throws: the failure, once there is one.
    public func wait(for numbers: [Int]) async throws {
        for number in numbers where !completed.contains(number) {
            if let failure { throw failure }
            try await withCheckedThrowingContinuation { waiting[number, default: []].append($0) }
        }
    }

    public func complete(_ number: Int) {
        completed.insert(number)
        for continuation in waiting.removeValue(forKey: number) ?? [] { continuation.resume() }
    }

    /// Does work that others wait for; when it throws, they need wait no longer.
    public nonisolated func orFailing<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch {
            await fail(error)
            throw error
        }
    }

    /// Ends every wait, now and later.
    public func fail(_ error: any Error) {
        failure = failure ?? error
        let continuations = waiting.values.flatMap { $0 }
        waiting = [:]
        for continuation in continuations { continuation.resume(throwing: error) }
    }
}
