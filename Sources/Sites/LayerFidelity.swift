public import ProgressiveCoding
public import VolumeModel
public import WireFormat

/// The fidelity of a base layer, or what it leaves to be refined: over the voxels that it shows, so over the region of interest for the
/// region's layer.
public struct LayerFidelity: Sendable, Equatable {
    /// The greatest absolute error, in stored units, of voxels that are finite in the source.
    public let maxAbsoluteError: Double
    /// PSNR in dB over the same voxels, against ``range``.
    public let psnr: Double
    /// Voxels that are infinite or not a number in the source; no error of theirs is counted.
    public let nonfiniteVoxelCount: Int
    /// The range that the values of the whole volume really span, in stored units.
    public let range: RobustRange

    /// The base layers of a session's first volume, as far as they are coded.
    public static func byLayer(_ encoder: SessionEncoder) -> [Layer: LayerFidelity] {
        var result: [Layer: LayerFidelity] = [:]
        for layer in [Layer.roiBase, .backgroundBase] {
            guard let fidelity = encoder.fidelity(of: layer), fidelity.voxelCount > 0 else { continue }
            let range = encoder.robustRange
            result[layer] = LayerFidelity(
                maxAbsoluteError: fidelity.finiteMaxAbsoluteError, psnr: fidelity.psnr(against: range),
                nonfiniteVoxelCount: fidelity.nonfiniteVoxelCount, range: range)
        }
        return result
    }
}
