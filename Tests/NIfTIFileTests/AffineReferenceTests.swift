import CNIfTI
import NIfTIFile
import Testing
import VolumeModel

/// A header's geometry against the one that libnifti works out of the same bytes.
@Suite("Affines as libnifti has them")
struct AffineReferenceTests {
    struct Form: Sendable, CustomTestStringConvertible {
        var version: Int
        var isBigEndian: Bool
        var sformCode: Int
        var qformCode: Int
        var qfac: Double
        var testDescription: String {
            "NIfTI-\(version) \(isBigEndian ? "big" : "little") endian, sform \(sformCode), qform \(qformCode), qfac \(qfac)"
        }
        static let all: [Form] = [1, 2].flatMap { version in
            [false, true].flatMap { order in
                [(1, 1), (4, 2), (1, 0), (0, 1), (0, 3), (0, 0)].flatMap { codes in
                    [1.0, -1, 0].map {
                        Form(version: version, isBigEndian: order, sformCode: codes.0, qformCode: codes.1, qfac: $0)
                    }
                }
            }
        }

        /// Oblique, with an sform and a qform that differ by far: which one is taken shows.
        func header() -> HeaderBytes {
            var header = HeaderBytes(version: version, isBigEndian: isBigEndian, sides: [4, 5, 6], type: .int16)
            header.setQform(
                quaternion: (0.1, -0.2, 0.3), offset: [-80, 7.5, 0.25], spacing: [0.5, 1.25, 3], qfac: qfac, code: qformCode)
            header.setSform(
                [[-0.875, 0.125, 0.25, 90.5], [0.0625, 1.75, -0.5, -126.25], [0.375, -0.03125, 2.5, -72]], code: sformCode)
            return header
        }
    }

    private func reference(_ bytes: [UInt8], version: Int) throws -> [[Double]] {
        nifti_set_debug_level(0)
        let image = bytes.withUnsafeBytes { raw in
            version == 1
                ? nifti_convert_n1hdr2nim(raw.loadUnaligned(as: nifti_1_header.self), nil)
                : nifti_convert_n2hdr2nim(raw.loadUnaligned(as: nifti_2_header.self), nil)
        }
        let made = try #require(image)
        defer { nifti_image_free(made) }
        let matrix = made.pointee.sform_code > 0 ? made.pointee.sto_xyz : made.pointee.qto_xyz
        return withUnsafeBytes(of: matrix.m) { raw in
            let numbers = raw.bindMemory(to: Double.self)
            return (0..<3).map { row in (0..<4).map { numbers[row * 4 + $0] } }
        }
    }

    private func expectSame(_ header: HeaderBytes, scale: Double = 1, _ what: String) throws {
        let rows = try NIfTIHeader(bytes: header.bytes).affine.rows
        let expected = try reference(header.bytes, version: header.version)
        for (row, line) in expected.enumerated() {
            for (column, number) in line.enumerated() {
                let wanted = number * scale
                #expect(abs(rows[row][column] - wanted) <= 1e-5 * max(1, abs(wanted)), "\(what), row \(row), column \(column)")
            }
        }
    }

    @Test("sform goes before qform, qform before the sides alone, with either handedness", arguments: Form.all)
    func form(form: Form) throws { try expectSame(form.header(), form.testDescription) }

    @Test("Half turns, where the quaternion leaves nothing for its first number", arguments: [1, 2])
    func halfTurns(version: Int) throws {
        for (index, quaternion) in [(1.0, 0.0, 0.0), (0, 1, 0), (0, 0, 1), (0.6, 0.8, 0), (0.6, 0, -0.8)].enumerated() {
            for qfac in [1.0, -1] {
                var header = HeaderBytes(version: version, sides: [4, 5, 6], type: .int16)
                header.setQform(quaternion: quaternion, offset: [1, 2, 3], spacing: [2, 3, 4], qfac: qfac)
                try expectSame(header, "turn \(index), qfac \(qfac)")
            }
        }
    }

    @Test(
        "Metres and micrometres become millimetres, whichever form says where voxels lie; no unit means millimetres",
        arguments: Form.all)
    func units(form: Form) throws {
        // Bits 3 to 5 are the unit of time and must not disturb.
        for (code, scale) in [(1, 1000.0), (2, 1), (3, 0.001), (0, 1), (1 | 8, 1000), (3 | 16, 0.001)] {
            var header = form.header()
            if form.version == 1 { header.bytes[123] = UInt8(code) } else { header.put(Int32(code), at: 500) }
            try expectSame(header, scale: scale, "unit \(code)")
            let read = try NIfTIHeader(bytes: header.bytes)
            #expect(read.millimetresPerUnit == scale)
            #expect(read.bytes == header.bytes)
        }
    }

    @Test("A brain in metres is not folded flat, and lies where the same one in millimetres does", arguments: [1, 2])
    func brainInMetres(version: Int) throws {
        var inMillimetres = HeaderBytes(version: version, sides: [4, 5, 6], type: .int16)
        var inMetres = inMillimetres
        inMillimetres.setSform([[-1, 0, 0, 90], [0, 1, 0, -126], [0, 0, 1, -72]])
        inMetres.setSform([[-0.001, 0, 0, 0.09], [0, 0.001, 0, -0.126], [0, 0, 0.001, -0.072]])
        if version == 1 { inMetres.bytes[123] = 1 } else { inMetres.put(Int32(1), at: 500) }
        let (first, second) = (try NIfTIHeader(bytes: inMillimetres.bytes).affine, try NIfTIHeader(bytes: inMetres.bytes).affine)
        for (a, b) in zip(first.rows.joined(), second.rows.joined()) { #expect(abs(a - b) < 1e-4) }
        #expect(second.spacing.allSatisfy { abs($0 - 1) < 1e-6 })
    }

    @Test("Voxels of half a micrometre keep their oblique place, and a form that folds the volume flat gives way to the next")
    func tinyAndFlat() throws {
        var header = HeaderBytes(sides: [4, 5, 6], type: .int16)
        header.setQform(quaternion: (0, 0, 0), offset: [1, 2, 3], spacing: [2, 3, 4], qfac: 1)
        header.setSform([[0.4, -0.3, 0, 7], [0.3, 0.4, 0, 8], [0, 0, 0.5, 9]])
        header.bytes[123] = 3
        let tiny = try NIfTIHeader(bytes: header.bytes).affine
        #expect(abs(tiny.rows[0][1] + 0.0003) < 1e-9 && abs(tiny.rows[2][3] - 0.009) < 1e-9)
        for flat in [
            [[1.0, 0, 0, 7], [2, 0, 0, 8], [0, 0, 1, 9]], [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
            [[.nan, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]],
        ] {
            header.bytes[123] = 2
            header.setSform(flat)
            #expect(try NIfTIHeader(bytes: header.bytes).affine.rows == [[2, 0, 0, 1], [0, 3, 0, 2], [0, 0, 4, 3]])
        }
    }
}
