public import Faults
internal import Glibc

/// A regular file that is open for reading: never a pipe or a device, which might not end.
///
/// Its errors do not name the file, except those of ``contents(of:limit:)``.
///
///     let file = try PlainFile("scan.fovea")
///     let head = try file.read(0..<min(64, file.byteCount))
public final class PlainFile: Sendable {
    /// Bytes of the file when it was opened.
    public let byteCount: Int
    /// The user it belongs to.
    public let owner: UInt32
    /// Its permission bits, such as 0o600.
    public let permissions: UInt32
    /// True where nobody but its owner may read, write or run it: keys and secrets have to be so.
    public var isOwnersAlone: Bool { permissions & 0o077 == 0 }
    private let descriptor: Int32

    /// Opens a file.
    /// - Parameter followsLinks: false refuses a symbolic link in the last part of the path.
    /// - Throws: `FileError.Code.notFound`, `notPermitted`, `exhausted`; `unreadable` for what is no regular file.
    public init(_ path: String, followsLinks: Bool = true) throws(FileError) {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw FileError(.notFound, "the path of a file is not empty and holds no NUL byte")
        }
        // Without O_NONBLOCK opening a pipe waits for somebody to write into it.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (followsLinks ? 0 : O_NOFOLLOW))
        guard descriptor >= 0 else { throw FileError.reading(errno) }
        // Of what was opened, not of the path: that may lead elsewhere by now.
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw FileError(.unreadable, "not a regular file")
        }
        byteCount = Int(status.st_size)
        owner = status.st_uid
        permissions = status.st_mode & 0o7777
    }

    deinit { close(descriptor) }

    /// Fills a buffer from an offset on.
    /// - Returns: bytes read; fewer than the buffer holds only at the file's end.
    /// - Throws: `FileError.Code.unreadable`.
    public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let count = pread(descriptor, buffer.baseAddress.map { $0 + filled }, buffer.count - filled, offset + filled)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError.reading(errno) }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    /// Reads a part of the file.
    /// - Parameter range: bytes, within ``byteCount``.
    /// - Throws: `FileError.Code.unreadable`, also when the file has become shorter.
    public func read(_ range: Range<Int>) throws(FileError) -> [UInt8] {
        var failure: FileError?
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
            do throws(FileError) {
                filled = try read(into: UnsafeMutableRawBufferPointer(buffer), at: range.lowerBound)
            } catch { failure = error }
        }
        if let failure { throw failure }
        guard bytes.count == range.count else { throw FileError(.unreadable, "it became shorter while it was read") }
        return bytes
    }

    /// Hands over the file's bytes in order, a MiB at a time: to digest them.
    /// - Throws: `FileError.Code.unreadable`, also when the file has become shorter.
    public func forEachPart(_ body: (UnsafeRawBufferPointer) -> Void) throws(FileError) {
        let step = 1 << 20
        for start in stride(from: 0, to: byteCount, by: step) {
            try read(start..<min(byteCount, start + step)).withUnsafeBytes { body($0) }
        }
    }

    /// The whole file, also where it has grown.
    /// - Throws: `FileError.Code.tooLarge` for more than `limit` bytes; `unreadable`.
    public func contents(limit: Int) throws(FileError) -> [UInt8] {
        // A file of the system's own (/proc) says that it has no bytes.
        let room = byteCount == 0 ? limit + 1 : min(byteCount, limit) + 1
        var failure: FileError?
        let bytes = [UInt8](unsafeUninitializedCapacity: room) { buffer, filled in
            do throws(FileError) { filled = try read(into: UnsafeMutableRawBufferPointer(buffer), at: 0) } catch { failure = error }
        }
        if let failure { throw failure }
        guard bytes.count <= limit else { throw FileError(.tooLarge, "more than \(limit) bytes") }
        guard bytes.count < room || byteCount == 0 else { throw FileError(.unreadable, "it became longer while it was read") }
        return bytes
    }

    /// A whole file by its path; errors name it.
    /// - Throws: `FileError`.
    public static func contents(of path: String, limit: Int) throws(FileError) -> [UInt8] {
        do throws(FileError) { return try PlainFile(path).contents(limit: limit) } catch { throw error.naming(path) }
    }
}
