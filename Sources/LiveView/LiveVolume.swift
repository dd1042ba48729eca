package import ProgressiveCoding
internal import VolumeModel
internal import WireFormat

/// A volume as pages follow it: whose voxels they fetch, and which of them have changed since.
package struct LiveVolume: Sendable {
    /// Its place in the session's manifest.
    let index: Int
    /// Counts how often the volume began anew as another one; what a page has of an earlier one is void.
    let epoch: Int
    private(set) var decoder: SessionDecoder
    /// Of a connection that goes on with the same volume: takes over once it has everything the first one had.
    private var successor: SessionDecoder?
    /// How far each region of interest has come, and then the rest; empty until that is known.
    private(set) var standing: [RegionStanding] = []
    private(set) var milestones: [Milestone: Double] = [:]
    private(set) var hasReceipt = false
    private let cutter: PieceCutter
    private var applied: Set<Int> = []
    /// What has changed within the regions of interest, and beyond them: a page fetches the one before the other.
    package private(set) var regions = ChangeLog()
    package private(set) var rest = ChangeLog()

    package init(index: Int, epoch: Int, decoder: SessionDecoder) {
        self.index = index
        self.epoch = epoch
        self.decoder = decoder
        cutter = PieceCutter(decoder.layouts[index])
    }

    var layout: VolumeLayout { decoder.layouts[index] }
    /// Who is to be asked how far the volume has come.
    var asked: SessionDecoder { successor ?? decoder }

    /// Goes on with another connection's decoder; false where that one has another volume.
    package mutating func goOn(with other: SessionDecoder) -> Bool {
        guard other.layouts.indices.contains(index), other.layouts[index].manifest == layout.manifest else { return false }
        successor = other
        return true
    }

    /// Takes how far the volume has come.
    /// - Parameter source: who says so.
    package mutating func take(_ progress: VolumeProgress, from source: SessionDecoder) {
        if source === successor {
            guard applied.isSubset(of: progress.applied) else { return }
            decoder = source
            successor = nil
        }
        guard source === decoder else { return }
        // Quality was taken back: what was called exact turned out not to be.
        let isWorse = zip(standing, progress.standing).contains { $1.stage < $0.stage }
        standing = progress.standing
        if isWorse { changeAll() }
        for index in progress.applied where applied.insert(index).inserted {
            for piece in cutter.pieces(of: layout.manifest.plan[index]) { change(piece) }
        }
    }

    /// A box is shown better, that was asked for.
    mutating func show(_ box: Box) {
        for piece in cutter.pieces(of: PlannedChunk(layer: .focusBase, box: box)) { change(piece) }
    }

    mutating func reach(_ milestone: Milestone, after seconds: Double) {
        if milestones[milestone] == nil { milestones[milestone] = seconds }
    }

    mutating func receive() { hasReceipt = true }

    private mutating func changeAll() {
        guard let content = layout.manifest.content else { return }
        for piece in cutter.pieces(ofContent: content) { change(piece) }
    }

    private mutating func change(_ piece: Box) {
        if cutter.isOfRegion(piece) { regions.add(piece) } else { rest.add(piece) }
    }

    /// The share of the planned chunks of some layers that are in; nil where none is planned.
    func share(of layers: Set<Layer>) -> Double? {
        let planned = layout.manifest.plan.indices.filter { layers.contains(layout.manifest.plan[$0].layer) }
        return planned.isEmpty ? nil : Double(planned.count { applied.contains($0) }) / Double(planned.count)
    }
}

extension RegionStanding.Stage {
    static func < (a: Self, b: Self) -> Bool {
        (allCases.firstIndex(of: a) ?? 0) < (allCases.firstIndex(of: b) ?? 0)
    }
}
