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

    /// Checks that the mask has the shape of volumes whose voxels are not read yet.
    /// - Throws: `SegmentationError.Code.shapesDiffer`.
    package func check(_ shapes: [Shape]) throws(SegmentationError) {
        for shape in shapes where shape.box != labels.shape.box {
            throw SegmentationError(
                .shapesDiffer, "\(path): a mask of \(labels.shape) does not fit a volume of \(shape)")
        }
    }

    /// The mask.
    /// - Throws: `SegmentationError.Code.shapesDiffer` when it does not fit the volumes, `.placesDiffer` when it lies elsewhere in the
    ///   patient, `.emptyMask` when no voxel is above zero.
    package func segment(_ scans: [Scan]) throws -> Finding {
        let mask = try Mask(labels: labels)
        for scan in scans {
            guard scan.volume.shape.box == mask.shape.box else {
                throw SegmentationError(
                    .shapesDiffer, "\(path): a mask of \(mask.shape) does not fit a volume of \(scan.volume.shape)")
            }
            try Scan(labels, name: path).requirePlace(of: scan)
        }
        guard mask.boundingBox != nil else { throw SegmentationError(.emptyMask, "\(path): no voxel of the mask is above zero") }
        return Finding(mask: mask, verdict: .found)
    }
}
