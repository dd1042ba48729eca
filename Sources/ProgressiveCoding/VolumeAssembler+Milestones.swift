internal import VolumeModel
internal import WireFormat

extension VolumeAssembler {
    /// Tells whether a volume has reached a milestone, by its voxels and not only by its plan: a hostile plan may leave some out. A layer
    /// without chunks reaches nothing.
    func hasReached(_ milestone: Milestone) -> Bool {
        switch milestone {
        case .roiComplete: hasRegions && regionsHold(Quality.roiBase)
        case .backgroundComplete:
            // Where one region covers everything, the background is complete with it.
            (isComplete(.backgroundBase, orEmpty: isPlanned(.roiBase)) || isComplete(.backgroundRefinement, orEmpty: false))
                && (isComplete(.roiBase, orEmpty: true) || hasRegions) && isFull
        case .roiBounded: isComplete(.roiBounded) && regionsHold(Quality.roiBase)
        case .roiLossless:
            // The mask and the table are part of what is exact.
            isComplete(.roiRefinement) && isComplete(.mask, orEmpty: true) && regionsHold(Quality.exact)
        case .volumeLossless: isLossless
        }
    }

    /// True when the regions of interest are there at base quality or better: exact voxels may come before their base.
    private var hasRegions: Bool {
        isComplete(.roiBase, orEmpty: false) || isComplete(.roiRefinement, orEmpty: false)
    }

    private func isComplete(_ layer: Layer, orEmpty: Bool) -> Bool {
        isComplete(layer) && (orEmpty || isPlanned(layer))
    }

    private func isPlanned(_ layer: Layer) -> Bool { layout.manifest.plan.contains { $0.layer == layer } }

    /// Tells whether every voxel of the regions of interest has a quality or a better one; false where there are none.
    private func regionsHold(_ level: UInt8) -> Bool {
        let boxes = layout.manifest.regions.flatMap { layout.shape.stacked($0) }
        guard !boxes.isEmpty else { return false }
        return boxes.allSatisfy { box in
            var holds = true
            let levels = quality
            forEachRow(of: box, in: layout.shape) { row in for index in row where levels[index] < level { holds = false } }
            return holds
        }
    }
}
