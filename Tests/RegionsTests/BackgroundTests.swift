import TestSupport
import Faults
import Regions
import Foundation
import Profiles
import Testing
import VolumeModel

/// Scans whose outside is not one value: a model that was trained on brains before an empty background must not be believed there.
@Suite("A scan without a plain background")
struct BackgroundTests {
    private let folder: TemporaryFolder
    private let ball: Box

    init() throws {
        folder = try TemporaryFolder()
        ball = try Box(parsing: "20:36,16:28,12:26")
    }

    /// The same head with its background changed.
    private func finding(_ change: (Float, Int, Int, Int) -> Float) throws -> Finding {
        let clean = try scan(bright: [ball], name: "flair.nii", type: .float32)
        let shape = clean.volume.shape
        let values = clean.volume.doubles().enumerated().map { index, value in
            change(
                Float(value), index % shape.columns, index / shape.columns % shape.rows, index / shape.sliceVoxelCount)
        }
        let volume = try Volume(shape: shape, voxelType: .float32, values: values)
        let segmenter = try ModelSegmenter(
            path: try TinyModel().write(to: folder, ["post.unsure_above_brain_fraction": 1.0, "post.unsure_below": 0.0]),
            runtime: try Runtime.shared())
        return try segmenter.segment([Scan(volume, name: clean.name)])
    }

    private func noise(_ x: Int, _ y: Int, _ z: Int) -> Float { Float((x &* 73 &+ y &* 151 &+ z &* 283) % 1009) / 1009 - 0.5 }

    @Test("Before an empty background, whatever its value, a find is believed", arguments: [0, -1024] as [Float])
    func plain(fill: Float) throws {
        let finding = try finding { value, _, _, _ in value == 0 ? fill : value }
        #expect(finding.verdict == .found && finding.remark?.contains("background") != true)
    }

    @Test("A model sees physical values: stored upside down, a head with its scaling is found as any other")
    func scaling() throws {
        let clean = try scan(bright: [ball], name: "flair.nii", type: .float32)
        let volume = try Volume(
            shape: clean.volume.shape, voxelType: .float32, values: clean.volume.doubles().map { 500 - Float($0) },
            affine: clean.volume.affine, scaling: Scaling(slope: -1, intercept: 500))
        let segmenter = try ModelSegmenter(
            path: try TinyModel().write(to: folder, ["post.unsure_above_brain_fraction": 1.0, "post.unsure_below": 0.0]),
            runtime: try Runtime.shared())
        let (upright, turned) = (try segmenter.segment([clean]), try segmenter.segment([Scan(volume, name: clean.name)]))
        #expect(upright.verdict == .found && upright.mask.voxelCount > 0)
        #expect(turned.verdict == .found && turned.mask == upright.mask)
    }

    @Test("Noise around the head, however faint, makes it unsure, and the remark says why", arguments: [1e-4, 2, 40] as [Float])
    func noisy(level: Float) throws {
        let finding = try finding { value, x, y, z in value == 0 ? level * noise(x, y, z) : value }
        #expect(finding.verdict == .unsure)
        #expect(finding.remark?.contains("flair.nii has no plain background") == true, "\(finding.remark ?? "")")
    }

    @Test("Ringing around the head that does not reach the faces makes it unsure")
    func ringing() throws {
        let finding = try finding { value, x, y, z in
            let isNear = (1..<59).contains(x) && (1..<49).contains(y) && (1..<39).contains(z)
            return value == 0 && isNear ? 0.01 * noise(x, y, z) : value
        }
        #expect(finding.verdict == .unsure)
        #expect(finding.remark?.contains("hardly differs") == true || finding.remark?.contains("takes up") == true)
    }

    @Test("A body a good part of which is as good as fill makes it unsure")
    func faint() throws {
        let finding = try finding { value, x, y, z in value > 0 && x < 20 ? 0.01 * noise(x, y, z) : value }
        #expect(finding.verdict == .unsure)
        #expect(finding.remark?.contains("hardly differs") == true, "\(finding.remark ?? "")")
    }

    @Test("Content that leaves no background at all makes it unsure")
    func filled() throws {
        let finding = try finding { value, x, y, z in value == 0 ? 100 + 20 * noise(x, y, z) : value }
        #expect(finding.verdict == .unsure)
    }

    @Test("A head that is cut off at the top and the bottom of a thick slab is still believed")
    func slab() throws {
        let finding = try finding { value, x, y, z in
            (16..<44).contains(x) && (14..<36).contains(y) ? max(value, 100 + 10 * noise(x, y, z)) : value
        }
        #expect(finding.verdict == .found, "\(finding.remark ?? "")")
    }

    @Test("Volumes of one patient that lie at different places are refused")
    func otherPlace() throws {
        let first = try scan(bright: [ball], name: "flair.nii")
        let second = try scan(
            bright: [ball], name: "t1.nii", affine: Affine(rows: [[1, 0, 0, 12], [0, 1, 0, 0], [0, 0, 1, 0]]))
        let model = TinyModel(operation: "Identity", channels: nil)
        let path = try model.write(to: folder, ["input.channels": ["flair", "t1"]])
        let segmenter = try ModelSegmenter(path: path, runtime: try Runtime.shared())
        #expect {
            try segmenter.segment([first, second])
        } throws: { error in
            (error as? SegmentationError)?.code == .placesDiffer && "\(error)".contains("t1.nii")
        }
    }
}
