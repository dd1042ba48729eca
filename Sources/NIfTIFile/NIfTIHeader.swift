public import Faults
public import VolumeModel

/// A NIfTI-1 or NIfTI-2 header: its bytes as they stood in the file, and what they say.
public struct NIfTIHeader: Sendable, Equatable {
    /// 348 bytes (NIfTI-1) or 540 bytes (NIfTI-2), verbatim.
    public let bytes: [UInt8]
    /// 1 or 2.
    public let version: Int
    /// True when the file's byte order is not this machine's.
    public let isByteSwapped: Bool
    /// Time points x slices x rows x columns.
    public let shape: Shape
    /// Storage type of each voxel.
    public let voxelType: VoxelType
    /// Offset of the voxels, in bytes from the start of the uncompressed file.
    public let voxelOffset: Int
    /// `scl_slope` and `scl_inter`; a slope that is 0 or not finite means none.
    public let scaling: Scaling

    /// The longest stretch between header and voxels, in bytes, that is read.
    public static let extensionLimit = 64 << 20

    /// Bytes of voxels.
    public var voxelByteCount: Int { shape.voxelCount * voxelType.byteCount }

    /// Reads a header.
    /// - Parameter bytes: 348 or 540 bytes, as the header's own first four say.
    /// - Throws: `NIfTIError` with code `notNIfTI`, `unsupported`, `invalidHeader` or `tooLarge`.
    public init(bytes: [UInt8]) throws(NIfTIError) {
        let layout = try HeaderLayout(identifying: bytes)
        guard bytes.count == layout.headerByteCount else {
            throw NIfTIError(.truncated, "a NIfTI-\(layout.version) header has \(layout.headerByteCount) bytes, not \(bytes.count)")
        }
        let fields = HeaderFields(bytes: bytes, layout: layout)
        self.bytes = bytes
        version = layout.version
        isByteSwapped = layout.isByteSwapped
        shape = try fields.shape()
        voxelType = try fields.voxelType()
        voxelOffset = try fields.voxelOffset()
        scaling = fields.scaling()
    }

    /// True when the magic says that the voxels are in a file of their own. Where they follow all the same they are read, as nibabel
    /// does: the names of such files say `.nii`, and writers have left the wrong magic in them.
    var isHalfOfPair: Bool {
        bytes[HeaderLayout(version: version, isByteSwapped: isByteSwapped).magicOffset + 1] == UInt8(ascii: "i")
    }

    /// Oddities of the header, though it can be read.
    var remarks: [String] {
        let layout = HeaderLayout(version: version, isByteSwapped: isByteSwapped)
        let bits = HeaderFields(bytes: bytes, layout: layout).bitsPerVoxel
        return bits == 0 || bits == voxelType.byteCount * 8
            ? []
            : [
                "the header says \(bits) bits a voxel, and \(voxelType), which has \(voxelType.byteCount * 8): it is read as \(voxelType)"
            ]
    }
}

/// Offsets of the fields of one NIfTI version, and their byte order.
struct HeaderLayout {
    let version: Int
    let isByteSwapped: Bool

    var headerByteCount: Int { version == 1 ? 348 : 540 }
    var dimOffset: Int { version == 1 ? 40 : 16 }
    var datatypeOffset: Int { version == 1 ? 70 : 12 }
    var bitpixOffset: Int { version == 1 ? 72 : 14 }
    var voxelOffsetOffset: Int { version == 1 ? 108 : 168 }
    var slopeOffset: Int { version == 1 ? 112 : 176 }
    var calMaxOffset: Int { version == 1 ? 124 : 192 }
    var descriptionOffset: Int { version == 1 ? 148 : 240 }
    var magicOffset: Int { version == 1 ? 344 : 4 }
    /// Offset of the units: one byte in NIfTI-1, the lowest of a 32-bit number in NIfTI-2.
    var unitsOffset: Int { version == 1 ? 123 : isByteSwapped ? 503 : 500 }
    /// The smallest offset voxels may have: the header and its four extension bytes.
    var minVoxelOffset: Int { headerByteCount + 4 }

    init(version: Int, isByteSwapped: Bool) {
        self.version = version
        self.isByteSwapped = isByteSwapped
    }

    /// Tells version and byte order by the first four bytes, then checks the magic where enough bytes are there.
    init(identifying bytes: [UInt8]) throws(NIfTIError) {
        guard bytes.count >= 4 else { throw NIfTIError(.truncated, "shorter than a NIfTI header") }
        let size = bytes.withUnsafeBytes { $0.loadUnaligned(as: Int32.self) }
        switch size {
        case 348: self.init(version: 1, isByteSwapped: false)
        case 540: self.init(version: 2, isByteSwapped: false)
        case Int32(348).byteSwapped: self.init(version: 1, isByteSwapped: true)
        case Int32(540).byteSwapped: self.init(version: 2, isByteSwapped: true)
        default:
            throw NIfTIError(
                .notNIfTI,
                ForeignFile.sentence(for: bytes) ?? "not a NIfTI file (it begins with \(size), not 348 or 540)")
        }
        guard bytes.count >= magicOffset + 4 else { return }
        let magic = bytes[magicOffset..<magicOffset + 4]
        if magic.elementsEqual(Array("n+\(version)\0".utf8)) || magic.elementsEqual(Array("ni\(version)\0".utf8)) { return }
        throw NIfTIError(.notNIfTI, "not a NIfTI-\(version) file (its magic is missing; an Analyze 7.5 header?)")
    }
}

