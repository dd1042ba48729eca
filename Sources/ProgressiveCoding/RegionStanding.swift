package import VolumeModel
internal import WireFormat

/// Progress of a part of a volume, by the chunks that are in.
package struct RegionStanding: Sendable, Equatable {
    /// From nothing to exact.
    package enum Stage: String, Sendable, CaseIterable {
        /// Not all of it has arrived.
        case missing
        /// All of it at base quality.
        case base
        /// All of it within the bound that was promised.
        case bounded
        /// Bit for bit the source.
        case exact
    }
    /// A region of interest over the slices of one time point; nil for the rest of the volume.
    package let box: Box?
    /// Stage that it has reached.
    package let stage: Stage
    /// The greatest absolute error in it, in stored units, as the sender measured it; nil while it is not known.
    package let maxAbsoluteError: Double?

    /// Makes a value.
    package init(box: Box?, stage: Stage, maxAbsoluteError: Double?) {
        self.box = box
        self.stage = stage
        self.maxAbsoluteError = maxAbsoluteError
    }

    /// Of a part that nothing is known of.
    package static let unknown = RegionStanding(box: nil, stage: .missing, maxAbsoluteError: nil)
}

extension RegionStanding {
    /// Each region of interest, then the rest.
    /// - Parameter error: the greatest error a planned chunk leaves; nil while it is not in.
    static func all(of manifest: VolumeManifest, error: (Int) -> Double?) -> [RegionStanding] {
        struct Part: Hashable {
            let layer: Layer
            let region: Int
        }
        // Gone through once, however many regions there are: this is asked for many times a second.
        var errors: [Part: Double] = [:]
        var unfinished: Set<Part> = []
        for (index, chunk) in manifest.plan.enumerated() {
            let part = Part(layer: chunk.layer, region: chunk.region)
            if let error = error(index) {
                errors[part] = max(errors[part] ?? 0, error)
            } else {
                unfinished.insert(part)
            }
        }
        /// The greatest error of a layer's chunks; nil when one is not in, or none is planned.
        func greatest(_ layer: Layer, _ region: Int) -> Double? {
            let part = Part(layer: layer, region: region)
            return unfinished.contains(part) ? nil : errors[part]
        }
        func standing(_ box: Box?, _ region: Int, _ layers: [(Layer, Stage)]) -> RegionStanding {
            for (layer, stage) in layers {
                if let greatest = greatest(layer, region) {
                    return RegionStanding(box: box, stage: stage, maxAbsoluteError: stage == .exact ? 0 : greatest)
                }
            }
            return RegionStanding(box: box, stage: .missing, maxAbsoluteError: nil)
        }
        let regions = manifest.regions.enumerated().map { index, box in
            standing(box, index, [(.roiRefinement, .exact), (.roiBounded, .bounded), (.roiBase, .base)])
        }
        // Beyond the content everything is exact with the manifest alone; so is everything else where one region covers the content.
        if manifest.content.map({ content in manifest.regions.contains { $0.contains(content) } }) ?? true {
            return regions + [RegionStanding(box: nil, stage: .exact, maxAbsoluteError: 0)]
        }
        return regions + [standing(nil, 0, [(.backgroundRefinement, .exact), (.backgroundBase, .base)])]
    }
}
