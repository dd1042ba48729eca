import TestSupport
import Faults
import Regions
import Foundation
import Profiles
import Testing
import VolumeModel

@Suite("A model of one's own")
struct ModelTests {
    private let folder: TemporaryFolder
    private let ball: Box

    init() throws {
        folder = try TemporaryFolder()
        ball = try Box(parsing: "20:36,16:28,12:26")
    }

    private func segmenter(_ model: TinyModel = TinyModel(), _ changes: [String: Any?] = [:]) throws -> ModelSegmenter {
        try ModelSegmenter(path: try model.write(to: folder, changes), runtime: try Runtime.shared())
    }

    private func refusal(_ body: () throws -> some Any) -> SegmentationError? {
        do {
            _ = try body()
            return nil
        } catch {
            return error as? SegmentationError
        }
    }

    @Test("What the network marks is found where it lies, to the voxel", arguments: [VoxelType.int16, .float32])
    func found(type: VoxelType) throws {
        let finding = try segmenter().segment([try scan(bright: [ball], type: type)])
        #expect(finding.verdict == .found)
        #expect(finding.mask.boundingBox == ball)
        #expect(finding.mask.voxelCount == ball.voxelCount)
        #expect(try #require(finding.certainty) > 0.9)
    }

    @Test(
        "Axes may run any way: the mask lies on the voxels of the file",
        arguments: [[0, 1, 2], [1, 0, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1], [0, 2, 1]], [1.0, -1.0])
    func orientation(order: [Int], sign: Double) throws {
        // Column i of the file runs along world axis order[i].
        let rows = (0..<3).map { world in (0..<3).map { order[$0] == world ? ($0 == 1 ? sign : -sign) : 0 } + [10] }
        for axis in ["axial", "coronal", "sagittal"] {
            let finding = try segmenter(TinyModel(), ["axis": axis]).segment([
                try scan(bright: [ball], affine: Affine(rows: rows))
            ])
            #expect(finding.mask.boundingBox == ball, "\(axis)")
        }
    }

    @Test("Blocks have the model's size in millimetres, whatever the voxels'")
    func spacing() throws {
        let affine = Affine(rows: [[0.5, 0, 0, 0], [0, 0.5, 0, 0], [0, 0, 4, 0]])
        let prepared = try segmenter().segment([try scan(bright: [ball], affine: affine)])
        // Blocks of four voxels: the box's edges are met to half a block.
        let box = try #require(prepared.mask.boundingBox)
        #expect(box.z == ball.z)
        #expect(abs(box.x.lowerBound - ball.x.lowerBound) <= 2 && abs(box.x.upperBound - ball.x.upperBound) <= 2)
    }

    @Test("Two lesions far apart stay two, crumbs and what is much smaller are dropped")
    func parts() throws {
        let boxes = ["8:20,8:20,8:20", "40:52,30:42,24:34", "44:46,8:10,8:10", "8:14,34:40,28:34"]
        let finding = try segmenter().segment([try scan(bright: try boxes.map { try Box(parsing: $0) })])
        let found = RegionPlanner.boxes(around: finding.mask, margin: 0)
        #expect(Set(found.map(\.description)) == Set(try boxes.prefix(2).map { try Box(parsing: $0).description }))
    }

    @Test(
        "Parts that touch by an edge alone are one or two, as the side-car's connectivity says",
        arguments: [(6, 1), (18, 2), (26, 2)])
    func connectivity(connectivity: Int, kept: Int) throws {
        let boxes = [try Box(parsing: "20:36,16:32,12:20"), try Box(parsing: "36:44,32:40,12:20")]
        let finding = try segmenter(TinyModel(), ["post.connectivity": connectivity]).segment([try scan(bright: boxes)])
        #expect(finding.mask.voxelCount > boxes[0].voxelCount / 2)
        #expect((finding.mask.boundingBox?.x.upperBound ?? 0 > 40) == (kept == 2))
    }

    @Test("Slices resized to the network's size come back to the voxels")
    func resized() throws {
        let model = TinyModel(channels: 1, rows: 64, columns: 64)
        let changes: [String: Any?] = [
            "input.pixel_millimetres": nil, "input.resize": [64, 64], "content.crop": false, "normalisation.outside": 0,
        ]
        let box = try #require(try segmenter(model, changes).segment([try scan(bright: [ball])]).mask.boundingBox)
        #expect(box.z == ball.z)
        for (a, b) in [(box.x, ball.x), (box.y, ball.y)] {
            #expect(abs(a.lowerBound - b.lowerBound) <= 1 && abs(a.upperBound - b.upperBound) <= 1)
        }
    }

