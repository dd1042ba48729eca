public import Faults
public import Files
internal import VolumeModel

/// Reads and writes .nii and .nii.gz files.
public enum NIfTIFile {
    /// The most bytes after the voxels that are carried along. Longer ones are left out whole, with a remark: no program that reads
    /// NIfTI looks at them, and they may be as long as somebody likes.
    public static let trailerLimit = 16 << 20

    /// Reads a file.
    ///
    /// Sizes are compared with what the file can hold before anything of that size is allocated. Files that break the format where
    /// nothing is lost by it are read as other programs read them, with a remark (``NIfTIImage/remarks``).
    /// - Parameter memoryLimit: the most bytes its extensions and voxels may take, whatever the file can hold.
    /// - Throws: `NIfTIError`, naming the file.
    public static func read(_ path: String, memoryLimit: Int = .max) throws(NIfTIError) -> NIfTIImage {
        do {
            return try read(ByteSource(path: path), memoryLimit)
        } catch {
            throw error.naming(path)
        }
    }

    /// Refuses what cannot be read from its beginning to its end at any time: a FIFO, a device, a folder.
    /// - Throws: `NIfTIError`, naming it.
    public static func requireRegularFile(_ path: String) throws(NIfTIError) {
        do throws(NIfTIError) { _ = try ByteSource(path: path) } catch { throw error.naming(path) }
    }

    private static func read(_ source: ByteSource, _ memoryLimit: Int) throws(NIfTIError) -> NIfTIImage {
        let start = try source.read(upTo: 348)
        let layout = try HeaderLayout(identifying: start)
        guard start.count == 348 else { throw NIfTIError(.truncated, "the file ends within its header") }
        let header = try NIfTIHeader(bytes: layout.version == 1 ? start : start + source.read(upTo: 540 - 348))
        let extensionByteCount = header.voxelOffset - header.bytes.count
        let needed = extensionByteCount + header.voxelByteCount
        guard needed <= source.remainingByteBound else {
            throw truncation(
                header, source,
                "the header announces \(header.shape) voxels of \(header.voxelType) from byte \(header.voxelOffset), "
                    + "more than the file can hold")
        }
        guard needed <= memoryLimit else {
            throw NIfTIError(
                .tooLarge,
                "its \(header.shape) voxels of \(header.voxelType) take \(needed) bytes, above the limit of \(memoryLimit)")
        }
        let extensions = try source.read(upTo: extensionByteCount)
        guard extensions.count == extensionByteCount else {
            throw truncation(header, source, "the file ends before its voxels begin")
        }
        return try image(header, extensions: extensions, source)
    }

    static func truncation(_ header: NIfTIHeader, _ source: ByteSource, _ message: String) -> NIfTIError {
        NIfTIError(
            .truncated,
            header.isHalfOfPair
                ? "\(message); its magic says that the voxels are in an .img file beside it: convert the pair to a single .nii"
                : source.endsWithinMember ? "\(message): the compressed file is cut short" : message)
    }

    /// Reads voxels, and what follows them, from where a source stands.
    static func image(_ header: NIfTIHeader, extensions: [UInt8], _ source: ByteSource) throws(NIfTIError) -> NIfTIImage {
        var (voxels, voxelByteCount) = try readVoxels(source, header.voxelByteCount)
        guard voxelByteCount == header.voxelByteCount else {
            throw truncation(
                header, source, "the file ends after \(voxelByteCount) of \(header.voxelByteCount) bytes of voxels")
        }
        var trailer = try source.read(upTo: trailerLimit + 1)
        var remarks = header.remarks
        if trailer.count > trailerLimit {
            trailer = []
            remarks.append(
                "more than \(trailerLimit) bytes follow the voxels that the header announces; they are left out, and digests end with the voxels"
            )
        }
        if source.endsWithinMember {
            remarks.append("the compressed file ends before its checksum: its voxels are all there, but nothing vouches for them")
        }
        do {
            if header.isByteSwapped { try voxels.withUnsafeMutableBytes { ByteOrder.swap($0, unit: header.voxelType.byteCount) } }
            let volume = try Volume(
                shape: header.shape, voxelType: header.voxelType, voxels: voxels, affine: header.affine, scaling: header.scaling)
            return try NIfTIImage(header: header, extensions: extensions, volume: volume, trailer: trailer, remarks: remarks)
        } catch let error as NIfTIError {
            throw error
        } catch let error as VolumeError where error.code == .noRoom {
            throw NIfTIError(.file(.noRoom), error.message)
        } catch {
            throw NIfTIError(.invalidHeader, "\(error)")
        }
    }

