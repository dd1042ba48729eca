public import Faults
internal import Glibc

/// The system calls that put a whole file in its place, in the order in which they have to come; tests put others in their place.
public struct AtomicFileSystem: Sendable {
    /// `fsync`: of the file before it has its name, and of the folder after.
    public var synchronize: @Sendable (Int32) -> Int32 = { fsync($0) }
    /// `rename`.
    public var rename: @Sendable (_ from: String, _ to: String) -> Int32 = { Glibc.rename($0, $1) }

    /// The system's own.
    public init() {}
}

/// A file that appears whole or not at all.
///
/// It is written without a name (Linux's `O_TMPFILE`), so that nothing of it is left behind when the program is killed while it
/// writes, and gets its name by a rename. File systems without nameless files get a hidden one beside the place.
public final class AtomicFile {
    /// Path that the file will have.
    public let path: String
    private let folder: String
    private var descriptor: Int32
    private let temporaryPath: String
    private var hasTemporaryName = false
    private var committed = false
    private let system: AtomicFileSystem
    private let replaces: Bool

    /// Begins a file.
    /// - Parameter replacing: whether a file of that name gives way; if not, one that is there at the end stays.
    /// - Throws: `FileError.Code.cannotWrite` when the folder does not exist or may not be written.
    public init(path: String, replacing: Bool = true, system: AtomicFileSystem = AtomicFileSystem()) throws(FileError) {
        self.path = path
        self.system = system
        replaces = replacing
        let slash = path.lastIndex(of: "/")
        folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        temporaryPath = "\(folder)/.\(name).\(getpid()).\(UInt32.random(in: 0 ... .max)).part"
        // glibc's O_TMPFILE is a macro Swift does not import: __O_TMPFILE | O_DIRECTORY.
        descriptor = open(folder, 0o20000000 | O_DIRECTORY | O_WRONLY | O_CLOEXEC, 0o666)
        if descriptor < 0, errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL {
            descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            hasTemporaryName = descriptor >= 0
        }
        guard descriptor >= 0 else { throw failure() }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        if hasTemporaryName, !committed { unlink(temporaryPath) }
    }

    /// Appends bytes.
    /// - Throws: `FileError.Code.cannotWrite`.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var written = 0
        while written < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            if count < 0 {
                if errno == EINTR { continue }
                throw failure()
            }
            written += count
        }
    }

    /// Appends bytes.
    /// - Throws: `FileError.Code.cannotWrite`.
    public func write(_ bytes: [UInt8]) throws(FileError) {
        var result: Result<Void, FileError> = .success(())
        bytes.withUnsafeBytes { raw in
            do throws(FileError) { try write(raw) } catch { result = .failure(error) }
        }
        try result.get()
    }

    /// Puts the whole file on disk under its name, in place of any older one unless that is to stay.
    /// - Throws: `FileError.Code.cannotWrite`; `.alreadyExists` where an older one stays.
    public func commit() throws(FileError) {
        guard system.synchronize(descriptor) == 0 else { throw failure() }
        if !hasTemporaryName {
            let linked = linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, temporaryPath, AT_SYMLINK_FOLLOW)
            guard linked == 0 else { throw failure() }
            hasTemporaryName = true
        }
        if replaces {
            guard system.rename(temporaryPath, path) == 0 else { throw failure() }
        } else {
            // A link, unlike a rename, never takes the place of a file that somebody made meanwhile.
            guard link(temporaryPath, path) == 0 else { throw failure() }
            unlink(temporaryPath)
        }
        committed = true
        // Without this the name itself may be gone after a power cut.
        let folder = open(self.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            _ = system.synchronize(folder)
            close(folder)
        }
        close(descriptor)
        descriptor = -1
    }

    /// Writes a whole file at once.
    /// - Throws: `FileError.Code.cannotWrite`.
    public static func write(_ bytes: [UInt8], to path: String, replacing: Bool = true) throws(FileError) {
        let file = try AtomicFile(path: path, replacing: replacing)
        try file.write(bytes)
        try file.commit()
    }

    /// One sentence for a file that stays where it is.
    public static func exists(_ path: String) -> FileError {
        FileError(.alreadyExists, "\(path): there is a file already")
    }

    private func failure() -> FileError {
        if errno == EEXIST, !replaces { return Self.exists(path) }
        return FileError(
            errno == EACCES || errno == EPERM ? .notPermitted : .cannotWrite,
            "\(path): cannot be written: \(FileError.systemMessage(errno))")
    }
}