    @Test("Batches, rows and columns that a network insists on are filled up")
    func fixedSizes() throws {
        let finding = try segmenter(TinyModel(batch: 7, rows: 48, columns: 40)).segment([try scan(bright: [ball])])
        #expect(finding.mask.boundingBox == ball)
        let small = refusal { try segmenter(TinyModel(rows: 8, columns: 8)).segment([try scan(bright: [ball])]) }
        #expect(small?.code == .tooLarge)
    }

    @Test("Neighbouring slices and modalities come as channels, the modalities found by the files' names")
    func modalities() throws {
        let other = try Box(parsing: "8:20,8:20,24:34")
        let scans = [
            try scan(bright: [other], name: "p_t1ce.nii.gz", texture: 3),
            try scan(bright: [ball], name: "p_flair.nii.gz", texture: 3),
        ]
        // One channel: the scan whose name says so, wherever it stands.
        #expect(try segmenter().segment(scans).mask.boundingBox == ball)
        #expect(try segmenter(TinyModel(), ["input.channels": ["t1c"]]).segment(scans).mask.boundingBox == other)
        // Two: a network that gives back its input has two classes, and either counts.
        let both = try segmenter(
            TinyModel(channels: 2), ["input.channels": ["flair", "t1c"], "output.classes": ["a", "b"]]
        ).segment(scans)
        #expect(both.mask.boundingBox == ball.union(other))
        let missing = refusal {
            try segmenter(TinyModel(channels: 2), ["input.channels": ["flair", "t2"], "output.classes": ["a", "b"]]).segment(scans)
        }
        #expect(missing?.code == .channelMissing)
        #expect(missing?.message.contains("t2") == true)
        let wrong = try segmenter().segment([try scan(bright: [ball], name: "p_t1.nii")])
        #expect(wrong.remark?.contains("t1") == true && wrong.remark?.contains("flair") == true)
    }

    @Test("Five neighbouring slices make five channels")
    func neighbours() throws {
        // Each of five classes is one neighbour, so what is found is as many slices longer at both ends.
        let finding = try segmenter(
            TinyModel(channels: 5),
            ["input.slices": 5, "output.classes": ["a", "b", "c", "d", "e"], "post.unsure_above_brain_fraction": 1]
        ).segment([try scan(bright: [ball])])
        let box = try #require(finding.mask.boundingBox)
        #expect(box.x == ball.x && box.y == ball.y)
        #expect(box.z == ball.z.lowerBound - 4..<ball.z.upperBound + 4)
    }

    @Test("Where nothing is bright nothing is found, and where nearly everything is the segmenter is unsure")
    func verdicts() throws {
        let quiet = try segmenter(TinyModel(), ["threshold": 0.95]).segment([try scan(bright: [])])
        #expect(quiet.verdict == .none && quiet.mask.boundingBox == nil)
        let wide = try segmenter(TinyModel(), ["post.unsure_above_brain_fraction": 0.01]).segment([try scan(bright: [ball])])
        #expect(wide.verdict == .unsure && wide.mask.boundingBox == ball)
        let doubtful = try segmenter(TinyModel(), ["post.unsure_below": 0.9999]).segment([try scan(bright: [ball])])
        #expect(doubtful.verdict == .unsure)
    }

    @Test("Volumes without body, of one voxel, and without a finite voxel are taken, and nothing is found")
    func degenerate() throws {
        let segmenter = try segmenter()
        for side in [1, 4] {
            let shape = try Shape(columns: side, rows: side, slices: side)
            for value in [Float.nan, .infinity, 0, 7] {
                let volume = try Volume(
                    shape: shape, voxelType: .float32, values: [Float](repeating: value, count: shape.voxelCount))
                #expect(try segmenter.segment([Scan(volume, name: "v")]).verdict == .none)
            }
        }
        let strange = Affine(rows: [[.nan, 0, 0, 0], [0, .infinity, 0, 0], [0, 0, 0, 0]])
        #expect(throws: Never.self) { try segmenter.segment([try scan(bright: [ball], affine: strange)]) }
    }

