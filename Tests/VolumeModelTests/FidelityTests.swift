import Faults
import Testing
import VolumeModel

@Suite("How near one volume is to another")
struct FidelityTests {
    private func volume(_ values: [UInt8], columns: Int = 2, rows: Int = 2, slices: Int = 1, timepoints: Int = 1) throws -> Volume {
        try Volume(
            shape: try Shape(columns: columns, rows: rows, slices: slices, timepoints: timepoints), voxelType: .uint8,
            values: values)
    }

    @Test("PSNR, mean squared and greatest error are those computed by hand")
    func byHand() throws {
        // Differences -1, 0, 2, 0: a sum of squares of 5, a mean of 1.25; 10 log10(900 / 1.25) = 28.5733249643 dB.
        let fidelity = try Fidelity.compare(try volume([0, 10, 20, 30]), try volume([1, 10, 18, 30]))
        #expect(fidelity.voxelCount == 4)
        #expect(fidelity.squaredErrorSum == 5)
        #expect(fidelity.meanSquaredError == 1.25)
        #expect(fidelity.maxAbsoluteError == 2)
        #expect(!fidelity.identicalVoxels)
        #expect(abs(fidelity.psnr(peak: 30) - 28.5733249643) < 1e-9)
        #expect(abs(decibels(peak: 30, meanSquaredError: 1.25) - 28.5733249643) < 1e-9)
    }

    @Test("Identical volumes have no error and an infinite PSNR")
    func identical() throws {
        let fidelity = try Fidelity.compare(try volume([0, 10, 20, 30]), try volume([0, 10, 20, 30]))
        #expect(fidelity.identicalVoxels)
        #expect(fidelity.maxAbsoluteError == 0)
        #expect(fidelity.psnr(peak: 30) == .infinity)
    }

    @Test("A negative zero is as near as can be to zero, yet not identical")
    func negativeZero() throws {
        let shape = try Shape(columns: 2, rows: 1, slices: 1)
        let a = try Volume(shape: shape, voxelType: .float32, values: [0.0, 1] as [Float])
        let b = try Volume(shape: shape, voxelType: .float32, values: [-0.0, 1] as [Float])
        let fidelity = try Fidelity.compare(a, b)
        #expect(!fidelity.identicalVoxels)
        #expect(fidelity.maxAbsoluteError == 0)
        #expect(fidelity.psnr(peak: 1) == .infinity)
    }

    @Test("Not-a-number is identical to itself, payload included, and infinitely far from all else")
    func notANumber() throws {
        let shape = try Shape(columns: 2, rows: 1, slices: 1)
        func real(_ bits: UInt64) throws -> Volume {
            try Volume(shape: shape, voxelType: .float64, values: [Double(bitPattern: bits), 1])
        }
        let same = try Fidelity.compare(try real(0x7ff8_0000_0000_0001), try real(0x7ff8_0000_0000_0001))
        #expect(same.identicalVoxels)
        #expect(same.maxAbsoluteError == 0)
        let otherPayload = try Fidelity.compare(try real(0x7ff8_0000_0000_0001), try real(0x7ff8_0000_0000_0002))
        #expect(!otherPayload.identicalVoxels)
        #expect(otherPayload.maxAbsoluteError == .infinity)
        #expect(try Fidelity.compare(try real(0x7ff8_0000_0000_0001), try real(0)).maxAbsoluteError == .infinity)
        let infinite = try Fidelity.compare(try real(Double.infinity.bitPattern), try real(Double(3).bitPattern))
        #expect(infinite.maxAbsoluteError == .infinity)
        #expect(infinite.psnr(peak: 1) == -.infinity)
    }

