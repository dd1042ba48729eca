public import VolumeModel

/// Finds the voxels of interest in a volume.
public protocol Segmenter: Sendable {
    /// What it is, for a person.
    var name: String { get }
    /// The voxels of interest of the first time point; an empty mask when it finds none.
    func segment(_ volume: Volume) throws -> Mask
}

/// Takes a mask from a file: voxels above zero are of interest.
public struct MaskFileSegmenter: Segmenter {
    public let name = "mask"
    private let labels: Volume
    private let path: String

    /// Takes labels read from `path`.
    public init(labels: Volume, path: String) {
        self.labels = labels
        self.path = path
    }

    /// The mask.
    /// - Throws: `SegmentationError.Code.shapesDiffer` when it does not fit the volume, `.emptyMask` when no voxel is above zero.
    public func segment(_ volume: Volume) throws -> Mask {
        let mask = try Mask(labels: labels)
        let shape = volume.shape
        guard mask.shape.columns == shape.columns, mask.shape.rows == shape.rows, mask.shape.slices == shape.slices else {
            throw SegmentationError(.shapesDiffer, "\(path): a mask of \(mask.shape) does not fit a volume of \(shape)")
        }
        guard mask.boundingBox != nil else { throw SegmentationError(.emptyMask, "\(path): no voxel of the mask is above zero") }
        return mask
    }
}
