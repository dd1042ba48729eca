internal import ProgressiveCoding
internal import VolumeModel
package import WireFormat

/// The progress of a transfer, by one estimate of all it takes: the plan's.
package struct TransferProgress: Sendable, Equatable {
    /// Work that is done over all of it, 0 to 1, by what chunks of each kind usually take; it never goes back.
    public internal(set) var share = 0.0
    /// Bytes of chunk records that are done: confirmed at the sender, in their place at the receiver.
    public internal(set) var byteCount = 0
    /// All bytes, as far as can be told: those that are known, and an estimate of the others.
    public internal(set) var totalByteCount = 0
    /// True when no estimate is left in ``totalByteCount``.
    public internal(set) var isTotalKnown = false
    /// True when the regions of interest are there at base quality.
    public internal(set) var hasRegion = false
}

/// Keeps a transfer's progress.
package struct TransferEstimate {
    package private(set) var progress = TransferProgress()
    private var weights: [UInt32: Double] = [:]
    private var known: [UInt32: Int] = [:]
    private var done: Set<UInt32> = []
    private var region: Set<UInt32> = []
    private var total = 0.0
    private var knownWeight = 0.0
    private var doneWeight = 0.0
    private var knownByteCount = 0
    private var unknownCount = 0

    package init() {}

    package init(_ manifest: Manifest) {
        weights[0] = 700
        for (index, planned) in manifest.plan.enumerated() {
            let ordinal = UInt32(index + 1)
            weights[ordinal] = Self.weight(of: planned.chunk)
            if planned.chunk.layer == manifest.volumes[planned.volume].showsRegionsBy { region.insert(ordinal) }
        }
        weights[manifest.tableOrdinal] = 100 + 48 * Double(manifest.plan.count)
        total = weights.values.reduce(0, +)
        unknownCount = weights.count
        progress.hasRegion = region.isEmpty
        estimate()
    }

    /// Bytes that a chunk may have: those a voxel that the shipped profiles leave of FLAIR heads, and some around them.
    private static func weight(of chunk: PlannedChunk) -> Double {
        let bytesPerVoxel =
            switch chunk.layer {
            case .roiBase: 0.05
            case .backgroundBase: 0.003
            case .mask: 0.002
            case .roiBounded: 0.2
            case .roiRefinement: 0.37
            case .backgroundRefinement: 0.1
            case .valueTable, .extensions, .manifest, .table, .focusBase: 0.0
            }
        return 100 + (chunk.layer == .valueTable ? 2000 : 0) + bytesPerVoxel * Double(chunk.box.voxelCount)
    }

    /// A chunk's size is known.
    package mutating func know(_ ordinal: UInt32, byteCount: Int) {
        guard known.updateValue(byteCount, forKey: ordinal) == nil else { return }
        knownByteCount += byteCount
        if let weight = weights[ordinal] {
            knownWeight += weight
            unknownCount -= 1
        }
        estimate()
    }

    /// A chunk is where it belongs. Chunks beyond the plan, which somebody asked for, add bytes but no share.
    package mutating func finish(_ ordinal: UInt32, byteCount: Int) {
        know(ordinal, byteCount: byteCount)
        guard done.insert(ordinal).inserted else { return }
        progress.byteCount += byteCount
        doneWeight += weights[ordinal] ?? 0
        region.remove(ordinal)
        progress.hasRegion = !weights.isEmpty && region.isEmpty
        progress.share = total > 0 ? min(1, doneWeight / total) : 0
    }

    private mutating func estimate() {
        // What is known tells also by how much the weights are wrong for this volume.
        let ratio = knownWeight > 0 ? Double(knownByteCount) / knownWeight : 1
        progress.totalByteCount = knownByteCount + Int(max(0, total - knownWeight) * ratio)
        progress.isTotalKnown = !weights.isEmpty && unknownCount == 0
    }
}
