import ProgressiveCoding
import Synchronization

/// Chunks as they are made.
final class Collected: Sendable {
    private let chunks = Mutex<[EncodedChunk]>([])
    func add(_ chunk: EncodedChunk) { chunks.withLock { $0.append(chunk) } }
    var all: [EncodedChunk] { chunks.withLock { $0 } }
}
