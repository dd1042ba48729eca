internal import ProgressiveCoding
internal import VolumeModel
public import WireFormat

/// What a base layer leaves to be refined.
public struct LayerFidelity: Sendable, Equatable {
    /// The greatest absolute error in stored units.
    public let maxAbsoluteError: Double
    /// PSNR in dB over the layer's voxels, against the volume's range.
    public let psnr: Double

    /// The base layers of a session's first volume, from the table's measures.
    public static func byLayer(_ table: ChunkTable, _ prepared: Preparation.Result) -> [Layer: LayerFidelity] {
        var result: [Layer: LayerFidelity] = [:]
        let plan = prepared.encoder.manifest.plan
        for layer in [Layer.roiBase, .backgroundBase] {
            var greatest = 0.0
            var squares = 0.0
            var voxels = 0.0
            for (index, planned) in plan.enumerated() where planned.volume == 0 && planned.chunk.layer == layer {
                let entry = table.entries[index + 1]
                greatest = max(greatest, entry.maxAbsoluteError)
                let volume = prepared.encoder.manifest.volumes[0]
                let count = Double(
                    planned.chunk.box.voxelCount
                        - (layer == .backgroundBase ? hole(in: planned.chunk.box, of: volume, prepared.shape) : 0))
                squares += entry.meanSquaredError * count
                voxels += count
            }
            guard voxels > 0 else { continue }
            result[layer] = LayerFidelity(
                maxAbsoluteError: greatest, psnr: decibels(peak: prepared.peaks[0], meanSquaredError: squares / voxels))
        }
        return result
    }

    /// Voxels of a background chunk that belong to regions of interest.
    private static func hole(in box: Box, of volume: VolumeManifest, _ shape: Shape) -> Int {
        volume.regions.reduce(0) { sum, region in
            (0..<shape.timepoints).reduce(sum) { sum, time in
                let z = region.z.lowerBound + time * shape.slices..<region.z.upperBound + time * shape.slices
                return sum + ((try? region.over(slices: z))?.intersection(box)?.voxelCount ?? 0)
            }
        }
    }
}