    @Test("A box restricts the comparison")
    func box() throws {
        let a = try volume([UInt8](repeating: 5, count: 27), columns: 3, rows: 3, slices: 3)
        var changed = [UInt8](repeating: 5, count: 27)
        changed[13] = 9
        changed[26] = 100
        let b = try volume(changed, columns: 3, rows: 3, slices: 3)
        let inside = try Fidelity.compare(a, b, box: try Box(parsing: "1:3,1:2,1:2"))
        #expect(inside.voxelCount == 2)
        #expect(inside.maxAbsoluteError == 4)
        let outside = try Fidelity.compare(a, b, box: try Box(parsing: "0:3,0:3,0:1"))
        #expect(outside.identicalVoxels)
        #expect(outside.voxelCount == 9)
    }

    @Test("A mask restricts the comparison, within a box too")
    func mask() throws {
        let a = try volume([10, 10, 10, 10])
        let b = try volume([11, 12, 13, 14])
        let mask = try Mask(shape: a.shape, bits: [1, 0, 0, 1])
        let masked = try Fidelity.compare(a, b, mask: mask)
        #expect(masked.voxelCount == 2)
        #expect(masked.squaredErrorSum == 1 + 16)
        let both = try Fidelity.compare(a, b, box: try Box(parsing: "0:2,0:1,0:1"), mask: mask)
        #expect(both.voxelCount == 1)
        #expect(both.maxAbsoluteError == 1)
    }

    @Test("Box and mask apply to every time point")
    func overTime() throws {
        let a = try volume([0, 0, 0, 0, 0, 0, 0, 0], timepoints: 2)
        let b = try volume([1, 2, 3, 4, 5, 6, 7, 8], timepoints: 2)
        #expect(try Fidelity.compare(a, b).voxelCount == 8)
        let boxed = try Fidelity.compare(a, b, box: try Box(parsing: "1:2,0:1,0:1"))
        #expect(boxed.squaredErrorSum == 4 + 36)
        let mask = try Mask(shape: try Shape(columns: 2, rows: 2, slices: 1), bits: [0, 0, 1, 0])
        #expect(try Fidelity.compare(a, b, mask: mask).squaredErrorSum == 9 + 49)
    }

    @Test("The whole is the sum of its parts")
    func parts() throws {
        let a = try volume([10, 20, 30, 40, 50, 60, 70, 80], slices: 2)
        let b = try volume([10, 20, 31, 40, 50, 67, 70, 80], slices: 2)
        let parts = try [0..<1, 1..<2].map { try Fidelity.compare(a, b, box: try a.shape.box.over(slices: $0)) }
        let whole = try Fidelity.compare(a, b)
        #expect(whole.voxelCount == parts.reduce(0) { $0 + $1.voxelCount })
        #expect(whole.squaredErrorSum == parts.reduce(0) { $0 + $1.squaredErrorSum })
        #expect(whole.maxAbsoluteError == parts.map(\.maxAbsoluteError).max())
    }

    @Test("Nothing compared is no error")
    func nothing() {
        #expect(Fidelity().meanSquaredError == 0)
        #expect(Fidelity().identicalVoxels)
    }

    @Test("What cannot be compared is refused: other shapes, other types, boxes and masks that do not fit")
    func refused() throws {
        let a = try volume([0, 10, 20, 30])
        let signed = try Volume(shape: a.shape, voxelType: .int8, values: [0, 1, 2, 3] as [Int8])
        let tall = try volume([0, 10, 20, 30], columns: 1, rows: 4)
        func code(_ body: () throws -> Fidelity) -> VolumeError.Code? {
            do {
                _ = try body()
                return nil
            } catch {
                return (error as? VolumeError)?.code
            }
        }
        #expect(code { try Fidelity.compare(a, tall) } == .shapesDiffer)
        #expect(code { try Fidelity.compare(a, signed) } == .shapesDiffer)
        #expect(code { try Fidelity.compare(a, a, box: try Box(parsing: "0:3,0:1,0:1")) } == .invalidBox)
        #expect(code { try Fidelity.compare(a, a, mask: try Mask(shape: tall.shape, bits: [1, 1, 1, 1])) } == .shapesDiffer)
    }
}
