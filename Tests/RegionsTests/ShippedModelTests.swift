import Regions
import Foundation
import Phantom
import Profiles
import Testing
import VolumeModel

@Suite("The model that comes with Fovea")
struct ShippedModelTests {
    private static let path = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(
            "models/flair-unet"
        )
        .path

    private func segmenter() throws -> ModelSegmenter {
        try ModelSegmenter(path: Self.path + ".onnx", runtime: try Runtime.shared())
    }

    @Test("Preprocessing, network and mask agree with PyTorch's on the golden scan that travels with the model")
    func golden() throws {
        let golden = try Golden(Self.path + ".golden")
        let segmenter = try segmenter()
        let scan = try golden.scan()
        let input = try segmenter.networkInput([scan])
        #expect(input.shape == golden.shape("input"))
        #expect(maxDifference(input.values, try golden.floats("input")) < golden.record.tolerance.input)
        let output = try segmenter.networkOutput([scan])
        #expect(output.shape == golden.shape("logits"))
        #expect(maxDifference(output.values, try golden.floats("logits")) < golden.record.tolerance.logits)
        let finding = try segmenter.segment([scan])
        #expect(finding.verdict.rawValue == golden.record.verdict)
        #expect(abs((finding.certainty ?? 0) - golden.record.certainty) < 0.001)
        let mask = try golden.bytes("mask")
        // A probability next to the threshold may fall on either side.
        #expect(zip(finding.mask.bits, mask).filter { $0 != $1 }.count <= mask.count / 10_000)
        #expect(finding.mask.voxelCount > 100)
    }

    @Test("Of a head in noisy air it is shown the brain that PyTorch's chain shows it, and finds the same")
    func goldenHead() throws {
        let golden = try Golden(Self.path + ".golden-head")
        let segmenter = try segmenter()
        let scan = try golden.scan()
        let blocks = try segmenter.blocks([scan])
        func differing(_ a: [UInt8], _ b: [UInt8]) -> Int { zip(a, b).count { $0 != $1 } }
        let (body, brain) = (try golden.bytes("body"), try golden.bytes("brain"))
        #expect(differing(blocks.body, body) == 0)
        #expect(Double(differing(blocks.shown, brain)) <= 0.001 * Double(body.count { $0 != 0 }))
        #expect(brain.count { $0 != 0 } < body.count { $0 != 0 } / 2)
        let finding = try segmenter.segment([scan])
        #expect(finding.verdict.rawValue == golden.record.verdict, "\(finding.remark ?? "")")
        #expect(abs((finding.certainty ?? 0) - golden.record.certainty) < 0.005)
        let labels = try Mask(shape: finding.mask.shape, bits: golden.bytes("mask"))
        #expect(try finding.mask.dice(with: labels) > 0.99)
    }

    @Test("It finds a phantom's tumour", arguments: [1, 7] as [UInt64])
    func phantom(seed: UInt64) throws {
        let head = PhantomHead.generate(try PhantomParameters(seed: seed, columns: 120, rows: 120, slices: 78))
        let finding = try segmenter().segment([try scan(of: head)])
        let labels = try Mask(
            shape: try Shape(columns: head.columns, rows: head.rows, slices: head.slices), bits: head.labels.map { $0 > 0 ? 1 : 0 })
        #expect(try finding.mask.dice(with: labels) > 0.6)
        // Whatever the verdict, the boxes as sent hold nearly all of it.
        let boxes = finding.verdict == .found ? RegionPlanner.boxes(around: finding.mask, margin: 4) : [labels.shape.box]
        var covered = 0
        for (index, bit) in labels.bits.enumerated() where bit != 0 {
            let (x, y, z) = (index % head.columns, index / head.columns % head.rows, index / (head.columns * head.rows))
            if boxes.contains(where: { $0.x.contains(x) && $0.y.contains(y) && $0.z.contains(z) }) { covered += 1 }
        }
        #expect(Double(covered) >= 0.9 * Double(labels.voxelCount))
    }

    @Test("A head without a tumour does not become a confident finding", arguments: [1, 2, 3] as [UInt64])
    func healthy(seed: UInt64) throws {
        let head = PhantomHead.generate(
            try PhantomParameters(seed: seed, columns: 120, rows: 120, slices: 78, hasTumour: false))
        #expect(try segmenter().segment([try scan(of: head)]).verdict != .found)
    }

    private func scan(of head: PhantomHead) throws -> Scan {
        let shape = try Shape(columns: head.columns, rows: head.rows, slices: head.slices)
        // Half of the phantom's usual 240 x 240 x 155 voxels of 1 mm.
        let affine = Affine(rows: (0..<3).map { row in (0..<4).map { $0 == row ? 2 : 0 } })
        return Scan(try Volume(shape: shape, voxelType: .int16, values: head.flair, affine: affine), name: "phantom_flair")
    }
}

private func maxDifference(_ a: [Float], _ b: [Float]) -> Float {
    a.count == b.count ? zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) } : .infinity
}

/// Tensors that were written by PyTorch when the model was exported.
private struct Golden {
    struct Record: Decodable {
        struct Tolerance: Decodable {
            let input: Float
            let logits: Float
        }
        struct Place: Decodable {
            let type: String
            let shape: [Int]
            let offset: Int
        }
        let spacing: [Double]
        let verdict: String
        let certainty: Double
        let tolerance: Tolerance
        let arrays: [String: Place]
    }
    let record: Record
    private let data: Data

    init(_ path: String) throws {
        record = try JSONDecoder().decode(Record.self, from: try Data(contentsOf: URL(fileURLWithPath: path + ".json")))
        data = try Data(contentsOf: URL(fileURLWithPath: path + ".bin"))
    }

    func shape(_ name: String) -> [Int] { record.arrays[name]?.shape ?? [] }

    func bytes(_ name: String) throws -> [UInt8] {
        let place = try #require(record.arrays[name])
        let size = ["int16": 2, "float32": 4, "uint8": 1][place.type] ?? 0
        return Array(data.dropFirst(place.offset).prefix(place.shape.reduce(size, *)))
    }

    func floats(_ name: String) throws -> [Float] {
        try bytes(name).withUnsafeBytes { raw in
            (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
        }
    }

    func scan() throws -> Scan {
        let sides = shape("scan")
        let shape = try Shape(columns: sides[2], rows: sides[1], slices: sides[0])
        let affine = Affine(rows: (0..<3).map { row in (0..<4).map { $0 == row ? record.spacing[2 - row] : 0 } })
        return Scan(try Volume(shape: shape, voxelType: .int16, voxels: try bytes("scan"), affine: affine), name: "golden_flair")
    }
}
