internal import Glibc

/// Reads files that hold secrets, and only such as others can neither read nor write.
enum SecretFile {
    /// All bytes of a file.
    /// - Throws: `SecrecyError.Code.notFound`, `notPermitted`, `unreadable`, `exposed`; `tooLarge` for more than `limit` bytes.
    static func read(_ path: String, limit: Int, tooLarge: SecrecyError.Code) throws(SecrecyError) -> [UInt8] {
        // Not to wait for whoever may come to write into a pipe.
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            let code: SecrecyError.Code = errno == ENOENT ? .notFound : errno == EACCES ? .notPermitted : .unreadable
            throw SecrecyError(code, "\(path): \(failure())")
        }
        defer { close(descriptor) }
        // Of what was opened, not of the path: that may lead elsewhere by now.
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SecrecyError(.unreadable, "\(path): \(failure())") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw SecrecyError(.unreadable, "\(path): not a regular file") }
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            throw SecrecyError(.exposed, "\(path): this file is another user's; secrets are read from your own or from root's")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw SecrecyError(.exposed, "\(path): others may use this file; chmod 600 keeps it to its owner")
        }
        let bytes = try readAll(descriptor, limit: limit, path)
        guard bytes.count <= limit else { throw SecrecyError(tooLarge, "\(path): more than \(limit) bytes") }
        return bytes
    }

    /// The bytes up to the end, or one more than `limit`.
    private static func readAll(_ descriptor: Int32, limit: Int, _ path: String) throws(SecrecyError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var count = 0
        while count < bytes.count {
            let step = bytes.withUnsafeMutableBytes { raw in
                Glibc.read(descriptor, raw.baseAddress.map { $0 + count }, raw.count - count)
            }
            if step < 0, errno == EINTR { continue }
            guard step >= 0 else { throw SecrecyError(.unreadable, "\(path): \(failure())") }
            if step == 0 { break }
            count += step
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    private static func failure() -> String { String(cString: strerror(errno)).lowercased() }
}

extension UInt8 {
    /// A space or a tab.
    var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
    /// True for a byte that may follow a line's text: a blank, or a line's end as any system writes it.
    var isTrailing: Bool { isBlank || self == UInt8(ascii: "\n") || self == UInt8(ascii: "\r") }
}

extension ArraySlice where Element == UInt8 {
    /// The bytes that are left without space around them.
    var trimmed: ArraySlice<UInt8> {
        var rest = drop(while: \.isTrailing)
        while rest.last?.isTrailing == true { rest.removeLast() }
        return rest
    }
}