struct HeaderFields {
    let bytes: [UInt8]
    let layout: HeaderLayout

    private func integer<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, at offset: Int) -> T {
        let value = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
        return layout.isByteSwapped ? value.byteSwapped : value
    }
    private func float(at offset: Int) -> Double { Double(Float(bitPattern: integer(UInt32.self, at: offset))) }
    private func double(at offset: Int) -> Double { Double(bitPattern: integer(UInt64.self, at: offset)) }
    private func dimension(_ index: Int) -> Int {
        layout.version == 1
            ? Int(integer(Int16.self, at: layout.dimOffset + 2 * index))
            : Int(integer(Int64.self, at: layout.dimOffset + 8 * index))
    }

    func shape() throws(NIfTIError) -> Shape {
        let count = dimension(0)
        guard (1...7).contains(count) else { throw NIfTIError(.invalidHeader, "dim[0] is \(count), not 1 to 7") }
        guard count >= 2 else { throw NIfTIError(.unsupported, "a 1-D signal; Fovea sends volumes of 2 to 4 dimensions") }
        var sides = [1, 1, 1, 1]
        for index in 1...count {
            let side = dimension(index)
            guard side >= 1 else { throw NIfTIError(.invalidHeader, "dim[\(index)] is \(side); every side must be at least 1") }
            if index <= 4 {
                sides[index - 1] = side
            } else if side != 1 {
                throw NIfTIError(.unsupported, "dim[\(index)] is \(side); Fovea sends volumes of 2 to 4 dimensions")
            }
        }
        do {
            return try Shape(columns: sides[0], rows: sides[1], slices: sides[2], timepoints: sides[3])
        } catch {
            throw NIfTIError(.tooLarge, error.message)
        }
    }

    func voxelType() throws(NIfTIError) -> VoxelType {
        let code = integer(Int16.self, at: layout.datatypeOffset)
        guard let type = NIfTIDatatype.voxelType(code: code) else {
            throw NIfTIError(
                .unsupported,
                "voxels of \(NIfTIDatatype.name(code: code)); Fovea sends whole numbers of 8 to 64 bits, float32 and float64")
        }
        return type
    }

    /// `bitpix`: says nothing that the datatype does not, and is 0 or wrong in files that every other program reads.
    var bitsPerVoxel: Int { Int(integer(Int16.self, at: layout.bitpixOffset)) }

    /// `vox_offset`, which may be anything.
    var announcedVoxelOffset: Double {
        layout.version == 1 ? float(at: layout.voxelOffsetOffset) : Double(integer(Int64.self, at: layout.voxelOffsetOffset))
    }

    func voxelOffset() throws(NIfTIError) -> Int {
        let offset = announcedVoxelOffset
        // Some writers leave 0 and mean "right after the header".
        if offset == 0 { return layout.minVoxelOffset }
        // A header that was the first half of a pair has no extension bytes.
        let isHalfOfPair = bytes[layout.magicOffset + 1] == UInt8(ascii: "i")
        let least = isHalfOfPair ? layout.headerByteCount : layout.minVoxelOffset
        guard offset.isFinite, offset >= Double(least), offset == offset.rounded() else {
            throw NIfTIError(.invalidHeader, "vox_offset is \(offset); it must be a whole number from \(least)")
        }
        guard offset <= Double(layout.headerByteCount + NIfTIHeader.extensionLimit) else {
            throw NIfTIError(.tooLarge, "vox_offset is \(offset): more than \(NIfTIHeader.extensionLimit) bytes of extensions")
        }
        return Int(offset)
    }

    func scaling() -> Scaling {
        let (slope, intercept) =
            layout.version == 1
            ? (float(at: layout.slopeOffset), float(at: layout.slopeOffset + 4))
            : (double(at: layout.slopeOffset), double(at: layout.slopeOffset + 8))
        guard slope.isFinite, slope != 0, intercept.isFinite else { return .none }
        return Scaling(slope: slope, intercept: intercept)
    }
}

enum NIfTIDatatype {
    private static let table: [(code: Int16, type: VoxelType)] = [
        (2, .uint8), (4, .int16), (8, .int32), (16, .float32), (64, .float64), (256, .int8), (512, .uint16), (768, .uint32),
        (1024, .int64), (1280, .uint64),
    ]
    static func voxelType(code: Int16) -> VoxelType? { table.first { $0.code == code }?.type }
    static func code(_ type: VoxelType) -> Int16 { table.first { $0.type == type }?.code ?? 0 }
    static func name(code: Int16) -> String {
        switch code {
        case 1: "single bits"
        case 32, 1792, 2048: "complex numbers"
        case 128, 2304: "RGB colours"
        case 1536: "128-bit floats"
        default: "unknown type \(code)"
        }
    }
}
