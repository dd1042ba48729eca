package import Faults

/// An error in finding a region of interest.
package typealias SegmentationError = Fault<SegmentationFault>

/// The kinds of ``SegmentationError``.
package enum SegmentationFault: Sendable, Equatable {
    /// A mask that does not fit the volume, or has no voxel in it.
    case shapesDiffer, emptyMask
    /// Scans of one shape, or a mask and a scan, that lie at different places in the patient.
    case placesDiffer
    /// ONNX Runtime is not installed, or too old.
    case runtimeMissing
    /// No such model, or no side-car beside it.
    case modelMissing
    /// A model or side-car that cannot be used.
    case invalidModel
    /// The model's answer is no probability of every pixel.
    case invalidOutput
    /// No volume for one of the model's channels.
    case channelMissing
    /// Slices beyond what a model is given.
    case tooLarge
}
