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
        let clean = try scan(bright: [ball], name: "flair.nii", type: .float32, level: 1200, texture: 151)
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
        let clean = try scan(bright: [ball], name: "flair.nii", type: .float32, level: 1200, texture: 151)
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

    /// Expects the same find in the head as it is, and in the same head with its background changed.
    private func expectSame(_ change: (Float, Int, Int, Int) -> Float) throws {
        let clean = try finding { value, _, _, _ in value }
        let changed = try finding(change)
        #expect(changed.verdict == .found, "\(changed.remark ?? "")")
        #expect(try changed.mask.dice(with: clean.mask) > 0.97)
    }

    @Test(
        "Noise around the head leaves what is found as it is, where it is faint against the head",
        arguments: [1e-9, 1e-4, 2] as [Float])
    func noisy(level: Float) throws {
        try expectSame { value, x, y, z in value == 0 ? level * noise(x, y, z) : value }
    }

    @Test("Air full of noise, as it is round a head that nobody prepared, makes it unsure, and the remark says why")
    func air() throws {
        let finding = try finding { value, x, y, z in value == 0 ? 80 * noise(x, y, z) : value }
        #expect(finding.verdict == .unsure)
        #expect(finding.remark?.contains("flair.nii has no plain background") == true, "\(finding.remark ?? "")")
    }

    @Test("Ringing round the head is no part of it")
    func ringing() throws {
        try expectSame { value, x, y, z in
            let isNear = (1..<59).contains(x) && (1..<49).contains(y) && (1..<39).contains(z)
            return value == 0 && isNear ? 4 * noise(x, y, z) : value
        }
    }

    @Test(
        "A second padding, on all sides or on three, is no part of the head", arguments: [-1, 17, 30_000] as [Float], [true, false])
    func padded(value padding: Float, isAround: Bool) throws {
        try expectSame { value, x, y, z in
            let isPadding =
                isAround ? !(2..<58).contains(x) || !(2..<48).contains(y) || !(2..<38).contains(z) : x < 4 || y < 4 || z < 4
            return isPadding ? padding : value
        }
    }

    @Test("A background that is no number is none")
    func notANumber() throws { try expectSame { value, _, _, _ in value == 0 ? .nan : value } }

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
