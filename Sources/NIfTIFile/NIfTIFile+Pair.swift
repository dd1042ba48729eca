public import Faults
internal import Files
internal import VolumeModel

extension NIfTIFile {
    /// Reads a file, or a pair (.hdr and .img, each compressed or not) by either of its names. A pair is one to read only: nothing carries its two
    /// files verbatim.
    /// - Throws: `NIfTIError`, naming the file.
    public static func readFileOrPair(_ path: String) throws(NIfTIError) -> NIfTIImage {
        guard let stem = pairStem(path) else { return try read(path) }
        let (header, headerPath) = try opened(stem, ".hdr")
        do throws(NIfTIError) {
            let start = try header.read(upTo: 348)
            let layout = try HeaderLayout(identifying: start)
            guard start.count == 348 else { throw NIfTIError(.truncated, "the file ends within its header") }
            var bytes = layout.version == 1 ? start : start + (try header.read(upTo: 540 - 348))
            guard bytes.count == layout.headerByteCount else { throw NIfTIError(.truncated, "the file ends within its header") }
            guard bytes[layout.magicOffset + 1] == UInt8(ascii: "i") else { return try read(headerPath) }
            let offset = try voxelOffset(HeaderFields(bytes: bytes, layout: layout).announcedVoxelOffset)
            // The header of a single file with the same voxels.
            bytes[layout.magicOffset + 1] = UInt8(ascii: "+")
            for index in 0..<(layout.version == 1 ? 4 : 8) { bytes[layout.voxelOffsetOffset + index] = 0 }
            let single = try NIfTIHeader(bytes: bytes)
            let (voxels, voxelPath) = try opened(stem, ".img")
            do throws(NIfTIError) { return try image(single, from: offset, of: voxels) } catch { throw error.naming(voxelPath) }
        } catch {
            throw error.message.hasPrefix(stem) ? error : error.naming(headerPath)
        }
    }

    /// The name of a pair without its ending; nil for another kind of file.
    private static func pairStem(_ path: String) -> String? {
        for ending in [".hdr", ".img", ".hdr.gz", ".img.gz"] where path.lowercased().hasSuffix(ending) {
            return String(path.dropLast(ending.count))
        }
        return nil
    }

    private static func opened(_ stem: String, _ ending: String) throws(NIfTIError) -> (ByteSource, String) {
        let paths = [ending, ending.uppercased()].flatMap { [stem + $0, stem + $0 + ".gz"] }
        var first: NIfTIError?
        for path in paths {
            do throws(NIfTIError) { return (try ByteSource(path: path), path) } catch { first = first ?? error.naming(path) }
        }
        throw first ?? NIfTIError(.notNIfTI, "\(stem) is no pair")
    }

    private static func voxelOffset(_ announced: Double) throws(NIfTIError) -> Int {
        guard announced.isFinite, announced >= 0, announced == announced.rounded() else {
            throw NIfTIError(.invalidHeader, "vox_offset is \(announced); it must be a whole number")
        }
        guard announced <= Double(NIfTIHeader.extensionLimit) else {
            throw NIfTIError(
                .tooLarge, "vox_offset is \(announced): more than \(NIfTIHeader.extensionLimit) bytes before the voxels")
        }
        return Int(announced)
    }

    private static func image(_ header: NIfTIHeader, from offset: Int, of source: ByteSource) throws(NIfTIError) -> NIfTIImage {
        guard offset + header.voxelByteCount <= source.remainingByteBound else {
            throw truncation(
                header, source,
                "its header announces \(header.shape) voxels of \(header.voxelType) from byte \(offset), more than the file can hold"
            )
        }
        guard try source.read(upTo: offset).count == offset else {
            throw truncation(header, source, "the file ends before its voxels begin")
        }
        return try image(header, extensions: [0, 0, 0, 0], source)
    }
}
