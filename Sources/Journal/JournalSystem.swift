internal import Glibc

/// The system calls that make a journal durable. They return what the system does, and leave their reason in `errno`; tests put others
/// in their place.
public struct JournalSystem: Sendable {
    /// `pwrite`: a file, bytes, and where they go.
    public var write: @Sendable (Int32, UnsafeRawBufferPointer, Int) -> Int = { pwrite($0, $1.baseAddress, $1.count, $2) }
    /// `fdatasync`.
    public var synchronize: @Sendable (Int32) -> Int32 = { fdatasync($0) }

    /// The system's own.
    public init() {}
}
