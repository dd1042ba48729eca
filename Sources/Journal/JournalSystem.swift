internal import Glibc

/// The system calls that make a journal durable. They return what the system does, and leave their reason in `errno`; tests put others
/// in their place.
package struct JournalSystem: Sendable {
    /// `pwrite`: a file, bytes, and where they go.
    package var write: @Sendable (Int32, UnsafeRawBufferPointer, Int) -> Int = { pwrite($0, $1.baseAddress, $1.count, $2) }
    /// `fdatasync`.
    package var synchronize: @Sendable (Int32) -> Int32 = { fdatasync($0) }

    /// `fsync`, of the folder that has the file's name.
    package var synchronizeFolder: @Sendable (Int32) -> Int32 = { fsync($0) }
    /// `ftruncate`: a file, and its length.
    package var truncate: @Sendable (Int32, Int) -> Int32 = { ftruncate($0, $1) }

    /// The system's own.
    package init() {}
}
