import Segmentation
import Testing
import TestSupport
import VolumeModel

@Suite("Segmenters")
struct SegmenterTests {
    /// A dim body in air, noise over it, and a bright ball of some radius inside.
    private func head(radius: Int, seed: UInt64, timepoints: Int = 1, type: VoxelType = .int16) throws -> (Volume, Mask) {
        var random = Seeded(seed)
        let shape = try Shape(columns: 48, rows: 44, slices: 40, timepoints: timepoints)
        var values = [Int16](repeating: 0, count: shape.voxelCount)
        var ball = [UInt8](repeating: 0, count: 48 * 44 * 40)
        for time in 0..<timepoints {
            for z in 4..<36 {
                for y in 4..<40 {
                    for x in 4..<44 {
                        let (dx, dy, dz) = (x - 28, y - 20, z - 18)
                        let inside = dx * dx + dy * dy + dz * dz <= radius * radius
                        let index = (z * 44 + y) * 48 + x
                        if inside { ball[index] = 1 }
                        let level: Int16 = inside && time == 0 ? 400 : 100
                        values[time * ball.count + index] = level + Int16.random(in: -30...30, using: &random)
                    }
                }
            }
        }
        let mask = try Mask(shape: try Shape(columns: 48, rows: 44, slices: 40), bits: ball)
        if type == .float32 { return (try Volume(shape: shape, voxelType: type, values: values.map { Float($0) }), mask) }
        return (try Volume(shape: shape, voxelType: .int16, values: values), mask)
    }

    @Test("A bright ball in noise is found", arguments: [1, 2, 3] as [UInt64], [VoxelType.int16, .float32])
    func ball(seed: UInt64, type: VoxelType) throws {
        print("bright ball: seed \(seed)")
        let (volume, ball) = try head(radius: 7, seed: seed, type: type)
        let found = try ThresholdSegmenter().segment(volume)
        #expect(found.shape == ball.shape)
        #expect(try found.dice(with: ball) > 0.85, "seed \(seed)")
        let box = try #require(found.boundingBox)
        #expect((try Box(parsing: "18:39,10:31,8:29")).contains(box), "seed \(seed): \(box)")
    }

    @Test("Of a volume over time the first time point is looked at")
    func overTime() throws {
        let (volume, ball) = try head(radius: 7, seed: 4, timepoints: 2)
        let found = try ThresholdSegmenter().segment(volume)
        #expect(found.shape.timepoints == 1)
        #expect(try found.dice(with: ball) > 0.85)
    }

    @Test("Nothing is found in a constant volume", arguments: VoxelType.allCases)
    func constant(type: VoxelType) throws {
        let shape = try Shape(columns: 9, rows: 8, slices: 7)
        for byte in [0, 1, 0x41] as [UInt8] {
            let volume = try Volume(
                shape: shape, voxelType: type, voxels: [UInt8](repeating: byte, count: shape.voxelCount * type.byteCount))
            #expect(try ThresholdSegmenter().segment(volume).boundingBox == nil, "byte \(byte)")
        }
    }

    @Test("Volumes without a finite voxel and of one voxel are taken, and nothing is found")
    func degenerate() throws {
        let shape = try Shape(columns: 4, rows: 4, slices: 4)
        for value in [Float.nan, .infinity, -.infinity] {
            let volume = try Volume(shape: shape, voxelType: .float32, values: [Float](repeating: value, count: 64))
            #expect(try ThresholdSegmenter().segment(volume).boundingBox == nil)
        }
        let mixed = try Volume(
            shape: shape, voxelType: .float32, values: (0..<64).map { [.nan, .infinity, 1, -1][$0 % 4] as Float })
        #expect(throws: Never.self) { try ThresholdSegmenter().segment(mixed) }
        let one = try Volume(shape: try Shape(columns: 1, rows: 1, slices: 1), voxelType: .uint8, voxels: [200])
        #expect(try ThresholdSegmenter().segment(one).boundingBox == nil)
    }

    @Test("A mask file is the mask, its labels above zero")
    func maskFile() throws {
        let shape = try Shape(columns: 2, rows: 2, slices: 1)
        let volume = try Volume(shape: shape, voxelType: .int16, values: [5, 6, 7, 8] as [Int16])
        let labels = try Volume(shape: shape, voxelType: .uint8, voxels: [0, 1, 4, 0])
        let segmenter = MaskFileSegmenter(labels: labels, path: "labels.nii")
        #expect(try segmenter.segment(volume).bits == [0, 1, 1, 0])
        #expect(segmenter.name == "mask")
        let overTime = try Volume(
            shape: try Shape(columns: 2, rows: 2, slices: 1, timepoints: 3), voxelType: .uint8,
            voxels: .init(repeating: 1, count: 12))
        #expect(try segmenter.segment(overTime).voxelCount == 2)
    }

    @Test("A mask of another shape or without a voxel is refused, naming its file")
    func refusedMasks() throws {
        let volume = try Volume(shape: try Shape(columns: 2, rows: 3, slices: 1), voxelType: .uint8, voxels: [1, 2, 3, 4, 5, 6])
        func error(_ columns: Int, _ rows: Int, _ slices: Int, _ voxels: [UInt8]) throws -> SegmentationError? {
            let labels = try Volume(
                shape: try Shape(columns: columns, rows: rows, slices: slices), voxelType: .uint8, voxels: voxels)
            do {
                _ = try MaskFileSegmenter(labels: labels, path: "labels.nii").segment(volume)
                return nil
            } catch {
                return error as? SegmentationError
            }
        }
        let turned = try #require(try error(3, 2, 1, [1, 1, 1, 1, 1, 1]))
        #expect(turned.code == .shapesDiffer)
        #expect(turned.message.hasPrefix("labels.nii: "))
        #expect(turned.message.contains("3x2x1") && turned.message.contains("2x3x1"))
        #expect(try error(2, 3, 2, [UInt8](repeating: 1, count: 12))?.code == .shapesDiffer)
        let empty = try #require(try error(2, 3, 1, [0, 0, 0, 0, 0, 0]))
        #expect(empty.code == .emptyMask)
        #expect(empty.message.hasPrefix("labels.nii: "))
        #expect(try error(2, 3, 1, [0, 0, 0, 0, 0, 1]) == nil)
    }
}
