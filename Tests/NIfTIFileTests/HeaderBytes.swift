import VolumeModel

/// A NIfTI header put together field by field from the standard's tables, independently of the reader.
struct HeaderBytes: Sendable {
    let version: Int
    let isBigEndian: Bool
    var bytes: [UInt8]

    /// A valid header of a volume without orientation, its voxels right after the four extension bytes.
    init(version: Int = 1, isBigEndian: Bool = false, sides: [Int], datatype: Int16, bitpix: Int16) {
        self.version = version
        self.isBigEndian = isBigEndian
        bytes = [UInt8](repeating: 0, count: version == 1 ? 348 : 540)
        put(Int32(bytes.count), at: 0)
        let magic = Array("n+\(version)\0".utf8) + (version == 1 ? [] : [0x0d, 0x0a, 0x1a, 0x0a])
        bytes.replaceSubrange((version == 1 ? 344 : 4)..<(version == 1 ? 348 : 12), with: magic)
        setDim(0, sides.count)
        for index in 1...7 { setDim(index, index <= sides.count ? sides[index - 1] : 1) }
        for index in 0...7 { setPixdim(index, 1) }
        put(datatype, at: version == 1 ? 70 : 12)
        put(bitpix, at: version == 1 ? 72 : 14)
        setVoxelOffset(bytes.count + 4)
        setScaling(slope: 1, intercept: 0)
    }

    init(version: Int = 1, isBigEndian: Bool = false, sides: [Int], type: VoxelType) {
        self.init(
            version: version, isBigEndian: isBigEndian, sides: sides, datatype: Self.datatype(type),
            bitpix: Int16(type.byteCount * 8))
    }

    static func datatype(_ type: VoxelType) -> Int16 {
        switch type {
        case .uint8: 2
        case .int16: 4
        case .int32: 8
        case .float32: 16
        case .float64: 64
        case .int8: 256
        case .uint16: 512
        case .uint32: 768
        case .int64: 1024
        case .uint64: 1280
        }
    }

    mutating func put<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        withUnsafeBytes(of: isBigEndian ? value.bigEndian : value.littleEndian) {
            bytes.replaceSubrange(offset..<offset + $0.count, with: $0)
        }
    }

    /// A real number: single precision in NIfTI-1, double in NIfTI-2.
    mutating func putReal(_ value: Double, at offsets: (Int, Int)) {
        if version == 1 { put(Float(value).bitPattern, at: offsets.0) } else { put(value.bitPattern, at: offsets.1) }
    }

    mutating func setDim(_ index: Int, _ value: Int) {
        if version == 1 { put(Int16(truncatingIfNeeded: value), at: 40 + 2 * index) } else { put(Int64(value), at: 16 + 8 * index) }
    }

    mutating func setPixdim(_ index: Int, _ value: Double) { putReal(value, at: (76 + 4 * index, 104 + 8 * index)) }

    mutating func setVoxelOffset(_ value: Int) {
        if version == 1 { put(Float(value).bitPattern, at: 108) } else { put(Int64(value), at: 168) }
    }

    mutating func setScaling(slope: Double, intercept: Double) {
        putReal(slope, at: (112, 176))
        putReal(intercept, at: (116, 184))
    }

    mutating func setSform(_ rows: [[Double]], code: Int = 1) {
        if version == 1 { put(Int16(code), at: 254) } else { put(Int32(code), at: 348) }
        for row in 0..<3 {
            for column in 0..<4 { putReal(rows[row][column], at: (280 + 16 * row + 4 * column, 400 + 32 * row + 8 * column)) }
        }
    }

    mutating func setQform(
        quaternion: (b: Double, c: Double, d: Double), offset: [Double], spacing: [Double], qfac: Double, code: Int = 1
    ) {
        if version == 1 { put(Int16(code), at: 252) } else { put(Int32(code), at: 344) }
        putReal(quaternion.b, at: (256, 352))
        putReal(quaternion.c, at: (260, 360))
        putReal(quaternion.d, at: (264, 368))
        for axis in 0..<3 { putReal(offset[axis], at: (268 + 4 * axis, 376 + 8 * axis)) }
        setPixdim(0, qfac)
        for axis in 0..<3 { setPixdim(axis + 1, spacing[axis]) }
    }

    /// A whole file: no extensions, voxels of this many bytes that count up.
    func file(voxelByteCount: Int) -> [UInt8] {
        bytes + [0, 0, 0, 0] + (0..<voxelByteCount).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 3) }
    }
}
