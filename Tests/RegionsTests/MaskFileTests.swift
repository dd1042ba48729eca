import Faults
import Regions
import Testing
import VolumeModel

@Suite("A mask file")
struct MaskFileTests {
    @Test("A mask file is the mask, its labels above zero")
    func maskFile() throws {
        let shape = try Shape(columns: 2, rows: 2, slices: 1)
        let volume = try Volume(shape: shape, voxelType: .int16, values: [5, 6, 7, 8] as [Int16])
        let labels = try Volume(shape: shape, voxelType: .uint8, voxels: [0, 1, 4, 0])
        let segmenter = MaskFileSegmenter(labels: labels, path: "labels.nii")
        #expect(try segmenter.segment([Scan(volume, name: "v")]).mask.bits == [0, 1, 1, 0])
        #expect(segmenter.name == "mask")
        let overTime = try Volume(
            shape: try Shape(columns: 2, rows: 2, slices: 1, timepoints: 3), voxelType: .uint8,
            voxels: .init(repeating: 1, count: 12))
        #expect(try segmenter.segment([Scan(overTime, name: "v")]).mask.voxelCount == 2)
    }

    @Test("A mask of another shape or without a voxel is refused, naming its file")
    func refusedMasks() throws {
        let volume = try Volume(shape: try Shape(columns: 2, rows: 3, slices: 1), voxelType: .uint8, voxels: [1, 2, 3, 4, 5, 6])
        func error(_ columns: Int, _ rows: Int, _ slices: Int, _ voxels: [UInt8]) throws -> SegmentationError? {
            let labels = try Volume(
                shape: try Shape(columns: columns, rows: rows, slices: slices), voxelType: .uint8, voxels: voxels)
            do {
                _ = try MaskFileSegmenter(labels: labels, path: "labels.nii").segment([Scan(volume, name: "v")])
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

    @Test("A mask of the same shape that lies elsewhere in the patient is refused, naming both files and what differs")
    func otherPlace() throws {
        let shape = try Shape(columns: 4, rows: 4, slices: 3)
        func volume(_ shift: Double) throws -> Volume {
            try Volume(
                shape: shape, voxelType: .uint8, voxels: [UInt8](repeating: 1, count: 48),
                affine: Affine(rows: [[1, 0, 0, shift], [0, 1, 0, 0], [0, 0, 2, 0]]))
        }
        let scan = Scan(try volume(0), name: "flair.nii")
        #expect(throws: Never.self) {
            try MaskFileSegmenter(labels: try volume(0.01), path: "labels.nii").segment([scan])
        }
        do {
            _ = try MaskFileSegmenter(labels: try volume(7), path: "labels.nii").segment([scan])
            Issue.record("a mask 7 mm off was taken")
        } catch let error as SegmentationError {
            #expect(error.code == .placesDiffer)
            #expect(error.message.contains("labels.nii") && error.message.contains("flair.nii") && error.message.contains("7.0 mm"))
        }
    }
}
