internal import Faults
internal import Files

/// Reads whole files that nobody vouches for.
enum InputFile {
    /// The bytes of a regular file.
    ///
    /// - Throws: ``NetSimError`` with code `invalidParameter`, naming the path, when the file cannot be read or is too long.
    static func contents(of path: String, maximumByteCount: Int) throws -> [UInt8] {
        do throws(FileError) {
            return try PlainFile.contents(of: path, limit: maximumByteCount)
        } catch {
            throw NetSimError(.invalidParameter, error.message)
        }
    }
}
