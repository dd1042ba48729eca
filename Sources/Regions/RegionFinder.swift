internal import Faults
internal import Files
internal import NIfTIFile
package import VolumeModel
package import WireFormat

/// The way the region of interest is to be found.
package enum RegionChoice: Sendable, Equatable {
    /// Voxels above zero in this file.
    case mask(path: String)
    /// This box, as it is.
    case box(Box)
    /// A model in an .onnx file, or the one that comes with the program.
    case model(path: String?)
    /// Nothing is looked for: all of the volume goes alike.
    case whole
}

/// Finds the boxes that go first, by what was chosen.
package struct RegionFinder: Sendable {
    /// The boxes, where they come from, and what a person should know about that.
    package struct Regions: Sendable {
        /// Boxes with their margin; every voxel of interest is in one.
        package let boxes: [Box]
        /// The way they were found.
        package let source: RegionSource
        /// Certainty of a model about them, 0 to 1; nil where no model says.
        package var certainty: Double?
        /// True where no model knows what should go first; the boxes are the whole volume then.
        package var isUndecided = false
        /// The remark that a person should know.
        package let remark: String?
    }

    private enum Means: Sendable {
        case box(Box)
        case mask(MaskFileSegmenter)
        case model(ModelSegmenter)
        case whole
    }
    private let means: Means

    /// The model that comes with the program.
    package static let shippedModel = "flair-unet.onnx"

    /// Reads the mask or the model.
    /// - Throws: `NIfTIError`, `SegmentationError`.
    package init(_ choice: RegionChoice) throws {
        switch choice {
        case .whole: means = .whole
        case .box(let box): means = .box(box)
        case .mask(let path): means = .mask(MaskFileSegmenter(labels: try NIfTIFile.readFileOrPair(path).volume, path: path))
        case .model(let path):
            // What cannot be found is said before ONNX Runtime takes its time.
            let path = try path ?? InstalledFiles.model(Self.shippedModel)
            means = .model(try ModelSegmenter(path: path, runtime: try OnnxRuntime(candidates: InstalledFiles.onnxRuntime)))
        }
    }

    /// The name of what finds the region, for a person.
    package var name: String {
        switch means {
        case .box: "box"
        case .whole: "whole volume"
        case .mask(let segmenter): segmenter.name
        case .model(let segmenter): segmenter.name
        }
    }

    /// True when finding the region takes more than looking at a mask or a box.
    package var isModel: Bool { if case .model = means { true } else { false } }

    /// Checks the box, the mask's shape or the model's channels before the volumes' voxels are read.
    /// - Throws: `VolumeError.Code.invalidBox` for a box beyond the volume; `SegmentationError`.
    package func check(_ shapes: [Shape], names: [String]) throws {
        switch means {
        case .box(let box):
            guard let shape = shapes.first, shape.box.contains(box) else { throw Self.reachesOut(box, of: shapes.first) }
        case .whole: break
        case .mask(let segmenter): try segmenter.check(shapes)
        case .model(let segmenter): try segmenter.check(names: names)
        }
    }

    private static func reachesOut(_ box: Box, of shape: Shape?) -> VolumeError {
        VolumeError(.invalidBox, "box \(box) reaches out of the volume's \(shape?.description ?? "nothing")")
    }

    /// The voxels of interest of a patient's scans, which share one grid.
    /// - Throws: `SegmentationError`; `VolumeError.Code.invalidBox` for a box beyond the volume.
    package func find(in scans: [Scan]) throws -> Finding {
        switch means {
        case .box(let box):
            guard let shape = scans.first?.volume.shape, shape.box.contains(box) else {
                throw Self.reachesOut(box, of: scans.first?.volume.shape)
            }
            return Finding(mask: try Mask(filling: box, in: shape), verdict: .found)
        case .whole:
            let shape = scans[0].volume.shape
            return Finding(mask: try Mask(filling: shape.box, in: shape), verdict: .found)
        case .mask(let segmenter): return try segmenter.segment(scans)
        case .model(let segmenter): return try segmenter.segment(scans)
        }
    }

    /// The boxes that go first. Where a model finds nothing or is unsure, the whole volume is their place, and the remark says why.
    /// - Parameter margin: voxels added around a mask on every side; a box is taken as it is.
    /// - Throws: what ``find(in:)`` throws.
    package func regions(in scans: [Scan], margin: Int) throws -> Regions {
        if case .box(let box) = means {
            try check(scans.map(\.volume.shape), names: [])
            return Regions(boxes: [box], source: .box, remark: nil)
        }
        if case .whole = means {
            return Regions(
                boxes: scans.prefix(1).map(\.volume.shape.box), source: .everything, isUndecided: true, remark: nil)
        }
        let finding: Finding
        do {
            finding = try find(in: scans)
        } catch let error as SegmentationError where error.code == .tooLarge && isModel {
            // A volume that no model can look at is a volume to send all the same.
            return Self.undecided(scans, .everything, error.message)
        }
        // A model that works on blocks knows edges to a block only.
        let boxes = RegionPlanner.boxes(around: finding.mask, margin: margin + finding.blockVoxelCount)
        guard isModel else { return Regions(boxes: boxes, source: .mask, remark: finding.remark) }
        func remark(_ text: String) -> String { [finding.remark, text].compactMap { $0 }.joined(separator: "; ") }
        switch finding.verdict {
        case .found:
            let regions = boxes.count == 1 ? "one region" : "\(boxes.count) regions"
            return Regions(
                boxes: boxes, source: .model, certainty: finding.certainty,
                remark: remark("the model \(name) put \(regions) first, no diagnosis"))
        case .unsure:
            let certainty = finding.certainty.map { " (mean probability \((($0 * 100).rounded()) / 100))" } ?? ""
            return Self.undecided(
                scans, .unsure, remark("the model \(name) is unsure of what it found\(certainty)"), finding.certainty)
        case .none:
            return Self.undecided(
                scans, .everything, remark("the model \(name) found nothing, which says nothing about the patient"),
                finding.certainty)
        }
    }

    private static func undecided(
        _ scans: [Scan], _ source: RegionSource, _ why: String, _ certainty: Double? = nil
    ) -> Regions {
        Regions(
            boxes: scans.prefix(1).map(\.volume.shape.box), source: source, certainty: certainty, isUndecided: true, remark: why)
    }
}
