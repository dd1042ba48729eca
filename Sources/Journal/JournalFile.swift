internal import Faults
internal import Glibc

/// An open file that no other may open as a journal. It is closed when its last user lets go of it, so that closing never takes
/// the descriptor from one who still waits for the disk.
final class JournalFile: Sendable {
    let path: String
    private let folder: String
    private let descriptor: Int32
    private let system: JournalSystem

    /// Opens or creates the file and locks it.
    /// - Throws: `JournalError.Code.inUse`, `.notAJournal` when it is no plain file, `.notFound` when its folder is not there,
    ///   `.notPermitted`, `.unreadable`.
    init(path: String, system: JournalSystem) throws(JournalError) {
        self.path = path
        self.system = system
        let slash = path.lastIndex(of: "/")
        folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        // Its last owner may have removed it between our opening and our locking it: then nobody would ever find it again.
        for _ in 0..<8 {
            let descriptor = try Self.open(path)
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                let number = errno
                close(descriptor)
                if number == EWOULDBLOCK { break }
                throw .system(number, .unreadable, path, "the journal cannot be locked")
            }
            if let status = Self.status(of: descriptor, at: path) {
                self.descriptor = descriptor
                guard status.st_mode & S_IFMT == S_IFREG else { throw JournalError(.notAJournal, "\(path): not a plain file") }
                return
            }
            close(descriptor)
        }
        throw JournalError(.inUse, "\(path): the journal is in use")
    }

    deinit {
        // A child between fork and exec has the descriptor too, and would keep the lock.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Returns the system's status of a file; nil when its name no longer leads to it.
    private static func status(of descriptor: Int32, at path: String) -> stat? {
        var opened = stat()
        var named = stat()
        guard fstat(descriptor, &opened) == 0, lstat(path, &named) == 0, opened.st_ino == named.st_ino,
            opened.st_dev == named.st_dev
        else { return nil }
        return opened
    }

    private static func open(_ path: String) throws(JournalError) -> Int32 {
        // Without O_NONBLOCK a pipe in its place would be waited for.
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        if descriptor >= 0 { return descriptor }
        let number = errno
        switch number {
        case EISDIR, ELOOP, ENXIO: throw JournalError(.notAJournal, "\(path): not a plain file")
        default: throw .system(number, .unreadable, path, "the journal cannot be opened")
        }
    }

    /// Bytes it has now.
    func byteCount() throws(JournalError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(errno, .unreadable, path, "the journal cannot be read") }
        return Int(status.st_size)
    }

    /// So many bytes from a place.
    /// - Throws: `JournalError.Code.unreadable`, also when there are fewer.
    func read(at position: Int, count: Int) throws(JournalError) -> [UInt8] {
        var number: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = pread(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, position + filled)
                if got > 0 {
                    filled += got
                } else if got == 0 || errno != EINTR {
                    number = got == 0 ? 0 : errno
                    break
                }
            }
        }
        guard bytes.count == count else {
            if number == 0 { throw JournalError(.unreadable, "\(path): the journal became shorter while it was read") }
            throw .system(number, .unreadable, path, "the journal cannot be read")
        }
        return bytes
    }

    /// Writes bytes at a place; when it throws, some of them may be there.
    /// - Throws: `JournalError.Code.noSpace`, `.cannotWrite`.
    func write(_ bytes: [UInt8], at position: Int) throws(JournalError) {
        var written = 0
        let number: Int32 = bytes.withUnsafeBytes { raw in
            while written < raw.count {
                let count = system.write(descriptor, UnsafeRawBufferPointer(rebasing: raw[written...]), position + written)
                // A short write does not say why; the one for the rest does.
                if count > 0 {
                    written += count
                } else if count == 0 {
                    return EIO
                } else if errno != EINTR {
                    return errno
                }
            }
            return 0
        }
        guard number == 0 else { throw .system(number, .cannotWrite, path, "the journal cannot be written") }
    }

    /// Takes away everything from a place on.
    /// - Throws: `JournalError.Code.cannotWrite`.
    func cut(to byteCount: Int) throws(JournalError) {
        while system.truncate(descriptor, byteCount) != 0 {
            guard errno == EINTR else { throw .system(errno, .cannotWrite, path, "the journal cannot be cut") }
        }
    }

    /// Makes its bytes durable. Blocks.
    /// - Throws: `JournalError.Code.cannotWrite`; `.notFound` when the file was removed or put elsewhere.
    func synchronize() throws(JournalError) {
        while system.synchronize(descriptor) != 0 {
            let number = errno
            if number == EINTR { continue }
            // What did not reach the disk now counts as written, in memory: no one must read it from there.
            posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
            throw .system(number, .cannotWrite, path, "the journal cannot be brought to the disk")
        }
        // Bytes of a file that no name leads to are gone with the program.
        guard Self.status(of: descriptor, at: path) != nil else {
            throw JournalError(.notFound, "\(path): the journal was removed while it was written")
        }
    }

    /// Makes its bytes durable, and its name. Blocks.
    /// - Throws: `JournalError.Code.cannotWrite`, `.notPermitted` when the folder may not be read.
    func settle() throws(JournalError) {
        try synchronize()
        let folder = Glibc.open(self.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw .system(errno, .cannotWrite, path, "the journal's folder cannot be opened") }
        defer { close(folder) }
        while system.synchronizeFolder(folder) != 0 {
            // Some file systems keep names by themselves and have nothing to do here.
            if errno == EINVAL { return }
            guard errno == EINTR else {
                throw .system(errno, .cannotWrite, path, "the journal's name cannot be brought to the disk")
            }
        }
    }
}
