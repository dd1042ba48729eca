package import Bytes
internal import Faults
internal import Files
internal import NIfTIFile
internal import WireFormat

/// A volume's file as it lies on disk.
package struct WrittenFile: Sendable, Equatable {
    /// SHA-256 of its uncompressed bytes.
    package let digest: Digest
    /// SHA-256 of its bytes.
    package let fileDigest: Digest
    /// Its bytes.
    let byteCount: Int

    /// The most uncompressed bytes that are digested: far beyond any volume that is taken.
    private static let limit = 64 << 30

    /// Reads a file whole, and keeps its digests.
    /// - Parameters:
    ///   - byteCount: how large it has to be; nil where that is not known.
    ///   - known: the digest of its uncompressed bytes, where somebody has read them already.
    /// - Throws: `FileError` when it is not a file of that size, is a link, or cannot be read.
    package init(path: String, byteCount expected: Int? = nil, digest known: Digest? = nil) throws {
        let file: PlainFile
        do throws(FileError) { file = try PlainFile(path, followsLinks: false) } catch { throw error.naming(path) }
        byteCount = file.byteCount
        guard expected ?? byteCount == byteCount else { throw FileError(.unreadable, "\(path): not as large as it was") }
        digest = try known ?? Self.digest(of: path)
        var bytes = DigestBuilder()
        do throws(FileError) {
            try file.forEachPart { bytes.update($0) }
        } catch {
            throw error.naming(path)
        }
        fileDigest = bytes.finish()
    }

    /// The digest of a file's uncompressed bytes, whatever its size.
    /// - Throws: `NIfTIError` when it cannot be read.
    package static func digest(of path: String) throws -> Digest {
        var content = DigestBuilder()
        try NIfTIFile.forEachPiece(of: path, limit: limit) { piece in piece.withUnsafeBytes { content.update($0) } }
        return content.finish()
    }
}
