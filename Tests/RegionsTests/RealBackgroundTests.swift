import Files
import Foundation
import NIfTIFile
import Regions
import TestSupport
import Testing
import VolumeModel

/// Labelled gliomas whose background is made what other programs leave: the shipped model finds what it found.
@Suite("Real volumes with other backgrounds", .serialized)
struct RealBackgroundTests {
    /// As far as a find may move for it, in Dice's coefficient with the label.
    private static let tolerance = 0.03

    private static let folder =
        ProcessInfo.processInfo.environment["FOVEA_DATA"]
        ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/shared/data"
    private static let volumes = [
        ("TCGA-DU-7294_fla", "TCGA-DU-7294_seg"), ("BRATS2013-0001_flair", "BRATS2013-0001_seg"),
        ("BRATS2013-0005_flair", "BRATS2013-0005_seg"),
    ].filter { FileManager.default.fileExists(atPath: "\(folder)/volumes/\($0.0).nii.gz") }

    @Test(
        "Noise, another padding, no numbers and a shift between voxels leave the region where it is",
        .enabled(if: !volumes.isEmpty, "labelled volumes are not here: set FOVEA_DATA"), arguments: volumes)
    func backgrounds(name: String, label: String) throws {
        let volume = try NIfTIFile.read("\(Self.folder)/volumes/\(name).nii.gz").volume
        let labels = try Mask(labels: NIfTIFile.read("\(Self.folder)/volumes/\(label).nii.gz").volume)
        let segmenter = try ModelSegmenter(path: InstalledFiles.model(RegionFinder.shippedModel), runtime: try Runtime.shared())
        let values = volume.doubles().map { Float($0) }
        let fill = values[0]
        let body = values.filter { $0 != fill }
        let mean = body.reduce(0, +) / Float(body.count)
        let deviation = (body.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(body.count)).squareRoot()
        func dice(_ values: [Float], _ what: String) throws -> Double {
            let changed = try Volume(shape: volume.shape, voxelType: .float32, values: values, affine: volume.affine)
            let finding = try segmenter.segment([Scan(changed, name: "flair.nii")])
            #expect(finding.verdict == .found, "\(name), \(what): \(finding.remark ?? "")")
            return try finding.mask.dice(with: labels)
        }
        let untouched = try dice(values, "untouched")
        var random = Seeded(7)
        func gauss() -> Float {
            let (a, b) = (Double.random(in: 1e-12..<1, using: &random), Double.random(in: 0..<1, using: &random))
            return Float((-2 * log(a)).squareRoot() * cos(2 * .pi * b))
        }
        func replaced(_ make: (Int) -> Float) -> [Float] { values.indices.map { values[$0] == fill ? make($0) : values[$0] } }
        var changes: [(String, [Float])] = [
            ("no numbers", replaced { _ in .nan }),
            ("a second constant", replaced { $0 % volume.shape.columns < 12 ? fill - 17 : fill }),
        ]
        for share in [1e-9, 0.005, 0.02] as [Float] {
            changes.append(("Gaussian noise of \(share)", replaced { _ in fill + share * deviation * gauss() }))
            changes.append(("Rician noise of \(share)", replaced { _ in fill + share * deviation * hypotf(gauss(), gauss()) }))
        }
        for (what, changed) in changes {
            #expect(abs(try dice(changed, what) - untouched) <= Self.tolerance, "\(name), \(what)")
        }
        let shifted = CubicSpline.shifted(values, columns: volume.shape.columns, by: 0.3)
        #expect(abs(try dice(shifted, "shifted") - untouched) <= Self.tolerance, "\(name), shifted")
    }
}

/// Interpolation by cubic B-splines, which rings round edges.
///
/// After Unser, "Splines: a perfect fit for signal and image processing" (1999).
private enum CubicSpline {
    /// Moves every row by part of a voxel.
    static func shifted(_ values: [Float], columns: Int, by shift: Double) -> [Float] {
        let pole = 3.0.squareRoot() - 2
        var output = values
        var row = [Double](repeating: 0, count: columns)
        let t = 1 - shift
        let weights = [
            (1 - t) * (1 - t) * (1 - t) / 6, (3 * t * t * t - 6 * t * t + 4) / 6, (-3 * t * t * t + 3 * t * t + 3 * t + 1) / 6,
            t * t * t / 6,
        ]
        for start in stride(from: 0, to: values.count, by: columns) {
            for column in 0..<columns { row[column] = 6 * Double(values[start + column]) }
            row[0] /= 1 - pole
            for column in 1..<columns { row[column] += pole * row[column - 1] }
            row[columns - 1] /= 1 - pole
            row[columns - 1] *= -pole
            for column in (0..<columns - 1).reversed() { row[column] = pole * (row[column + 1] - row[column]) }
            for column in 0..<columns {
                output[start + column] = Float(
                    (0..<4).reduce(0) { $0 + weights[$1] * row[min(columns - 1, max(0, column + $1 - 2))] })
            }
        }
        return output
    }
}
