internal import Faults
package import VolumeModel

/// Finds the voxels of interest of a patient.
package protocol Segmenter: Sendable {
    /// Name that tells a person what it is.
    var name: String { get }
    /// The voxels of interest in the first time points of scans that share one grid.
    func segment(_ scans: [Scan]) throws -> Finding
}

/// A volume and what its file is called: names tell FLAIR from T1.
package struct Scan: Sendable {
    /// The volume.
    package let volume: Volume
    /// The file's name, with or without folder and ending.
    package let name: String

    /// Makes a scan.
    package init(_ volume: Volume, name: String) {
        self.volume = volume
        self.name = name
    }

    /// Refuses scans of one shape whose voxels lie elsewhere in the patient: a box found in one would be wrong in the other.
    /// - Throws: `SegmentationError.Code.placesDiffer`, naming both and what differs.
    package func requirePlace(of first: Scan) throws(SegmentationError) {
        guard let difference = volume.affine.difference(from: first.volume.affine, over: volume.shape) else { return }
        throw SegmentationError(
            .placesDiffer, "\(name) and \(first.name) do not lie at the same place: \(difference); resample one to the other's grid"
        )
    }
}

/// Result of a segmenter for a patient.
package struct Finding: Sendable {
    /// Judgement of what may be made of the finding.
    package enum Verdict: String, Sendable {
        /// The mask is worth sending first.
        case found
        /// There is a mask, but the segmenter itself has doubts: the whole body is better sent first.
        case unsure
        /// Nothing was found. That says nothing about the patient.
        case none
    }
    /// The voxels of interest; empty when nothing was found.
    package let mask: Mask
    /// Judgement of what may be made of the finding.
    package let verdict: Verdict
    /// Mean probability over what was found, 0 to 1; nil where there is no such number.
    package let certainty: Double?
    /// Number of voxels by which the mask's edges may be off because the segmenter looked at blocks of so many; 0 for voxels themselves.
    package let blockVoxelCount: Int
    /// A fact that a person should know about how this came about.
    package let remark: String?

    /// Makes a finding.
    package init(mask: Mask, verdict: Verdict, certainty: Double? = nil, blockVoxelCount: Int = 0, remark: String? = nil) {
        self.mask = mask
        self.verdict = verdict
        self.certainty = certainty
        self.blockVoxelCount = blockVoxelCount
        self.remark = remark
    }
}

/// Takes a mask from a file: voxels above zero are of interest.
package struct MaskFileSegmenter: Segmenter {
    package let name = "mask"
    private let labels: Volume
    private let path: String

    /// Takes labels read from `path`.
    package init(labels: Volume, path: String) {
        self.labels = labels
        self.path = path
    }

    /// Checks that the mask can be brought to volumes whose voxels are not read yet.
    /// - Throws: `SegmentationError.Code.shapesDiffer` where it has another shape and does not say where it lies.
    package func check(_ shapes: [Shape]) throws(SegmentationError) {
        for shape in shapes where shape.box != labels.shape.box && labels.affine.isUnstated { throw misfit(shape) }
    }

    private func misfit(_ shape: Shape) -> SegmentationError {
        SegmentationError(.shapesDiffer, "\(path): a mask of \(labels.shape) does not fit a volume of \(shape)")
    }

    /// The mask, on the grid of the volumes.
    /// - Throws: `SegmentationError.Code.shapesDiffer` when it does not fit the volumes, `.placesDiffer` when it lies elsewhere in the
    ///   patient, `.emptyMask` when no voxel is above zero.
    package func segment(_ scans: [Scan]) throws -> Finding {
        let mask = try Mask(labels: labels)
        guard mask.boundingBox != nil else { throw SegmentationError(.emptyMask, "\(path): no voxel of the mask is above zero") }
        guard let scan = scans.first else { return Finding(mask: mask, verdict: .found) }
        for other in scans.dropFirst() {
            guard other.volume.shape.box == scan.volume.shape.box else { throw misfit(other.volume.shape) }
            try other.requirePlace(of: scan)
        }
        let (shape, place) = (scan.volume.shape, scan.volume.affine)
        let isOfShape = shape.box == mask.shape.box
        if isOfShape, labels.affine.difference(from: place, over: shape) == nil { return Finding(mask: mask, verdict: .found) }
        guard let placement = MaskPlacement(of: mask, at: labels.affine, on: shape, at: place) else {
            guard isOfShape else { throw misfit(shape) }
            try Scan(labels, name: path).requirePlace(of: scan)
            return Finding(mask: mask, verdict: .found)
        }
        let (placed, outside) = try placement.placed()
        guard placed.boundingBox != nil else {
            throw SegmentationError(.placesDiffer, "\(path): nothing of this mask lies within \(scan.name)")
        }
        var remarks = placement.isExact ? [] : ["the mask has a grid of its own: the nearest voxels of \(scan.name) are taken"]
        if outside > 0 {
            remarks.append("\(max(1, Int((outside * 100).rounded()))) % of the mask lies outside \(scan.name)")
        }
        return Finding(mask: placed, verdict: .found, remark: remarks.isEmpty ? nil : remarks.joined(separator: "; "))
    }
}
