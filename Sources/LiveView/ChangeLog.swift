package import VolumeModel

/// What has changed of a part of a volume, in order.
package struct ChangeLog: Sendable {
    /// The revision after a change is its place plus one.
    private var changes: [Box] = []
    /// The last revision in which a piece changed.
    private var lastRevision: [Box: Int] = [:]

    /// Counts changes.
    package var revision: Int { changes.count }

    mutating func add(_ piece: Box) {
        changes.append(piece)
        lastRevision[piece] = changes.count
    }

    /// Pieces that have changed since a revision, each in the last one only, until they have about so many voxels.
    /// - Parameter slices: of which stacked slices.
    /// - Returns: the pieces, and the revision that they bring a page to.
    package func pieces(since revision: Int, slices: Range<Int>, voxelCount: Int) -> (pieces: [Box], revision: Int) {
        var pieces: [Box] = []
        var count = 0
        for place in min(max(0, revision), changes.count)..<changes.count {
            let piece = changes[place]
            guard lastRevision[piece] == place + 1, slices.overlaps(piece.z) else { continue }
            if !pieces.isEmpty, count + piece.voxelCount > voxelCount { return (pieces, place) }
            pieces.append(piece)
            count += piece.voxelCount
        }
        return (pieces, changes.count)
    }
}
