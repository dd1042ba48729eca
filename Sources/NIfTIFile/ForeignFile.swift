/// Names files that are given for NIfTI and are something else.
enum ForeignFile {
    /// A sentence for a file that begins with these bytes; nil when they are nothing known.
    static func sentence(for bytes: [UInt8]) -> String? {
        func begins(_ text: String, at offset: Int = 0) -> Bool { bytes.dropFirst(offset).starts(with: Array(text.utf8)) }
        if bytes.starts(with: [0x1f, 0x8b]) { return "compressed twice; decompress it once" }
        if begins("DICM", at: 128) { return "a DICOM file, not NIfTI; convert the series to .nii.gz first (dcm2niix does)" }
        if begins("version https://git-lfs") {
            return "a Git LFS pointer, not the volume itself; fetch it with 'git lfs pull'"
        }
        if begins("PK\u{3}\u{4}") { return "a ZIP archive, not NIfTI; unpack it first" }
        if bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) { return "compressed with Zstandard; NIfTI is read plain or as gzip" }
        if begins("BZh") { return "compressed with bzip2; NIfTI is read plain or as gzip" }
        if bytes.starts(with: [0xfd] + Array("7zXZ".utf8)) { return "compressed with xz; NIfTI is read plain or as gzip" }
        if bytes.starts(with: [0, 0, 0, 1]) {
            return "a FreeSurfer volume (.mgh or .mgz), not NIfTI; convert it first (mri_convert does)"
        }
        if begins("NRRD") { return "an NRRD file, not NIfTI; convert it first" }
        if begins("ObjectType") { return "a MetaImage header, not NIfTI; convert it first" }
        if bytes.starts(with: [0x89] + Array("HDF".utf8)) { return "an HDF5 file (MINC 2, perhaps), not NIfTI; convert it first" }
        if begins("FOVEA") { return "a Fovea file, not NIfTI; 'fovea decode' makes a volume of it" }
        let text = String(decoding: bytes.prefix(64), as: UTF8.self).drop(while: \.isWhitespace).lowercased()
        if text.hasPrefix("<!doctype html") || text.hasPrefix("<html") {
            return "a web page, not a volume; the download went wrong, or needs a login"
        }
        if text.hasPrefix("<?xml") || text.hasPrefix("{") { return "a text file, not NIfTI" }
        return nil
    }
}
