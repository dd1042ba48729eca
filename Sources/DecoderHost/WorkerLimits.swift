internal import Faults
package import Decoding
internal import ProgressiveCoding

/// Resources that a decoder's process may use. Honest chunks take about 0.3 microseconds a voxel on one core and 40 bytes of memory.
package struct WorkerLimits: Sendable {
    /// Time that a chunk of no voxels may hold a core.
    package var chunkTime = Duration.seconds(10)
    /// Time that all chunks of a session without voxels may hold a core.
    package var sessionTime = Duration.seconds(60)
    /// Time added to both for each voxel.
    package var timePerVoxel = Duration.microseconds(10)
    /// The longest a chunk may take; the largest honest one takes about five seconds of a free core.
    package var longest = Duration.seconds(120)

    /// The limits sessions get.
    package init() {}

    /// Address space of the program itself.
    private static let programMemory = 768 << 20
    private static let memoryPerVoxel = 64

    /// Returns the time that a chunk may hold a core.
    package func time(_ request: DecodeRequest) -> Duration { min(longest, chunkTime + timePerVoxel * request.voxelCount) }

    /// Returns the time that all chunks of a session may hold a core, for the voxels it announces.
    package func budget(voxels: Int) -> Duration { sessionTime + timePerVoxel * voxels }

    /// Bytes of address space for a chunk.
    package func memory(_ request: DecodeRequest) -> Int {
        let (product, overflow) = request.voxelCount.multipliedReportingOverflow(by: Self.memoryPerVoxel)
        guard !overflow, product < ConfinedWorker.memoryCeiling, request.payloadByteCount < ConfinedWorker.memoryCeiling / 8 else {
            return ConfinedWorker.memoryCeiling
        }
        return min(ConfinedWorker.memoryCeiling, Self.programMemory + product + 8 * request.payloadByteCount)
    }

    /// Bytes that a chunk adds to what its process takes anyway.
    package func working(_ request: DecodeRequest) -> Int { max(0, memory(request) - Self.programMemory) }

    func expired(_ request: DecodeRequest) -> CodingError {
        CodingError(
            .invalidChunk,
            "a chunk of \(request.voxelCount) voxels holds its decoder for longer than \(time(request).components.seconds) s")
    }

    static func exhausted(_ used: Duration) -> CodingError {
        CodingError(
            .tooLarge,
            "decoding takes longer than the session's voxels allow: \(used.components.seconds) s so far")
    }
}
