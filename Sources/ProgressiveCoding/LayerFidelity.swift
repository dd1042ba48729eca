package import VolumeModel
package import WireFormat

/// The fidelity of a base layer, or what it leaves to be refined: over the voxels that it shows, so over the region of interest for the
/// region's layer.
package struct LayerFidelity: Sendable, Equatable {
    /// The greatest absolute error, in stored units, of voxels that are finite in the source.
    package let maxAbsoluteError: Double
    /// PSNR in dB over the same voxels, against ``range``.
    package let psnr: Double
    /// Voxels that are infinite or not a number in the source; no error of theirs is counted.
    package let nonfiniteVoxelCount: Int
    /// The range that the values of the whole volume really span, in stored units.
    package let range: RobustRange

    /// The base layers of a session's first volume, as far as they are coded.
    package static func byLayer(_ encoder: SessionEncoder) -> [Layer: LayerFidelity] {
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
