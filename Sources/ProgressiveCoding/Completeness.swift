/// Measure of how much of a volume is exact: voxels of the body that are the source's bit for bit. Whoever says how far a transfer has come
/// says this, never a count of chunks, since chunks differ in size a thousandfold.
package struct Completeness: Sendable, Equatable {
    /// Voxels of the body that are exact. It only grows, but for ``SessionDecoder/distrust()``, which takes it back.
    package var exactVoxelCount: Int
    /// Voxels of the body: those of all time points that do not hold the fill value. Nil until the masks that say so are in; for good
    /// where none is planned.
    package var bodyVoxelCount: Int?
    /// Bytes of the chunk records that are decoded and in their place.
    package var byteCount: Int

    /// Makes a value.
    package init(exactVoxelCount: Int = 0, bodyVoxelCount: Int? = nil, byteCount: Int = 0) {
        self.exactVoxelCount = exactVoxelCount
        self.bodyVoxelCount = bodyVoxelCount
        self.byteCount = byteCount
    }

    /// Exact voxels of the body over voxels of the body, 0 to 1: 0 until the body is known, 1 only where every voxel is exact.
    package var share: Double {
        guard let body = bodyVoxelCount else { return 0 }
        return body <= 0 ? 1 : min(1, max(0, Double(exactVoxelCount) / Double(body)))
    }

    /// Two volumes taken together.
    package static func + (a: Completeness, b: Completeness) -> Completeness {
        Completeness(
            exactVoxelCount: a.exactVoxelCount + b.exactVoxelCount,
            bodyVoxelCount: a.bodyVoxelCount.flatMap { first in b.bodyVoxelCount.map { first + $0 } },
            byteCount: a.byteCount + b.byteCount)
    }
}

/// Effects of a chunk, once it is in its place.
package struct AppliedChunk: Sendable {
    /// Milestones the volume has reached with it.
    package let milestones: [Milestone]
    /// Completeness of its volume now.
    package let completeness: Completeness
    /// Completeness of all the session's volumes together now.
    package let sessionCompleteness: Completeness
}