    @Test("A file that is no model is refused in one line, as is one that is cut off")
    func corrupt() throws {
        let path = try TinyModel().write(to: folder)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        for bytes in [Data("no model".utf8), Data(), whole.prefix(whole.count / 2), Data(repeating: 255, count: 4096)] {
            try bytes.write(to: URL(fileURLWithPath: path))
            let error = try #require(refusal { try ModelSegmenter(path: path, runtime: try Runtime.shared()) })
            #expect(error.code == .invalidModel)
            #expect(error.message.hasPrefix(path) && !error.message.contains("\n"))
        }
    }

    @Test("A model without side-car, a missing model, and a side-car for another model are told apart")
    func missing() throws {
        let path = try TinyModel().write(to: folder, ["sha256": String(repeating: "0", count: 64)])
        #expect(refusal { try ModelSegmenter(path: path, runtime: try Runtime.shared()) }?.message.contains("SHA-256") == true)
        try FileManager.default.removeItem(atPath: folder.place("tiny.json"))
        let without = refusal { try ModelSegmenter(path: path, runtime: try Runtime.shared()) }
        #expect(without?.code == .modelMissing && without?.message.contains("tiny.json") == true)
        #expect(refusal { try ModelSegmenter(path: folder.place("no.onnx"), runtime: try Runtime.shared()) }?.code == .modelMissing)
    }

    @Test(
        "A side-car's fields are checked, and the one that is wrong is named",
        arguments: [
            ("format", 2), ("threshold", 1.5), ("input.slices", 2), ("input.channels", [String]()), ("input.multiple_of", 0),
            ("post.connectivity", 7), ("normalisation.clip_percentiles", [99, 1]), ("post.unsure_below", -1), ("axis", "oblique"),
            ("output.activation", "relu"), ("input.tensor", 3), ("content.fill", "black"), ("input.pixel_millimetres", 0),
        ] as [(String, any Sendable)])
    func sideCar(field: String, value: any Sendable) throws {
        let error = try #require(refusal { try segmenter(TinyModel(), [field: value]) })
        #expect(error.code == .invalidModel)
        #expect(error.message.contains(field), "\(error.message)")
        #expect(!error.message.contains("\n"))
    }

    @Test("A field that is missing is named too")
    func missingField() throws {
        let error = refusal { try segmenter(TinyModel(), ["input.slices": nil]) }
        #expect(error?.message.contains("input.slices is missing") == true)
    }

    @Test("A network of other channels, names or output than its side-car says is refused")
    func mismatches() throws {
        #expect(refusal { try segmenter(TinyModel(channels: 3)) }?.code == .invalidModel)
        #expect(refusal { try segmenter(TinyModel(), ["input.tensor": "image"]) }?.message.contains("'image'") == true)
        #expect(refusal { try segmenter(TinyModel(), ["output.tensor": "mask"]) }?.message.contains("'mask'") == true)
        let twice = TinyModel(operation: "Concat", inputCount: 2, attributes: [("axis", 1)])
        let shape = refusal { try segmenter(twice).segment([try scan(bright: [ball])]) }
        #expect(shape?.code == .invalidOutput && shape?.message.contains("floats are expected") == true)
        let scans = [try scan(bright: [ball], name: "flair"), try scan(columns: 62, bright: [ball], name: "t1")]
        let grids = refusal {
            try segmenter(TinyModel(channels: 2), ["input.channels": ["flair", "t1"], "output.classes": ["a", "b"]]).segment(scans)
        }
        #expect(grids?.code == .shapesDiffer)
    }

    @Test("Output that is not a number is an error, never a mask")
    func notANumber() throws {
        let error = refusal { try segmenter(TinyModel(operation: "Log")).segment([try scan(bright: [ball])]) }
        #expect(error?.code == .invalidOutput && error?.message.contains("not finite") == true)
    }

    @Test("Without ONNX Runtime the error says how to install it and what works without it")
    func noRuntime() throws {
        let error = refusal { try OnnxRuntime(candidates: [folder.place("libonnxruntime.so")]) }
        #expect(error?.code == .runtimeMissing)
        #expect(error?.message.contains("make setup") == true && error?.message.contains("--mask and --box") == true)
        // A library that is another one.
        #expect(refusal { try OnnxRuntime(candidates: ["libz.so.1"]) }?.code == .runtimeMissing)
    }
}
