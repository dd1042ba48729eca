internal import Concurrency
package import Decoding
internal import ProgressiveCoding
internal import Synchronization

/// Decodes a peer's chunks in processes of their own that can do nothing else. One that dies costs its chunk, no more.
///
/// Make one a peer: a process that a hostile chunk has taken over must not decode another peer's.
package final class ConfinedDecoder: ChunkDecoder {
    private let floor: DecodingFloor
    private let lane: Lane
    private let voxelCount = Mutex(0)

    /// Makes a decoder.
    /// - Parameter floor: where its processes run, beside those of other peers.
    package init(floor: DecodingFloor) {
        self.floor = floor
        lane = floor.open { Lane($0) }
    }

    deinit { close() }

    /// State that a floor keeps of a decoder: its lane, and the processes that have nothing to do.
    final class Lane: Sendable {
        let lane: FairTurns.Lane
        private let state = Mutex((idle: [WorkerProcess](), end: (any Error)?.none))

        init(_ lane: FairTurns.Lane) { self.lane = lane }

        /// Why nothing more is decoded.
        var end: (any Error)? { state.withLock { $0.end } }
        func take() -> WorkerProcess? { state.withLock { $0.idle.popLast() } }
        func put(_ worker: WorkerProcess) { state.withLock { if $0.end == nil { $0.idle.append(worker) } } }
        func discard(_ error: any Error) {
            // They are killed as they are let go of, outside of the lock.
            let idle = state.withLock { state in
                defer { state.idle = [] }
                if state.end == nil { state.end = error }
                return state.idle
            }
            withExtendedLifetime(idle) {}
        }
    }

    /// Starts processes ahead of time, so that the first chunk does not wait for one.
    package func prepare(count: Int) { floor.prepare(count, for: lane) }

    /// Allows time to decode: so much for each voxel announced, over what everybody has.
    /// - Parameter voxels: how many more there are to come.
    package func allow(voxels: Int) {
        let count = voxelCount.withLock { count in
            count += min(voxels, ConfinedWorker.memoryCeiling)
            return count
        }
        floor.allow(voxels: count, to: lane)
    }

    /// Decodes one chunk, in its session's turn.
    /// - Throws: `CodingError.Code.invalidChunk`, also when the chunk brought two processes down or takes too long;
    ///   `CodingError.Code.tooLarge` when the session's time is used up; `ConfinementError` when no process can start;
    ///   `CancellationError` once the decoder is closed.
    package func decode(_ request: DecodeRequest, rank: UInt64) async throws -> DecodedChunk {
        if case .nothing = request { return .bytes([]) }
        return try await floor.decode(request, rank: rank, in: lane)
    }

    /// Drops everything that waits or runs. Nothing is decoded afterwards.
    package func close() { floor.close(lane, CancellationError()) }
}
