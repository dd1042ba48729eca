public import VolumeModel

extension NIfTIHeader {
    /// From voxel indices to millimetres: sform where there is one, else qform, else the voxels' sides alone. What is not finite, or
    /// would fold the volume flat, gives way to the next. A header in metres or micrometres (`xyzt_units`) is turned to millimetres;
    /// one that names no unit is taken for millimetres.
    ///
    /// Worked out from the header's numbers here, and by no C library: a peer's headers are shown, too, and nothing is printed.
    ///
    /// Source: NIfTI-1 data format, section "3D image (volume) orientation and location in space".
    public var affine: Affine {
        let numbers = GeometryNumbers(self)
        if numbers.sformCode > 0, let affine = numbers.affineOfSform { return affine }
        if numbers.qformCode > 0, let affine = numbers.affineOfQform { return affine }
        return numbers.affineOfSides
    }

    /// Millimetres a unit of length of the header.
    public var millimetresPerUnit: Double {
        // The low three bits of `xyzt_units`: 1 metre, 2 millimetre, 3 micrometre.
        switch bytes[HeaderLayout(version: version, isByteSwapped: isByteSwapped).unitsOffset] & 7 {
        case 1: 1000
        case 3: 0.001
        default: 1
        }
    }
}

/// The numbers of a header that say where its voxels lie.
private struct GeometryNumbers {
    private let bytes: [UInt8]
    private let isByteSwapped: Bool
    private let isFirst: Bool
    private let scale: Double

    init(_ header: NIfTIHeader) {
        bytes = header.bytes
        isByteSwapped = header.isByteSwapped
        isFirst = header.version == 1
        scale = header.millimetresPerUnit
    }

    private func integer<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, at offset: Int) -> T {
        let value = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
        return isByteSwapped ? value.byteSwapped : value
    }

    /// A run of numbers: 4 bytes each in NIfTI-1, 8 in NIfTI-2.
    private func numbers(_ count: Int, _ first: Int, _ second: Int) -> [Double] {
        (0..<count).map { index in
            isFirst
                ? Double(Float(bitPattern: integer(UInt32.self, at: first + 4 * index)))
                : Double(bitPattern: integer(UInt64.self, at: second + 8 * index))
        }
    }

    var qformCode: Int { isFirst ? Int(integer(Int16.self, at: 252)) : Int(integer(Int32.self, at: 344)) }
    var sformCode: Int { isFirst ? Int(integer(Int16.self, at: 254)) : Int(integer(Int32.self, at: 348)) }

    /// The sides of a voxel in millimetres; what is no length counts as 1 mm.
    private var sides: [Double] {
        numbers(4, 76, 104).dropFirst().map { $0 * scale }.map { $0.isFinite && abs($0) > 1e-6 && abs($0) < 1e6 ? abs($0) : 1 }
    }

    var affineOfSides: Affine { Affine(rows: (0..<3).map { row in (0..<4).map { $0 == row ? sides[row] : 0 } }) }

    var affineOfSform: Affine? {
        let values = numbers(12, 280, 400).map { $0 * scale }
        return Self.checked((0..<3).map { Array(values[4 * $0..<4 * $0 + 4]) })
    }

    var affineOfQform: Affine? {
        let quaternion = numbers(3, 256, 352)
        let offset = numbers(3, 268, 376).map { $0 * scale }
        var (b, c, d) = (quaternion[0], quaternion[1], quaternion[2])
        var a = 1 - (b * b + c * c + d * d)
        if a < 1e-7 {
            let length = (b * b + c * c + d * d).squareRoot()
            guard length > 0 else { return nil }
            (a, b, c, d) = (0, b / length, c / length, d / length)
        } else {
            a = a.squareRoot()
        }
        let handedness: Double = numbers(1, 76, 104)[0] < 0 ? -1 : 1
        let (x, y, z) = (sides[0], sides[1], sides[2] * handedness)
        return Self.checked([
            [(a * a + b * b - c * c - d * d) * x, 2 * (b * c - a * d) * y, 2 * (b * d + a * c) * z, offset[0]],
            [2 * (b * c + a * d) * x, (a * a + c * c - b * b - d * d) * y, 2 * (c * d - a * b) * z, offset[1]],
            [2 * (b * d - a * c) * x, 2 * (c * d + a * b) * y, (a * a + d * d - b * b - c * c) * z, offset[2]],
        ])
    }

    private static func checked(_ rows: [[Double]]) -> Affine? {
        guard rows.joined().allSatisfy({ $0.isFinite && abs($0) < 1e9 }) else { return nil }
        let m = rows
        let determinant =
            m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
        // Against the voxel's own sides: a microscope's are a millionth of a head's.
        let affine = Affine(rows: rows)
        return abs(determinant) > 1e-6 * affine.spacing.reduce(1, *) ? affine : nil
    }
}
