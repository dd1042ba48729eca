internal import Synchronization

/// Opened once, by one task, for others that wait.
public final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var lastNumber = 0
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        /// Those whose wait was over before it began.
        var dismissed: Set<Int> = []
    }
    private let state = Mutex(State())

    /// A closed gate.
    public init() {}

    /// Lets everybody through, now and later.
    public func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Returns once the gate is open, or the time is over.
    /// - Throws: `CancellationError`.
    public func wait(atMost limit: Duration? = nil) async throws {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        let timer = limit.map { limit in
            Task {
                guard (try? await Task.sleep(for: limit)) != nil else { return }
                dismiss(number)
            }
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mayPass = state.withLock { state in
                    guard !state.isOpen, state.dismissed.remove(number) == nil else { return true }
                    state.waiting[number] = continuation
                    return false
                }
                if mayPass { continuation.resume() }
            }
        } onCancel: {
            dismiss(number)
        }
        timer?.cancel()
        state.withLock { _ = $0.dismissed.remove(number) }
        try Task.checkCancellation()
    }

    private func dismiss(_ number: Int) {
        let continuation = state.withLock { state in
            let continuation = state.waiting.removeValue(forKey: number)
            if continuation == nil { state.dismissed.insert(number) }
            return continuation
        }
        continuation?.resume()
    }
}