    /// Reads voxels step by step: memory and disk are taken as they come, not as they are announced.
    /// - Returns: room for all, and how many bytes there were.
    private static func readVoxels(_ source: ByteSource, _ byteCount: Int) throws(NIfTIError) -> (PagedArray<UInt8>, Int) {
        do {
            var voxels = try PagedArray<UInt8>(zerosReservedLater: byteCount)
            var position = 0
            while position < byteCount {
                let end = min(byteCount, position + (64 << 20))
                try voxels.reserve(end)
                let made = try voxels.withUnsafeMutableBufferPointer { buffer -> Result<Int, NIfTIError> in
                    let part = UnsafeMutableBufferPointer(rebasing: buffer[position..<end])
                    do throws(NIfTIError) { return .success(try source.read(into: part)) } catch { return .failure(error) }
                }.get()
                position += made
                if position < end { break }
            }
            return (voxels, position)
        } catch let error as VolumeError {
            throw NIfTIError(.file(.noRoom), error.message)
        } catch let error as NIfTIError {
            throw error
        } catch {
            throw NIfTIError(.file(.unreadable), "\(error)")
        }
    }

    /// Writes a file beside its place and renames it: a reader sees the old one or the new one, never a part.
    /// - Parameters:
    ///   - path: compressed, on all cores, when it ends in `.gz`, in capitals or not.
    ///   - compressionLevel: zlib's, 1 to 9.
    ///   - pieces: voxels that are compressed already; they have to be the image's.
    ///   - replacing: whether a file of that name gives way.
    /// - Throws: `FileError.Code.cannotWrite` or `.alreadyExists`, naming the file.
    public static func write(
        _ image: NIfTIImage, to path: String, compressionLevel: Int = 6, pieces: VoxelPieces? = nil, replacing: Bool = true
    ) throws(FileError) {
        let file = try AtomicFile(path: path, replacing: replacing)
        if path.lowercased().hasSuffix(".gz") {
            try compress(image, pieces ?? VoxelPieces(image.header), level: compressionLevel, into: file)
        } else {
            try forEachPart(of: image) { part throws(FileError) in try file.write(part) }
        }
        try file.commit()
    }

    private static func compress(_ image: NIfTIImage, _ pieces: VoxelPieces, level: Int, into file: AtomicFile) throws(FileError) {
        var assembly = try DeflatedPiece.Assembly(file)
        try assembly.add(DeflatedPiece(image.header.bytes + image.extensions, level: level))
        try pieces.forEach(of: image.volume.voxels, level: level) { (piece) throws(FileError) in try assembly.add(piece) }
        if !image.trailer.isEmpty { try assembly.add(DeflatedPiece(image.trailer, level: level)) }
        try assembly.finish()
    }

    /// Writes a compressed file of pieces that are made one after another, in the same way.
    /// - Parameters:
    ///   - pieces: how the voxels are cut; those it holds are not asked for.
    ///   - extensions: the bytes between header and voxels.
    ///   - trailer: the bytes after the voxels.
    ///   - piece: makes the piece of an index. What it throws is thrown.
    /// - Throws: `FileError.Code.cannotWrite`, naming the file.
    public static func write(
        _ pieces: VoxelPieces, header: NIfTIHeader, extensions: [UInt8], trailer: [UInt8], to path: String,
        compressionLevel: Int = 6, piece: (Int) throws -> DeflatedPiece
    ) throws {
        let file = try AtomicFile(path: path)
        var assembly = try DeflatedPiece.Assembly(file)
        try assembly.add(DeflatedPiece(header.bytes + extensions, level: compressionLevel))
        for index in 0..<pieces.count { try assembly.add(try pieces[index] ?? piece(index)) }
        if !trailer.isEmpty { try assembly.add(DeflatedPiece(trailer, level: compressionLevel)) }
        try assembly.finish()
        try file.commit()
    }

    private static func forEachPart(of image: NIfTIImage, _ body: (UnsafeRawBufferPointer) throws(FileError) -> Void)
        throws(FileError)
    {
        do {
            try image.forEachPart { try body($0) }
        } catch let error as FileError {
            throw error
        } catch {
            throw FileError(.cannotWrite, "\(error)")
        }
    }
}
