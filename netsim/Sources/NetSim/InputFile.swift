internal import Faults
internal import Files

/// Reads whole files that nobody vouches for.
enum InputFile {
    /// The bytes of a regular file.
    ///
    /// - Throws: ``NetSimError`` with code `invalidParameter`, naming the path, when the file cannot be read or is too long.
    static func contents(of path: String, maximumByteCount: Int) throws -> [UInt8] {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw NetSimError(.invalidParameter, "a file's path must not be empty or contain a NUL byte")
        }
        do throws(FileError) {
            return try PlainFile.contents(of: path, limit: maximumByteCount)
        } catch {
            throw NetSimError(.invalidParameter, error.message)
        }
    }
}
