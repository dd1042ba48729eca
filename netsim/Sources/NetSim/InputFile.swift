internal import CNetSim
import Glibc

/// Reads whole files that nobody vouches for.
enum InputFile {
    /// The bytes of a regular file.
    ///
    /// - Throws: ``NetSimError`` with code `invalidParameter`, naming the path, when the file cannot be read or is too long.
    static func contents(of path: String, maximumByteCount: Int) throws -> [UInt8] {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw NetSimError(.invalidParameter, "a file's path must not be empty or contain a NUL byte")
        }
        let descriptor = netsim_open_input(path)
        guard descriptor >= 0 else { throw NetSimError.system(.invalidParameter, "\(path): cannot be opened") }
        defer { close(descriptor) }
        var status = stat()
        // A pipe or a device could keep its reader waiting, or give bytes without end.
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw NetSimError(.invalidParameter, "\(path): not a regular file")
        }
        guard status.st_size <= maximumByteCount else {
            throw NetSimError(.invalidParameter, "\(path): longer than \(maximumByteCount) bytes")
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                read(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw NetSimError.system(.invalidParameter, "\(path): cannot be read") }
            // It has become shorter since it was measured.
            guard got > 0 else { break }
            count += got
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}
