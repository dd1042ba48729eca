internal import Foundation
internal import NIfTIFile
internal import WireFormat

/// A volume's file as it lies on disk.
struct WrittenFile: Sendable, Equatable {
    /// SHA-256 of its uncompressed bytes.
    let digest: Digest
    /// SHA-256 of its bytes.
    let fileDigest: Digest
    /// Its bytes.
    let byteCount: Int

    /// Bytes of one reading.
    private static let step = 1 << 20
    /// The most uncompressed bytes that are digested: far beyond any volume that is taken.
    private static let limit = 64 << 30

    /// Reads a file whole, and keeps its digests.
    /// - Parameters:
    ///   - byteCount: how large it has to be; nil where that is not known.
    ///   - known: the digest of its uncompressed bytes, where somebody has read them already.
    /// - Throws: `NIfTIError` when it is not a file of that size, is a link, or cannot be read.
    init(path: String, byteCount expected: Int? = nil, digest known: Digest? = nil) throws {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw NIfTIError(.notFound, "\(path): no such file") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw NIfTIError(.unreadable, "\(path): not a regular file") }
        byteCount = Int(status.st_size)
        guard expected ?? byteCount == byteCount else { throw NIfTIError(.truncated, "\(path): not as large as it was") }
        digest = try known ?? Self.digest(of: path)
        var bytes = DigestBuilder()
        guard let file = FileHandle(forReadingAtPath: path) else { throw NIfTIError(.unreadable, "\(path): cannot be read") }
        defer { try? file.close() }
        while let piece = try file.read(upToCount: Self.step), !piece.isEmpty { piece.withUnsafeBytes { bytes.update($0) } }
        fileDigest = bytes.finish()
    }

    /// The digest of a file's uncompressed bytes, whatever its size.
    /// - Throws: `NIfTIError` when it cannot be read.
    static func digest(of path: String) throws -> Digest {
        var content = DigestBuilder()
        try NIfTIFile.forEachPiece(of: path, limit: limit) { piece in piece.withUnsafeBytes { content.update($0) } }
        return content.finish()
    }
}
