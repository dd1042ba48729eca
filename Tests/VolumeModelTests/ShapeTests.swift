import Faults
import Testing
import VolumeModel

@Suite("The extent of a volume")
struct ShapeTests {
    @Test("Counts follow from the sides")
    func counts() throws {
        let shape = try Shape(columns: 5, rows: 4, slices: 3, timepoints: 2)
        #expect(shape.sliceVoxelCount == 20)
        #expect(shape.voxelCount == 120)
        #expect(shape.stackedSliceCount == 6)
        #expect(shape.box.description == "0:5,0:4,0:3")
        #expect(shape.stackedBox.description == "0:5,0:4,0:6")
    }

    @Test("A shape is written columns x rows x slices, and time points where there are several")
    func text() throws {
        #expect(try Shape(columns: 5, rows: 4, slices: 3).description == "5x4x3")
        #expect(try Shape(columns: 5, rows: 4, slices: 3, timepoints: 2).description == "5x4x3x2")
    }

    @Test("A side below one is refused", arguments: [0, -1, Int.min])
    func sideBelowOne(side: Int) {
        for axis in 0..<4 {
            var sides = [2, 2, 2, 2]
            sides[axis] = side
            #expect(code(of: sides) == .invalidShape, "axis \(axis)")
        }
    }

    @Test("The limit itself is a shape, one voxel more is not")
    func limit() throws {
        let limit = Shape.voxelLimit
        #expect(try Shape(columns: limit, rows: 1, slices: 1).voxelCount == limit)
        #expect(try Shape(columns: 1 << 15, rows: 1 << 15, slices: 2).voxelCount == limit)
        #expect(code(of: [limit + 1, 1, 1, 1]) == .invalidShape)
        #expect(code(of: [1 << 15, 1 << 15, 2, 2]) == .invalidShape)
    }

    @Test(
        "Sides whose product does not fit into 64 bits are refused rather than wrapped",
        arguments: [
            [Int.max, Int.max, 1, 1], [1 << 31, 1 << 31, 4, 1], [1 << 16, 1 << 16, 1 << 16, 1 << 16], [1, 1, 2, Int.max],
        ])
    func overflow(sides: [Int]) {
        #expect(code(of: sides) == .invalidShape)
    }

    @Test("A refusal says what was asked for")
    func message() {
        #expect {
            try Shape(columns: 70_000, rows: 70_000, slices: 2)
        } throws: { error in
            "\(error)".contains("70000x70000x2x1") && "\(error)".contains("2147483648")
        }
    }

    private func code(of sides: [Int]) -> VolumeError.Code? {
        do throws(VolumeError) {
            _ = try Shape(columns: sides[0], rows: sides[1], slices: sides[2], timepoints: sides[3])
            return nil
        } catch {
            return error.code
        }
    }
}
