import Faults
import Testing
import VolumeModel

@Suite("Masks")
struct MaskTests {
    private let shape: Shape

    init() throws { shape = try Shape(columns: 4, rows: 3, slices: 2) }

    private func mask(_ indices: Int...) throws -> Mask {
        try Mask(shape: shape, bits: (0..<shape.voxelCount).map { indices.contains($0) ? 1 : 0 })
    }

    @Test("A mask counts its voxels and knows the box around them")
    func boundingBox() throws {
        // (1, 2, 0) and (3, 1, 1)
        let mask = try mask(9, 19)
        #expect(mask.voxelCount == 2)
        #expect(mask.boundingBox == (try Box(parsing: "1:4,1:3,0:2")))
        #expect(try self.mask(0).boundingBox == Box(parsing: "0:1,0:1,0:1"))
        #expect(try self.mask(23).boundingBox == Box(parsing: "3:4,2:3,1:2"))
    }

    @Test("An empty mask has no box")
    func empty() throws {
        #expect(try mask().boundingBox == nil)
        #expect(try mask().voxelCount == 0)
    }

    @Test("A full mask's box is the volume's")
    func full() throws {
        let full = try Mask(shape: shape, bits: [UInt8](repeating: 1, count: shape.voxelCount))
        #expect(full.boundingBox == shape.box)
    }

    @Test("Dice is twice the overlap over the sum")
    func dice() throws {
        #expect(try mask(1, 2, 3).dice(with: mask(2, 3, 4, 5)) == 2.0 * 2 / 7)
        #expect(try mask(1, 2).dice(with: mask(1, 2)) == 1)
        #expect(try mask(1, 2).dice(with: mask(3)) == 0)
        #expect(try mask(1, 2).dice(with: mask()) == 0)
        #expect(try mask().dice(with: mask()) == 1)
    }

    @Test("Masks of different shapes cannot be compared")
    func diceShapes() throws {
        let other = try Mask(shape: try Shape(columns: 3, rows: 4, slices: 2), bits: [UInt8](repeating: 1, count: 24))
        #expect {
            try mask(1).dice(with: other)
        } throws: { error in
            (error as? VolumeError)?.code == .shapesDiffer
        }
    }

    @Test("Bits that do not fit the shape, and masks over time, are refused")
    func misfit() throws {
        #expect(throws: VolumeError.self) { try Mask(shape: shape, bits: [0, 1]) }
        let overTime = try Shape(columns: 2, rows: 1, slices: 1, timepoints: 2)
        #expect(throws: VolumeError.self) { try Mask(shape: overTime, bits: [0, 1, 0, 1]) }
    }

    @Test("Labels above zero are in, of the first time point alone")
    func labels() throws {
        let shape = try Shape(columns: 2, rows: 2, slices: 1, timepoints: 2)
        let signed = try Volume(shape: shape, voxelType: .int16, values: [-3, 0, 1, 4, 9, 9, 9, 9] as [Int16])
        #expect(try Mask(labels: signed).bits == [0, 0, 1, 1])
        let real = try Volume(
            shape: shape, voxelType: .float32, values: [.nan, -0.0, 0.001, .infinity, 9, 9, 9, 9] as [Float])
        #expect(try Mask(labels: real).bits == [0, 0, 1, 1])
        #expect(try Mask(labels: real).shape == Shape(columns: 2, rows: 2, slices: 1))
    }

    @Test("A mask of a box has the voxels of the box and no other, whatever the sides")
    func filling() throws {
        let shape = try Shape(columns: 7, rows: 5, slices: 4)
        let box = try Box(x: 1..<6, y: 2..<4, z: 1..<3)
        let mask = try Mask(filling: box, in: shape)
        for z in 0..<4 {
            for y in 0..<5 {
                for x in 0..<7 {
                    #expect((mask.bits[(z * 5 + y) * 7 + x] != 0) == box.contains(x: x, y: y, z: z), "\(x) \(y) \(z)")
                }
            }
        }
        #expect(mask.boundingBox == box && mask.voxelCount == box.voxelCount)
        #expect(throws: VolumeError.self) { try Mask(filling: try Box(x: 0..<7, y: 0..<5, z: 0..<5), in: shape) }
    }
}
