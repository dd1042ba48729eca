import Bytes
import Faults
import Foundation
import Regions
import TestSupport
import Testing
import VolumeModel

/// Networks that give back their input: what is brighter than the mean is brain to the one, and what is much brighter tumour to the other.
@Suite("A model that finds the brain first")
struct BrainTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// - Parameters:
    ///   - rule: changes of the rule in the side-car.
    ///   - brain: changes of the brain model's side-car.
    private func segmenter(_ rule: [String: Any] = [:], brain: [String: Any?] = [:], _ changes: [String: Any?] = [:]) throws
        -> ModelSegmenter
    {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: TinyModel().write(to: folder, name: "other"))))
        let digest = Digest(of: bytes).description
        _ = try TinyModel().write(to: folder, name: "other", ["sha256": digest, "threshold": 0.5].merging(brain) { $1 })
        let usual: [String: Any] = [
            "file": "other.onnx", "sha256": digest, "keep_body_above": 0.9, "peel": 1, "litres": [0.001, 5.0],
        ]
        let path = try TinyModel().write(
            to: folder, ["brain": usual.merging(rule) { $1 }, "threshold": 0.8].merging(changes) { $1 })
        return try ModelSegmenter(path: path, runtime: try Runtime.shared())
    }

    /// A head with a brain in it, a bright spot in the brain, and a brighter one beyond it.
    private func head() throws -> (scan: Scan, brain: Box, spot: Box) {
        let (brain, spot) = (try Box(parsing: "16:46,12:40,10:32"), try Box(parsing: "24:34,20:28,16:24"))
        let scalp = try Box(parsing: "6:12,6:44,6:34")
        let plain = try scan(bright: [brain, scalp], type: .float32, level: 700)
        var values = plain.volume.doubles().map { Float($0) }
        let shape = plain.volume.shape
        for z in spot.z {
            for y in spot.y { for x in spot.x { values[(z * shape.rows + y) * shape.columns + x] += 400 } }
        }
        return (Scan(try Volume(shape: shape, voxelType: .float32, values: values), name: "flair.nii"), brain, spot)
    }

    @Test("What lies outside the brain is not looked at, and the brain is measured by itself")
    func restricted() throws {
        let (scan, brain, spot) = try head()
        let finding = try segmenter().segment([scan])
        let box = try #require(finding.mask.boundingBox)
        #expect(brain.contains(box) && box.contains(spot), "\(box)")
        #expect(box.x.count < brain.x.count - 8 && box.y.count < brain.y.count - 8, "\(box)")
    }

    @Test("Where a scan holds no brain, or one of another size, the answer is unsure and says so")
    func noBrain() throws {
        let finding = try segmenter(["litres": [0.4, 5.0]]).segment([head().scan])
        #expect(finding.verdict == .unsure)
        #expect(finding.remark?.contains("no brain was found") == true, "\(finding.remark ?? "")")
    }

    @Test("A scan that is nearly all brain stays as it is")
    func stripped() throws {
        let (scan, _, _) = try head()
        let plain = try ModelSegmenter(
            path: TinyModel().write(to: folder, name: "plain", ["threshold": 0.8]), runtime: try Runtime.shared())
        // Nearly everything is brain to a model that takes what is a little darker, too.
        let finding = try segmenter(brain: ["threshold": 0.05]).segment([scan])
        #expect(finding.mask == (try plain.segment([scan]).mask))
    }

    @Test("Another model than the side-car names, one that reads scans otherwise, and a path are refused")
    func refused() throws {
        let digest = String(repeating: "0", count: 64)
        let rules: [([String: Any], [String: Any?])] = [
            (["sha256": digest], [:]), (["file": "none.onnx"], [:]), (["file": "../other.onnx"], [:]), (["peel": 99], [:]),
            (["litres": [5.0, 1.0]], [:]), ([:], ["input.pixel_millimetres": 3.0]), ([:], ["normalisation.outside": -3]),
        ]
        for (rule, brain) in rules {
            #expect(throws: SegmentationError.self, "\(rule) \(brain)") { try segmenter(rule, brain: brain) }
        }
    }

    @Test("What has its like on the other side is not believed, where the side-car says so")
    func symmetric() throws {
        let (left, right) = (try Box(parsing: "12:20,16:28,12:26"), try Box(parsing: "40:48,16:28,12:26"))
        func verdict(_ boxes: [Box], _ limit: Double?) throws -> Finding.Verdict {
            let path = try TinyModel().write(
                to: folder, ["post.unsure_above_symmetry": limit, "post.unsure_above_brain_fraction": 1.0])
            return try ModelSegmenter(path: path, runtime: try Runtime.shared()).segment([try scan(bright: boxes)]).verdict
        }
        #expect(try verdict([left, right], 0.6) == .unsure)
        #expect(try verdict([left, right], nil) == .found)
        #expect(try verdict([left], 0.6) == .found)
    }
}
