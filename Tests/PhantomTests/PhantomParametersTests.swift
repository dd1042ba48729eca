import Faults
import Phantom
import Testing

@Suite("The parameters of a synthetic head")
struct PhantomParametersTests {
    @Test("The default head has the shape of a BraTS volume")
    func defaults() throws {
        let parameters = try PhantomParameters()
        #expect(parameters == .standard)
        #expect(parameters.seed == 1)
        #expect(parameters.columns == 240)
        #expect(parameters.rows == 240)
        #expect(parameters.slices == 155)
        #expect(parameters.hasTumour)
        #expect(parameters.voxelCount == 8_928_000)
    }

    @Test(
        "A side that is too short, too long or absurd is refused",
        arguments: [0, -1, 15, 1025, Int.max, Int.min])
    func hostileSide(side: Int) {
        #expect {
            try PhantomParameters(columns: side)
        } throws: { error in
            (error as? PhantomError)?.code == .sideOutOfRange
        }
        #expect(throws: PhantomError.self) { try PhantomParameters(rows: side) }
        #expect(throws: PhantomError.self) { try PhantomParameters(slices: side) }
    }

    @Test("A volume of acceptable sides may still be too large")
    func tooManyVoxels() {
        #expect {
            try PhantomParameters(columns: 1024, rows: 1024, slices: 257)
        } throws: { error in
            (error as? PhantomError)?.code == .tooManyVoxels
        }
        #expect(throws: Never.self) {
            try PhantomParameters(columns: 1024, rows: 1024, slices: 256)
        }
    }

    @Test("A refusal names the side and its value")
    func message() {
        #expect {
            try PhantomParameters(rows: 7)
        } throws: { error in
            let message = (error as? PhantomError)?.message ?? ""
            return message.contains("rows") && message.contains("7")
        }
    }
}
