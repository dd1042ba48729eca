package import VolumeModel

/// From voxels of interest to the boxes that are sent first.
package enum RegionPlanner {
    /// The boxes around a mask: one a part, with a margin, joined where that costs little.
    ///
    /// Two lesions far apart stay two boxes, since one around both would be mostly healthy tissue; every voxel of the mask is in a box.
    /// - Parameter margin: voxels added on every side.
    package static func boxes(around mask: Mask, margin: Int) -> [Box] {
        var boxes = ConnectedComponents.find(in: mask).components.map { $0.box.grown(by: margin, within: mask.shape.box) }
        // Crumbs by the thousand would make the search for pairs long; they are gathered first, in ever larger cells.
        var side = 32
        while boxes.count > 256 {
            boxes = gathered(boxes, side: side)
            side *= 2
        }
        while let (a, b) = cheapestPair(boxes) {
            boxes[a] = boxes[a].union(boxes[b])
            boxes.remove(at: b)
        }
        return boxes
    }

    /// Cost of a box of its own beyond its voxels, in voxels: parameter sets, a chunk's record, a prediction that begins anew.
    private static let boxOverheadVoxels = 8192

    /// The pair whose joint box adds the least to the two, if that is less than a box of its own costs.
    private static func cheapestPair(_ boxes: [Box]) -> (Int, Int)? {
        var best: (pair: (Int, Int), cost: Int)?
        for a in boxes.indices {
            for b in boxes.indices where b > a {
                let sum = boxes[a].voxelCount + boxes[b].voxelCount
                let cost = boxes[a].union(boxes[b]).voxelCount - sum
                if cost < max(boxOverheadVoxels, sum / 4), cost < best?.cost ?? .max { best = ((a, b), cost) }
            }
        }
        return best?.pair
    }

    private static func gathered(_ boxes: [Box], side: Int) -> [Box] {
        var cells: [[Int]: Box] = [:]
        for box in boxes {
            let key = [box.x.lowerBound / side, box.y.lowerBound / side, box.z.lowerBound / side]
            cells[key] = cells[key]?.union(box) ?? box
        }
        return cells.keys.sorted { $0.lexicographicallyPrecedes($1) }.compactMap { cells[$0] }
    }
}
