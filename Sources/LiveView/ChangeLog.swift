package import VolumeModel

/// Which pieces of a part of a volume have changed, and when. However often they change, it takes no more than a few numbers a piece.
package struct ChangeLog: Sendable {
    private let pieces: [StackedBox]
    /// The revision in which each piece changed last; 0 where it never did.
    private var lastRevisions: [Int]
    /// Changes in order, those included that a later one of the same piece has made void.
    private var changes: [(revision: Int, piece: Int)] = []

    /// Counts changes.
    package private(set) var revision = 0

    /// - Parameter pieces: all there are.
    package init(pieces: [StackedBox]) {
        self.pieces = pieces
        lastRevisions = [Int](repeating: 0, count: pieces.count)
    }

    /// Number of changes that are kept.
    package var count: Int { changes.count }

    /// Notes that a piece has changed, by its place.
    package mutating func add(_ piece: Int) {
        revision += 1
        lastRevisions[piece] = revision
        changes.append((revision, piece))
        if changes.count > 2 * pieces.count { changes.removeAll { lastRevisions[$0.piece] != $0.revision } }
    }

    /// Pieces that have changed since a revision, each in the last one only, until they have about so many voxels.
    /// - Parameter slices: of which stacked slices.
    /// - Returns: the pieces, and the revision that they bring a page to.
    package func pieces(since revision: Int, slices: Range<Int>, voxelCount: Int) -> (pieces: [StackedBox], revision: Int) {
        var found: [StackedBox] = []
        var count = 0
        for change in changes[firstChange(after: revision)...] {
            let piece = pieces[change.piece]
            guard lastRevisions[change.piece] == change.revision, slices.overlaps(piece.z) else { continue }
            if !found.isEmpty, count + piece.voxelCount > voxelCount { return (found, change.revision - 1) }
            found.append(piece)
            count += piece.voxelCount
        }
        return (found, self.revision)
    }

    private func firstChange(after revision: Int) -> Int {
        var (low, high) = (0, changes.count)
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].revision > revision { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
