import TestSupport
import Faults
import NIfTIFile
import Testing
import VolumeModel

@Suite("Orientation, scaling and made headers")
struct GeometryTests {
    private struct Form: Sendable, CustomTestStringConvertible {
        let version: Int
        let isBigEndian: Bool
        var testDescription: String { "NIfTI-\(version), \(isBigEndian ? "big" : "little") endian" }
        static let all = [
            Form(version: 1, isBigEndian: false), Form(version: 1, isBigEndian: true), Form(version: 2, isBigEndian: false),
            Form(version: 2, isBigEndian: true),
        ]
        func header() -> HeaderBytes { HeaderBytes(version: version, isBigEndian: isBigEndian, sides: [4, 5, 6], type: .int16) }
    }

    private func expect(_ affine: Affine, _ rows: [[Double]], within tolerance: Double) {
        for row in 0..<3 {
            for column in 0..<4 {
                #expect(
                    abs(affine.rows[row][column] - rows[row][column]) <= tolerance, "row \(row), column \(column) of \(affine.rows)"
                )
            }
        }
    }

    @Test("An oblique sform is the affine, number for number", arguments: Form.all)
    private func sform(form: Form) throws {
        let rows = [[-0.875, 0.125, 0.25, 90.5], [0.0625, 1.75, -0.5, -126.25], [0.375, -0.03125, 2.5, -72]]
        var header = form.header()
        header.setQform(quaternion: (0.5, 0.5, 0.5), offset: [1, 2, 3], spacing: [1, 1, 1], qfac: 1)
        header.setSform(rows)
        #expect(try NIfTIHeader(bytes: header.bytes).affine.rows == rows)
    }

    @Test("A quarter turn about z with a flipped third axis, by qform", arguments: Form.all)
    private func quarterTurn(form: Form) throws {
        var header = form.header()
        let half = 0.5.squareRoot()
        header.setQform(quaternion: (0, 0, half), offset: [10, 20, 30], spacing: [2, 3, 4], qfac: -1)
        let affine = try NIfTIHeader(bytes: header.bytes).affine
        expect(affine, [[0, -3, 0, 10], [2, 0, 0, 20], [0, 0, -4, 30]], within: 2e-6)
    }

    @Test("An oblique qform follows the standard's formula", arguments: Form.all)
    private func oblique(form: Form) throws {
        var header = form.header()
        let (b, c, d) = (0.1, -0.2, 0.3)
        header.setQform(quaternion: (b, c, d), offset: [-80, 7.5, 0.25], spacing: [0.5, 1.25, 3], qfac: 1)
        let a = (1 - b * b - c * c - d * d).squareRoot()
        let rotation: [[Double]] = [
            [a * a + b * b - c * c - d * d, 2 * b * c - 2 * a * d, 2 * b * d + 2 * a * c],
            [2 * b * c + 2 * a * d, a * a + c * c - b * b - d * d, 2 * c * d - 2 * a * b],
            [2 * b * d - 2 * a * c, 2 * c * d + 2 * a * b, a * a + d * d - c * c - b * b],
        ]
        let spacing = [0.5, 1.25, 3]
        let offset = [-80, 7.5, 0.25]
        let expected: [[Double]] = (0..<3).map { (row: Int) -> [Double] in
            zip(rotation[row], spacing).map { $0 * $1 } + [offset[row]]
        }
        expect(try NIfTIHeader(bytes: header.bytes).affine, expected, within: 2e-6)
    }

    @Test("Without either form the spacing alone is the affine", arguments: Form.all)
    private func neither(form: Form) throws {
        var header = form.header()
        for (index, side) in [1, 0.5, 2, 6].enumerated() { header.setPixdim(index, side) }
        expect(try NIfTIHeader(bytes: header.bytes).affine, [[0.5, 0, 0, 0], [0, 2, 0, 0], [0, 0, 6, 0]], within: 0)
    }

    @Test("Slope and intercept are read; a slope of zero or not a number means none", arguments: Form.all)
    private func scaling(form: Form) throws {
        var header = form.header()
        header.setScaling(slope: 2.5, intercept: -1024)
        #expect(try NIfTIHeader(bytes: header.bytes).scaling == Scaling(slope: 2.5, intercept: -1024))
        for (slope, intercept) in [(0.0, 5.0), (.nan, 0), (.infinity, 0), (1, .nan)] {
            header.setScaling(slope: slope, intercept: intercept)
            #expect(try NIfTIHeader(bytes: header.bytes).scaling == Scaling.none)
        }
    }

    @Test("Scaling never touches the stored values")
    func storedValues() throws {
        let folder = try TemporaryFolder()
        var header = HeaderBytes(sides: [2, 2], type: .int16)
        header.setScaling(slope: 3, intercept: 7)
        let volume = try NIfTIFile.read(folder.put(header.bytes + [0, 0, 0, 0] + [1, 0, 2, 0, 255, 255, 0, 128], "in.nii")).volume
        #expect(volume.doubles() == [1, 2, -1, -32768])
        #expect(volume.scaling == Scaling(slope: 3, intercept: 7))
    }

    @Test("A companion keeps the geometry, byte order and version, and stores plain bytes", arguments: Form.all)
    private func companion(form: Form) throws {
        let rows = [[-0.875, 0.125, 0.25, 90.5], [0.0625, 1.75, -0.5, -126.25], [0.375, -0.03125, 2.5, -72]]
        var header = form.header()
        header.setSform(rows)
        header.setScaling(slope: 2, intercept: 5)
        header.setVoxelOffset(header.bytes.count + 4 + 64)
        let original = try NIfTIHeader(bytes: header.bytes)
        let companion = try original.companion(description: "quality", maxValue: 3)
        #expect(companion.shape == original.shape)
        #expect(companion.affine == original.affine)
        #expect(companion.version == form.version)
        #expect(companion.isByteSwapped == form.isBigEndian)
        #expect(companion.voxelType == .uint8)
        #expect(companion.scaling == Scaling(slope: 1, intercept: 0))
        #expect(companion.voxelOffset == companion.bytes.count + 4)
        let start = form.version == 1 ? 148 : 240
        #expect(companion.bytes[start..<start + 8].elementsEqual(Array("quality\0".utf8)))

        let folder = try TemporaryFolder()
        let voxels = (0..<120).map { UInt8($0 % 4) }
        try NIfTIFile.write(try NIfTIImage(header: companion, voxels: voxels), to: folder.place("quality.nii.gz"))
        #expect(try NIfTIFile.read(folder.place("quality.nii.gz")).volume.voxels == voxels)
    }

    @Test("A made header holds shape, type, affine and description", arguments: VoxelType.allCases)
    func made(type: VoxelType) throws {
        let affine = Affine(rows: [[-2, 0, 0, 90], [0, 0, 1.5, -126], [0, 3, 0, -72]])
        let shape = try Shape(columns: 7, rows: 8, slices: 9, timepoints: 3)
        let header = try NIfTIHeader.make(shape: shape, voxelType: type, affine: affine, description: "made here")
        #expect(header.version == 1)
        #expect(header.shape == shape)
        #expect(header.voxelType == type)
        #expect(header.affine == affine)
        #expect(header.voxelOffset == 352)
        #expect(header.scaling == Scaling(slope: 1, intercept: 0))
        #expect(header.bytes[148..<158].elementsEqual(Array("made here\0".utf8)))
        #expect(try NIfTIHeader(bytes: header.bytes) == header)
        // Spacings are the lengths of the affine's columns.
        for (index, spacing) in [2, 3, 1.5].enumerated() {
            let stored = header.bytes[80 + 4 * index..<84 + 4 * index]
            #expect(stored.elementsEqual(withUnsafeBytes(of: Float(spacing).bitPattern.littleEndian) { Array($0) }))
        }
    }

    @Test("A long description is cut to its field")
    func longDescription() throws {
        let shape = try Shape(columns: 2, rows: 2, slices: 2)
        let header = try NIfTIHeader.make(
            shape: shape, voxelType: .uint8, affine: .identity, description: String(repeating: "d", count: 500))
        #expect(header.bytes[148..<227].allSatisfy { $0 == UInt8(ascii: "d") })
        #expect(header.bytes[227] == 0)
        #expect(header.affine == .identity)
    }

    @Test("A side beyond NIfTI-1 cannot be made")
    func sideTooLong() throws {
        let shape = try Shape(columns: 32768, rows: 2, slices: 2)
        #expect {
            try NIfTIHeader.make(shape: shape, voxelType: .uint8, affine: .identity, description: "")
        } throws: { error in
            (error as? NIfTIError)?.code == .unsupported && "\(error)".contains("32768x2x2")
        }
    }

    @Test("Header, extensions and voxels that do not belong together make no image")
    func mismatchedParts() throws {
        let header = try NIfTIHeader(bytes: HeaderBytes(sides: [2, 2, 2], type: .uint8).bytes)
        let volume = try Volume(shape: header.shape, voxelType: .uint8, voxels: [UInt8](repeating: 1, count: 8))
        let other = try Volume(shape: header.shape, voxelType: .int8, voxels: [UInt8](repeating: 1, count: 8))
        let flat = try Volume(shape: try Shape(columns: 4, rows: 2, slices: 1), voxelType: .uint8, voxels: volume.voxels)
        #expect(throws: Never.self) { try NIfTIImage(header: header, extensions: [0, 0, 0, 0], volume: volume) }
        #expect(throws: NIfTIError.self) { try NIfTIImage(header: header, extensions: [0, 0, 0, 0], volume: other) }
        #expect(throws: NIfTIError.self) { try NIfTIImage(header: header, extensions: [0, 0, 0, 0], volume: flat) }
        #expect(throws: NIfTIError.self) { try NIfTIImage(header: header, extensions: [], volume: volume) }
    }
}
