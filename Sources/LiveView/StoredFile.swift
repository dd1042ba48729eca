internal import Foundation
internal import HTTPService

/// A file on disk as an answer, read piece by piece.
enum StoredFile {
    private static let pieceByteCount = 64 << 10

    /// The file as it is now: files are renamed into their places, so that what is open stays whole.
    /// - Parameters:
    ///   - file: a regular file.
    ///   - name: what a browser calls it; of the closed alphabet of names.
    static func response(_ file: FileHandle, contentType: String, name: String) -> HTTPResponse {
        var status = stat()
        guard fstat(file.fileDescriptor, &status) == 0 else { return .notFound }
        let byteCount = Int(status.st_size)
        return HTTPResponse(
            contentType: contentType, headers: [("Content-Disposition", "attachment; filename=\"\(name)\"")], byteCount: byteCount
        ) { writer in
            defer { try? file.close() }
            var left = byteCount
            while left > 0, let piece = try file.read(upToCount: min(left, pieceByteCount)), !piece.isEmpty {
                try await writer.write(piece)
                left -= piece.count
            }
            // Shorter than announced: the client must not take it for whole.
            if left > 0 { throw CancellationError() }
        }
    }
}
