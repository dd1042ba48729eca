internal import VolumeModel

/// Reads and writes .nii and .nii.gz files.
public enum NIfTIFile {
    /// The most bytes after the voxels that are carried along.
    public static let trailerLimit = 16 << 20

    /// Reads a file.
    ///
    /// Sizes are compared with what the file can hold before anything of that size is allocated.
    /// - Throws: `NIfTIError`, naming the file.
    public static func read(_ path: String) throws(NIfTIError) -> NIfTIImage {
        do {
            return try read(ByteSource(path: path))
        } catch {
            throw error.naming(path)
        }
    }

    private static func read(_ source: ByteSource) throws(NIfTIError) -> NIfTIImage {
        let start = try source.read(upTo: 348)
        let layout = try HeaderLayout(identifying: start)
        guard start.count == 348 else { throw NIfTIError(.truncated, "the file ends within its header") }
        let header = try NIfTIHeader(bytes: layout.version == 1 ? start : start + source.read(upTo: 540 - 348))
        let extensionByteCount = header.voxelOffset - header.bytes.count
        let needed = extensionByteCount + header.voxelByteCount
        guard needed <= source.remainingByteBound else {
            throw NIfTIError(
                .truncated,
                "the header announces \(header.shape) voxels of \(header.voxelType) from byte \(header.voxelOffset), "
                    + "more than the file can hold")
        }
        let extensions = try source.read(upTo: extensionByteCount)
        guard extensions.count == extensionByteCount else { throw NIfTIError(.truncated, "the file ends before its voxels begin") }
        var voxels = try source.read(upTo: header.voxelByteCount)
        guard voxels.count == header.voxelByteCount else {
            throw NIfTIError(.truncated, "the file ends after \(voxels.count) of \(header.voxelByteCount) bytes of voxels")
        }
        let trailer = try source.read(upTo: trailerLimit + 1)
        guard trailer.count <= trailerLimit else {
            throw NIfTIError(.tooLarge, "more than \(trailerLimit) bytes follow the voxels the header announces")
        }
        if header.isByteSwapped { ByteOrder.swap(&voxels, unit: header.voxelType.byteCount) }
        do {
            let volume = try Volume(
                shape: header.shape, voxelType: header.voxelType, voxels: voxels, affine: header.affine, scaling: header.scaling)
            return try NIfTIImage(header: header, extensions: extensions, volume: volume, trailer: trailer)
        } catch let error as NIfTIError {
            throw error
        } catch {
            throw NIfTIError(.invalidHeader, "\(error)")
        }
    }

    /// Writes a file beside its place and renames it: a reader sees the old one or the new one, never a part.
    /// - Parameters:
    ///   - path: compressed when it ends in `.gz`, in capitals or not.
    ///   - compressionLevel: zlib's, 1 to 9.
    ///   - replacing: whether a file of that name gives way.
    /// - Throws: `NIfTIError.Code.cannotWrite` or `.alreadyExists`, naming the file.
    public static func write(_ image: NIfTIImage, to path: String, compressionLevel: Int = 6, replacing: Bool = true)
        throws(NIfTIError)
    {
        let file = try AtomicFile(path: path, replacing: replacing)
        if path.lowercased().hasSuffix(".gz") {
            let deflater = try Deflater(level: compressionLevel, file: file)
            try forEachPart(of: image) { part throws(NIfTIError) in try deflater.write(part) }
            try deflater.finish()
        } else {
            try forEachPart(of: image) { part throws(NIfTIError) in try file.write(part) }
        }
        try file.commit()
    }

    private static func forEachPart(of image: NIfTIImage, _ body: (UnsafeRawBufferPointer) throws(NIfTIError) -> Void)
        throws(NIfTIError)
    {
        do {
            try image.forEachPart { try body($0) }
        } catch let error as NIfTIError {
            throw error
        } catch {
            throw NIfTIError(.cannotWrite, "\(error)")
        }
    }
}
