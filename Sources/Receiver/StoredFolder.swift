package import Foundation
package import WireFormat

/// A session's folder, opened so that nothing in it leads elsewhere: no link is followed, nothing but a regular file is opened, and no
/// file is read beyond a limit. Whoever can write there may have put anything there.
package final class StoredFolder: Sendable {
    private let descriptor: Int32

    /// The properties that tell one file from another, and from itself once it was written to.
    package struct Identity: Sendable, Equatable {
        let device: UInt
        let inode: UInt
        let byteCount: Int
        let seconds: Int
        let nanoseconds: Int
    }

    /// Opens a folder below a receiver's; nil where there is none, or a link in its place.
    package init?(root: String, session: Name) {
        descriptor = Foundation.open("\(root)/\(session)", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        if descriptor < 0 { return nil }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Opens a regular file of the folder; nil where there is none.
    /// - Parameter name: without slashes.
    package func open(_ name: String) -> FileHandle? {
        guard !name.contains("/") else { return nil }
        // A pipe without a writer must not hold this up.
        let file = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return nil }
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return handle
    }

    /// A whole file; nil where there is none, or a larger one.
    func contents(of name: String, limit: Int) -> [UInt8]? {
        guard let file = open(name), let data = try? file.read(upToCount: limit + 1), data.count <= limit else { return nil }
        return Array(data)
    }

    /// Of a file, or of the folder itself under ".".
    func identity(of name: String) -> Identity? {
        var status = stat()
        guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        return Identity(
            device: UInt(status.st_dev), inode: UInt(status.st_ino), byteCount: Int(status.st_size),
            seconds: Int(status.st_mtim.tv_sec), nanoseconds: Int(status.st_mtim.tv_nsec))
    }

    /// Tells whether a file's name ends so, among the first few hundred of the folder.
    func hasFile(endingIn ending: String) -> Bool { !files(endingIn: ending, limit: 1).isEmpty }

    /// Names that end so, in order, among the first few hundred of the folder.
    func files(endingIn ending: String, limit: Int) -> [String] {
        // The stream closes its own descriptor.
        let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { return [] }
        guard let stream = fdopendir(copy) else {
            close(copy)
            return []
        }
        defer { closedir(stream) }
        var names: [String] = []
        for _ in 0..<256 {
            guard names.count < limit, let entry = readdir(stream) else { break }
            if entry.fileName.hasSuffix(ending) { names.append(entry.fileName) }
        }
        return names.sorted()
    }
}

extension UnsafeMutablePointer where Pointee == dirent {
    /// The entry's name; anything that is no UTF-8 in it is replaced.
    var fileName: String {
        withUnsafeBytes(of: &pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
