public import Faults
internal import Glibc

/// Plain values, one for every voxel of a volume: in memory as any array's up to a limit, in a file without a name beyond it.
///
/// The system writes such a file's memory back and takes it away where others need it, so that a volume may be as large as the disk rather than as
/// the memory. The file is nobody else's: it has no name, and is gone with the array or the process. Copies share their values until one of them is
/// changed.
public struct PagedArray<Element: BitwiseCopyable & Sendable>: Sendable {
    @usableFromInline var pages: Pages
    /// The number of values.
    public let count: Int

    /// Zeros.
    /// - Throws: `VolumeError.Code.noRoom` when neither memory nor disk has room for them.
    public init(zeros count: Int) throws(VolumeError) {
        pages = try Pages(byteCount: count * MemoryLayout<Element>.stride)
        self.count = count
    }

    /// Zeros for which the disk is asked as they are used: where their number is a file's word that nobody has checked.
    /// - Throws: as ``init(zeros:)``; ``reserve(_:)`` has to be called before values are changed.
    public init(zerosReservedLater count: Int) throws(VolumeError) {
        pages = try Pages(byteCount: count * MemoryLayout<Element>.stride, isReserved: false)
        self.count = count
    }

    /// Makes room for the values before an index.
    /// - Throws: `VolumeError.Code.noRoom`.
    public func reserve(_ end: Int) throws(VolumeError) { try pages.reserve(end * MemoryLayout<Element>.stride) }

    /// Copies values that somebody else holds, too.
    /// - Throws: `VolumeError.Code.noRoom`; the values are shared as before.
    @usableFromInline
    mutating func makeUnique() throws(VolumeError) {
        if !isKnownUniquelyReferenced(&pages) { pages = try pages.copy() }
    }

    /// The same value again and again.
    /// - Throws: as ``init(zeros:)``.
    public init(repeating value: Element, count: Int) throws(VolumeError) {
        try self.init(zeros: count)
        try withUnsafeMutableBufferPointer { $0.update(repeating: value) }
    }

    /// The values of an array.
    /// - Throws: as ``init(zeros:)``.
    public init(_ array: [Element]) throws(VolumeError) {
        try self.init(zeros: array.count)
        try withUnsafeMutableBufferPointer { target in array.withUnsafeBufferPointer { _ = target.update(from: $0) } }
    }

    /// The values' memory.
    @inlinable @inline(__always)
    public func withUnsafeBufferPointer<R, E: Error>(_ body: (UnsafeBufferPointer<Element>) throws(E) -> R) throws(E) -> R {
        let start = pages.start
        defer { extendLifetime(pages) }
        return try body(UnsafeBufferPointer(start: start.assumingMemoryBound(to: Element.self), count: count))
    }

    /// The values' bytes.
    @inlinable @inline(__always)
    public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        let start = pages.start
        defer { extendLifetime(pages) }
        return try body(UnsafeRawBufferPointer(start: start, count: count * MemoryLayout<Element>.stride))
    }

    /// The values' memory, to change it; copied before where somebody else holds it, too.
    /// - Throws: `VolumeError.Code.noRoom`, before anything is changed; what `body` throws.
    @inlinable @inline(__always)
    public mutating func withUnsafeMutableBufferPointer<R>(
        _ body: (UnsafeMutableBufferPointer<Element>) throws(VolumeError) -> R
    ) throws(VolumeError) -> R {
        try makeUnique()
        let start = pages.start
        defer { extendLifetime(pages) }
        return try body(UnsafeMutableBufferPointer(start: start.assumingMemoryBound(to: Element.self), count: count))
    }

    /// The values' bytes, to change them; as ``withUnsafeMutableBufferPointer(_:)``.
    @inlinable @inline(__always)
    public mutating func withUnsafeMutableBytes<R>(
        _ body: (UnsafeMutableRawBufferPointer) throws(VolumeError) -> R
    ) throws(VolumeError) -> R {
        try makeUnique()
        let start = pages.start
        defer { extendLifetime(pages) }
        return try body(UnsafeMutableRawBufferPointer(start: start, count: count * MemoryLayout<Element>.stride))
    }
}

/// Values are read as an array's are; a change may need room, and so it is asked for by a function that throws.
extension PagedArray: RandomAccessCollection {
    @inlinable public var startIndex: Int { 0 }
    @inlinable public var endIndex: Int { count }

    @inlinable @inline(__always) public subscript(index: Int) -> Element {
        precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "index out of range")
        return withUnsafeBufferPointer { $0[index] }
    }

    /// The values of a range, copied.
    @inlinable public func values(_ range: Range<Int>) -> [Element] { withUnsafeBufferPointer { Array($0[range]) } }

    @inlinable public func withContiguousStorageIfAvailable<R>(_ body: (UnsafeBufferPointer<Element>) throws -> R) rethrows -> R? {
        try withUnsafeBufferPointer(body)
    }
}

extension PagedArray: Equatable where Element: Equatable {
    public static func == (a: Self, b: Self) -> Bool {
        a.pages === b.pages || a.withUnsafeBufferPointer { a in b.withUnsafeBufferPointer { a.elementsEqual($0) } }
    }

    public static func == (a: Self, b: [Element]) -> Bool { a.withUnsafeBufferPointer { $0.elementsEqual(b) } }
}

