internal import VolumeModel
internal import ProgressiveCoding
internal import WireFormat

extension [Layer: Int] {
    /// Bytes a layer, all layers named.
    package var json: JSONValue {
        .object(Dictionary<String, JSONValue>(uniqueKeysWithValues: Layer.allCases.map { ($0.name, .integer(self[$0] ?? 0)) }))
    }
}

extension [Layer: LayerFidelity] {
    package var json: JSONValue {
        .object(
            Dictionary<String, JSONValue>(
                uniqueKeysWithValues: map { layer, fidelity in
                    (
                        layer.name,
                        .object([
                            "psnr_db": .number(fidelity.psnr as Double?),
                            "max_abs_error": .number(fidelity.maxAbsoluteError as Double?),
                            "nonfinite_voxels": .integer(fidelity.nonfiniteVoxelCount), "units": .text("stored"),
                            "range": .list([.number(fidelity.range.lowerBound), .number(fidelity.range.upperBound)]),
                        ])
                    )
                }))
    }
}
