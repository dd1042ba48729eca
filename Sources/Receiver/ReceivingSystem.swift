internal import Glibc
package import Journal

/// The requests that a receiving site makes to its disk; tests put other answers in their place.
package struct ReceivingSystem: Sendable {
    /// Bytes that a folder's file system has left for this user; nil when it does not say.
    package var freeByteCount: @Sendable (_ folder: String) -> Int? = { folder in
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return nil }
        let (count, overflows) = Int(clamping: status.f_bavail).multipliedReportingOverflow(by: Int(clamping: status.f_frsize))
        return overflows ? .max : count
    }
    /// The means that journals are written by.
    package var journal = JournalSystem()

    /// The system's own.
    package init() {}
}