extension PagedArray: CustomStringConvertible {
    public var description: String { count <= 64 ? "\(Array(self))" : "\(prefix(64).map { $0 }) and \(count - 64) more" }
}

/// The limit beyond which a ``PagedArray`` lies in a file, and where such files are.
public struct Paging: Sendable {
    /// The limits in use: the usual ones, unless a task says otherwise for itself and for all that it calls.
    @TaskLocal public static var current = Paging()

    /// Bytes that an array takes of memory at most; a longer one lies in a file.
    public var memoryLimit = 128 << 20
    /// Bytes of the disk that are left for others: where there would be less, there is no room.
    public var diskReserve = 256 << 20
    /// The folder of the files: `TMPDIR`, or `/var/tmp`, which is on a disk where `/tmp` may be in memory.
    public var folder = getenv("TMPDIR").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 } ?? "/var/tmp"

    /// The usual limits and the usual folder.
    public init() {}

    /// The bytes of memory that an array of so many bytes takes: none that the system could not take back where it lies in a file.
    public func memoryByteCount(_ byteCount: Int) -> Int { byteCount > memoryLimit ? 0 : byteCount }

    /// The bytes of disk that it takes.
    public func diskByteCount(_ byteCount: Int) -> Int { byteCount > memoryLimit ? byteCount : 0 }
}

/// The memory of one array and its copies. Its bytes are changed by a sole owner alone.
@usableFromInline
final class Pages: @unchecked Sendable {
    @usableFromInline let start: UnsafeMutableRawPointer
    private let byteCount: Int
    /// The file behind them; nil where they lie in memory.
    private let file: UnnamedFile?

    /// Zeros.
    /// - Parameter isReserved: whether all blocks of a file are taken at once.
    /// - Throws: `VolumeError.Code.noRoom`.
    init(byteCount: Int, isReserved: Bool = true) throws(VolumeError) {
        self.byteCount = byteCount
        let paging = Paging.current
        file = paging.diskByteCount(byteCount) > 0 ? try UnnamedFile(byteCount: byteCount, paging) : nil
        if let file {
            if isReserved { try file.reserve(byteCount) }
            start = try file.map()
        } else if let memory = calloc(max(1, byteCount), 1) {
            start = memory
        } else {
            throw VolumeError(.noRoom, "no memory for \(byteCount) bytes")
        }
    }

    deinit {
        if file != nil { munmap(start, byteCount) } else { free(start) }
    }

    func reserve(_ byteCount: Int) throws(VolumeError) { try file?.reserve(byteCount) }

    /// The same bytes once more.
    /// - Throws: `VolumeError.Code.noRoom`.
    func copy() throws(VolumeError) -> Pages {
        let copy = try Pages(byteCount: byteCount)
        copy.start.copyMemory(from: start, byteCount: byteCount)
        return copy
    }
}

/// A file without a name, for as long as somebody holds it.
private final class UnnamedFile {
    private let descriptor: Int32
    private let byteCount: Int
    private let paging: Paging
    private var reservedByteCount = 0

    /// Makes a file of zeros that takes no blocks yet.
    /// - Throws: `VolumeError.Code.noRoom`.
    init(byteCount: Int, _ paging: Paging) throws(VolumeError) {
        self.byteCount = byteCount
        self.paging = paging
        descriptor = Self.open(in: paging.folder)
        guard descriptor >= 0 else { throw noRoom(errno) }
        guard ftruncate(descriptor, byteCount) == 0 else { throw noRoom(errno) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    private func noRoom(_ reason: Int32) -> VolumeError {
        VolumeError(
            .noRoom,
            "no room for \((byteCount + 999_999) / 1_000_000) MB of voxels in \(paging.folder): \(String(cString: strerror(reason)).lowercased()); TMPDIR chooses another folder"
        )
    }

    /// Takes the blocks of the first bytes: a disk that is full by the time they are written would end the process.
    /// - Throws: `VolumeError.Code.noRoom`, also where nothing would be left for others.
    func reserve(_ end: Int) throws(VolumeError) {
        guard end > reservedByteCount else { return }
        var space = statvfs()
        if fstatvfs(descriptor, &space) == 0 {
            let free = Int(space.f_bavail).multipliedReportingOverflow(by: Int(space.f_frsize))
            guard free.overflow || free.partialValue - paging.diskReserve >= end - reservedByteCount else { throw noRoom(ENOSPC) }
        }
        var failure: Int32 = 0
        repeat { failure = posix_fallocate(descriptor, reservedByteCount, end - reservedByteCount) } while failure == EINTR
        guard failure == 0 else { throw noRoom(failure) }
        reservedByteCount = end
    }

    func map() throws(VolumeError) -> UnsafeMutableRawPointer {
        guard let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), memory != MAP_FAILED else {
            throw noRoom(errno)
        }
        return memory
    }

    private static func open(in folder: String) -> Int32 {
        // __O_TMPFILE with O_DIRECTORY; not every file system has it.
        let unnamed = Glibc.open(folder, O_RDWR | O_CLOEXEC | 0o20000000 | O_DIRECTORY, 0o600)
        if unnamed >= 0 { return unnamed }
        var path = Array("\(folder)/fovea-XXXXXX".utf8CString)
        let file = mkstemp(&path)
        guard file >= 0 else { return file }
        unlink(path)
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        return file
    }
}
