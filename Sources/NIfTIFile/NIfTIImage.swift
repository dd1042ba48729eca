public import Faults
public import VolumeModel

/// A NIfTI file in memory: header and extensions verbatim, voxels in this machine's byte order.
public struct NIfTIImage: Sendable {
    /// The header, with which the file begins.
    public let header: NIfTIHeader
    /// The bytes between header and voxels, verbatim: the extension flag and the extensions.
    public let extensions: [UInt8]
    /// The voxels and their geometry.
    public let volume: Volume
    /// Bytes after the voxels, verbatim; normally none.
    public let trailer: [UInt8]
    /// Facts that a person should know about how the file was read, a sentence each without a full stop; normally none.
    public let remarks: [String]

    /// Makes an image.
    /// - Throws: `NIfTIError.Code.invalidHeader` when header, extensions and volume do not belong together.
    public init(header: NIfTIHeader, extensions: [UInt8], volume: Volume, trailer: [UInt8] = [], remarks: [String] = [])
        throws(NIfTIError)
    {
        guard header.shape == volume.shape, header.voxelType == volume.voxelType,
            header.bytes.count + extensions.count == header.voxelOffset
        else { throw NIfTIError(.invalidHeader, "header, extensions and voxels do not belong together") }
        self.header = header
        self.extensions = extensions
        self.volume = volume
        self.trailer = trailer
        self.remarks = remarks
    }

    /// Makes an image without extensions; its geometry is in the header.
    public init(header: NIfTIHeader, voxels: [UInt8]) throws { try self.init(header: header, voxels: try PagedArray(voxels)) }

    /// Makes an image without extensions; its geometry is in the header.
    public init(header: NIfTIHeader, voxels: PagedArray<UInt8>) throws {
        try self.init(
            header: header, extensions: [UInt8](repeating: 0, count: header.voxelOffset - header.bytes.count),
            volume: try Volume(shape: header.shape, voxelType: header.voxelType, voxels: voxels))
    }

    /// The same volume, its header saying that it is a preview.
    public func asPreview() throws(NIfTIError) -> NIfTIImage {
        try NIfTIImage(header: try header.asPreview(), extensions: extensions, volume: volume, trailer: trailer)
    }

    /// Bytes of the uncompressed file.
    public var byteCount: Int { header.voxelOffset + header.voxelByteCount + trailer.count }

    /// Hands over the uncompressed file piece by piece, in the file's own byte order: to write it, or to digest it.
    public func forEachPart(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        try header.bytes.withUnsafeBytes(body)
        try extensions.withUnsafeBytes(body)
        if header.isByteSwapped, header.voxelType.byteCount > 1 {
            let step = 1 << 20
            for start in stride(from: 0, to: volume.voxels.count, by: step) {
                var part = volume.voxels.values(start..<min(start + step, volume.voxels.count))
                ByteOrder.swap(&part, unit: header.voxelType.byteCount)
                try part.withUnsafeBytes(body)
            }
        } else {
            try volume.voxels.withUnsafeBytes { (raw) throws -> Void in try body(raw) }
        }
        try trailer.withUnsafeBytes(body)
    }
}

enum ByteOrder {
    /// Reverses the bytes of every `unit` bytes.
    static func swap(_ bytes: inout [UInt8], unit: Int) { bytes.withUnsafeMutableBytes { swap($0, unit: unit) } }

    /// As ``swap(_:unit:)``, of memory.
    static func swap(_ raw: UnsafeMutableRawBufferPointer, unit: Int) {
        switch unit {
        case ...1: break
        case 2: for index in 0..<raw.count / 2 { swapValue(raw, UInt16.self, index) }
        case 4: for index in 0..<raw.count / 4 { swapValue(raw, UInt32.self, index) }
        default: for index in 0..<raw.count / 8 { swapValue(raw, UInt64.self, index) }
        }
    }
    @inline(__always)
    private static func swapValue<T: FixedWidthInteger & BitwiseCopyable>(
        _ raw: UnsafeMutableRawBufferPointer, _ type: T.Type, _ index: Int
    ) {
        let offset = index * MemoryLayout<T>.size
        raw.storeBytes(of: raw.loadUnaligned(fromByteOffset: offset, as: type).byteSwapped, toByteOffset: offset, as: type)
    }
}
