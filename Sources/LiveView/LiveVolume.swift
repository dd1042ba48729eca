package import Receiver
package import ProgressiveCoding
internal import VolumeModel
internal import WireFormat

/// A volume as pages follow it: whose voxels they fetch, and which of them have changed since.
package struct LiveVolume: Sendable {
    /// Its place in the session's manifest.
    let index: Int
    /// Tells it from every other volume that pages were ever shown here; what a page has of another one is void.
    package internal(set) var epoch: Int
    let facts: VolumeFacts
    private(set) var source: VolumeSource
    /// Of a connection that goes on with the same volume: takes over once it has everything the first one had.
    private var successor: SessionDecoder?
    /// The progress of each region of interest, and then of the rest; empty until that is known.
    package private(set) var standing: [RegionStanding] = []
    package private(set) var completeness = Completeness()
    package private(set) var milestones: [Milestone: Double] = [:]
    package private(set) var hasReceipt = false
    /// The state of its files, where they were read.
    let storedState: StoredSession.State?
    private let table: PieceTable
    private var applied: Set<Int> = []
    /// Voxels that planned chunks of each layer cover, all of them and those that are in.
    private var plannedVoxels: [Layer: Int] = [:]
    private var appliedVoxels: [Layer: Int] = [:]
    /// The changes within the regions of interest, and those beyond them: a page fetches the former before the latter.
    package private(set) var regions: ChangeLog
    package private(set) var rest: ChangeLog

    /// Of a session that is being received.
    package init(index: Int, epoch: Int, decoder: SessionDecoder) {
        self.index = index
        self.epoch = epoch
        facts = VolumeFacts(decoder, index)
        source = .decoder(decoder, index)
        storedState = nil
        let layout = decoder.layouts[index]
        table = PieceTable(
            shape: layout.shape, content: facts.content, regions: facts.regions, plan: layout.manifest.plan,
            limit: layout.pieceLimit)
        regions = ChangeLog(pieces: table.regionPieces)
        rest = ChangeLog(pieces: table.restPieces)
        for chunk in layout.manifest.plan { plannedVoxels[chunk.layer, default: 0] += chunk.box.voxelCount }
    }

    /// Of files.
    package init(index: Int, epoch: Int, stored volume: StoredVolume, goal: String) {
        self.index = index
        self.epoch = epoch
        facts = VolumeFacts(volume, goal: goal)
        source = .stored(volume)
        storedState = volume.state
        standing = volume.standing
        completeness = volume.completeness
        hasReceipt = volume.state == .exact || volume.state == .lossy || volume.state == .unverified
        table = PieceTable(
            shape: volume.shape, content: facts.content, regions: facts.regions, plan: [], limit: Self.storedPieceLimit)
        regions = ChangeLog(pieces: table.regionPieces)
        rest = ChangeLog(pieces: table.restPieces)
        changeAll()
    }

    /// The most pieces of a volume read from files, beside those granted in any case.
    private static let storedPieceLimit = 1 << 12

    /// True when a receipt says that every bit is the source's, and nothing that was found since says otherwise.
    var isExact: Bool { storedState.map { $0 == .exact } ?? (hasReceipt && milestones[.volumeLossless] != nil) }
    /// Who is to be asked how far the volume has come; nobody where it comes from files.
    var asked: SessionDecoder? { successor ?? source.decoder }

    /// Goes on with another connection's decoder; false where that one has another volume, or this one comes from files.
    package mutating func goOn(with other: SessionDecoder) -> Bool {
        guard let decoder = source.decoder, other.layouts.indices.contains(index),
            other.layouts[index].manifest == decoder.layouts[index].manifest
        else { return false }
        successor = other
        return true
    }

    /// Takes how far the volume has come.
    /// - Parameter source: who says so.
    package mutating func take(_ progress: VolumeProgress, from decoder: SessionDecoder) {
        if decoder === successor {
            guard applied.isSubset(of: progress.applied) else { return }
            source = .decoder(decoder, index)
            successor = nil
        }
        guard decoder === source.decoder else { return }
        // Quality was taken back: what was called exact turned out not to be.
        let isWorse =
            zip(standing, progress.standing).contains { $1.stage < $0.stage }
            || progress.completeness.exactVoxelCount < completeness.exactVoxelCount
        standing = progress.standing
        completeness = progress.completeness
        if isWorse {
            milestones[.roiLossless] = nil
            milestones[.volumeLossless] = nil
            hasReceipt = false
            changeAll()
        }
        let plan = decoder.layouts[index].manifest.plan
        let fresh = progress.applied.filter { applied.insert($0).inserted }.map { plan[$0] }
        guard !fresh.isEmpty else { return }
        for chunk in fresh { appliedVoxels[chunk.layer, default: 0] += chunk.box.voxelCount }
        change(table.changed(by: fresh))
    }

    /// A box is shown better, that was asked for.
    mutating func show(_ box: StackedBox) { change(table.overlapping(box)) }

    mutating func reach(_ milestone: Milestone, after seconds: Double) {
        if milestones[milestone] == nil { milestones[milestone] = seconds }
    }

    mutating func receive() { hasReceipt = true }

    private mutating func changeAll() { change((Array(table.regionPieces.indices), Array(table.restPieces.indices))) }

    private mutating func change(_ pieces: (regions: [Int], rest: [Int])) {
        for piece in pieces.regions { regions.add(piece) }
        for piece in pieces.rest { rest.add(piece) }
    }

    /// The share of the voxels that are in, of what shows the regions of interest first: their base, or exact voxels where no base is planned. Nil
    /// where neither is.
    var regionShare: Double? { share(of: .roiBase) ?? share(of: .roiRefinement) }

    /// The same of the rest.
    var backgroundShare: Double? { share(of: .backgroundBase) ?? share(of: .backgroundRefinement) }

    private func share(of layer: Layer) -> Double? {
        plannedVoxels[layer].map { Double(appliedVoxels[layer] ?? 0) / Double(max(1, $0)) }
    }
}

extension RegionStanding.Stage {
    static func < (a: Self, b: Self) -> Bool {
        (allCases.firstIndex(of: a) ?? 0) < (allCases.firstIndex(of: b) ?? 0)
    }
}
