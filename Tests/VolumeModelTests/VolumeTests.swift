import Faults
import Testing
import VolumeModel

@Suite("Volumes and voxels")
struct VolumeTests {
    @Test("Bytes that are not as many as shape and type say are refused", arguments: VoxelType.allCases)
    func byteCount(type: VoxelType) throws {
        let shape = try Shape(columns: 3, rows: 2, slices: 2)
        let needed = 12 * type.byteCount
        #expect(try Volume(shape: shape, voxelType: type, voxels: [UInt8](repeating: 0, count: needed)).voxels.count == needed)
        for count in [0, needed - 1, needed + 1] {
            #expect {
                try Volume(shape: shape, voxelType: type, voxels: [UInt8](repeating: 0, count: count))
            } throws: { error in
                (error as? VolumeError)?.code == .voxelCountMismatch && "\(error)".contains("\(needed) bytes, not \(count)")
            }
        }
    }

    @Test("Stored values come back as doubles")
    func doubles() throws {
        let shape = try Shape(columns: 3, rows: 1, slices: 1)
        #expect(try Volume(shape: shape, voxelType: .int8, values: [-128, 0, 127] as [Int8]).doubles() == [-128, 0, 127])
        #expect(try Volume(shape: shape, voxelType: .uint32, values: [0, 1, .max] as [UInt32]).doubles() == [0, 1, 4_294_967_295])
        #expect(
            try Volume(shape: shape, voxelType: .int32, values: [.min, 1, .max] as [Int32]).doubles() == [
                -2_147_483_648, 1, 2_147_483_647,
            ])
        #expect(try Volume(shape: shape, voxelType: .float32, values: [-0.5, 0.25, 3] as [Float]).doubles() == [-0.5, 0.25, 3])
    }

    @Test("The range leaves out what is not finite")
    func finiteRange() throws {
        let shape = try Shape(columns: 5, rows: 1, slices: 1)
        let mixed = try Volume(shape: shape, voxelType: .float64, values: [.nan, .infinity, 4, -2.5, -.infinity])
        #expect(mixed.finiteRange() == -2.5...4)
        let none = try Volume(shape: shape, voxelType: .float32, values: [.nan, .infinity, -.infinity, .nan, .nan] as [Float])
        #expect(none.finiteRange() == 0...0)
        let signed = try Volume(shape: shape, voxelType: .int16, values: [-7, -9, -8, -30000, -7] as [Int16])
        #expect(signed.finiteRange() == -30000 ... -7)
    }

    @Test("The nearest storable value rounds, saturates, and takes not-a-number for zero")
    func nearest() {
        #expect(Int16(nearest: 1.4) == 1)
        #expect(Int16(nearest: -1.5) == -2)
        #expect(Int16(nearest: 2.5) == 3)
        #expect(Int16(nearest: 1e9) == .max)
        #expect(Int16(nearest: -.infinity) == .min)
        #expect(UInt8(nearest: -3) == 0)
        #expect(UInt8(nearest: .nan) == 0)
        #expect(UInt32(nearest: 4_294_967_295.4) == .max)
        #expect(Int32(nearest: -2_147_483_648) == .min)
        #expect(Float(nearest: 0.5) == 0.5)
        #expect(Double(nearest: .infinity) == .infinity)
    }
}
