internal import Synchronization

/// Hands chunks on strictly in the order of their ranks, also where a later one is coded before an earlier one: what a tool without priorities does.
final class RankedOutlet: Sendable {
    /// Ranks still to go, the next one last, and chunks that wait for theirs.
    private let state: Mutex<(ranks: [UInt64], waiting: [UInt64: EncodedChunk])>
    private let emit: @Sendable (EncodedChunk) -> Void

    /// - Parameter ranks: of all chunks there will be, each once.
    init(ranks: [UInt64], emit: @escaping @Sendable (EncodedChunk) -> Void) {
        state = Mutex((ranks.sorted(by: >), [:]))
        self.emit = emit
    }

    func put(_ chunk: EncodedChunk) {
        state.withLock { state in
            state.waiting[chunk.rank] = chunk
            while let rank = state.ranks.last, let next = state.waiting.removeValue(forKey: rank) {
                state.ranks.removeLast()
                emit(next)
            }
        }
    }
}
