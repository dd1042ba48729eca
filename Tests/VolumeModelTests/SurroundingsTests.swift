import Testing
import VolumeModel

@Suite("What surrounds the body")
struct SurroundingsTests {
    private func volume(_ shape: Shape, fill: Int16, _ change: (inout [Int16]) -> Void = { _ in }) throws -> Volume {
        var values = [Int16](repeating: fill, count: shape.voxelCount)
        change(&values)
        return try Volume(shape: shape, voxelType: .int16, values: values)
    }

    @Test("The rim's most frequent value is the fill, and the content is the box of all else")
    func fillAndContent() throws {
        let shape = try Shape(columns: 10, rows: 8, slices: 6)
        let volume = try volume(shape, fill: -1024) { values in
            values[(2 * 8 + 3) * 10 + 4] = 7
            values[(4 * 8 + 5) * 10 + 8] = 9
        }
        let surroundings = Surroundings(of: volume)
        #expect(surroundings.fill == UInt64(UInt16(bitPattern: -1024)))
        #expect(surroundings.content == (try Box(parsing: "4:9,3:6,2:5")))
    }

    @Test("A body larger than the air around it does not become the fill")
    func largeBody() throws {
        let shape = try Shape(columns: 10, rows: 10, slices: 2)
        let volume = try volume(shape, fill: 500) { values in
            for slice in 0..<2 {
                for step in 0..<10 {
                    values[slice * 100 + step] = 0
                    values[slice * 100 + 90 + step] = 0
                    values[slice * 100 + step * 10] = 0
                    values[slice * 100 + step * 10 + 9] = 0
                }
            }
        }
        #expect(Surroundings(of: volume).fill == 0)
        #expect(Surroundings(of: volume).content == (try Box(parsing: "1:9,1:9,0:2")))
    }

    @Test("A few odd voxels on the rim belong to the content")
    func oddRim() throws {
        let shape = try Shape(columns: 12, rows: 12, slices: 3)
        let volume = try volume(shape, fill: 3) { $0[0] = 8 }
        #expect(Surroundings(of: volume).fill == 3)
        #expect(Surroundings(of: volume).content == (try Box(parsing: "0:1,0:1,0:1")))
    }

    @Test("A constant volume is all fill and has no content", arguments: VoxelType.allCases)
    func constant(type: VoxelType) throws {
        let shape = try Shape(columns: 5, rows: 4, slices: 3)
        let voxels = (0..<shape.voxelCount).flatMap { _ in (0..<type.byteCount).map { UInt8(0x40 + $0) } }
        let surroundings = Surroundings(of: try Volume(shape: shape, voxelType: type, voxels: voxels))
        #expect(surroundings.content == nil)
        let bits: UInt64 = 0x4746_4544_4342_4140
        #expect(surroundings.fill == (type.byteCount == 8 ? bits : bits & ((1 << UInt64(8 * type.byteCount)) - 1)))
    }

    @Test("Not-a-number outside the body is a fill like any other")
    func notANumber() throws {
        let shape = try Shape(columns: 6, rows: 6, slices: 1)
        var values = [Float](repeating: .nan, count: 36)
        values[14] = 2
        let surroundings = Surroundings(of: try Volume(shape: shape, voxelType: .float32, values: values))
        #expect(surroundings.fill == UInt64(Float.nan.bitPattern))
        #expect(surroundings.content == (try Box(parsing: "2:3,2:3,0:1")))
    }

    @Test("Content of any time point counts")
    func overTime() throws {
        let shape = try Shape(columns: 6, rows: 6, slices: 2, timepoints: 3)
        let volume = try volume(shape, fill: 0) { values in
            values[(0 * 2 + 1) * 36 + 2 * 6 + 2] = 1
            values[(2 * 2 + 0) * 36 + 4 * 6 + 3] = 1
        }
        #expect(Surroundings(of: volume).content == (try Box(parsing: "2:4,2:5,0:2")))
    }

    @Test("One voxel is its own surroundings")
    func oneVoxel() throws {
        let surroundings = Surroundings(of: try volume(try Shape(columns: 1, rows: 1, slices: 1), fill: 5))
        #expect(surroundings.fill == 5)
        #expect(surroundings.content == nil)
    }
}
