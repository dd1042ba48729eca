internal import Glibc

package import Faults

/// An error of a journal.
package typealias JournalError = Fault<JournalFault>

/// The kinds of ``JournalError``.
package enum JournalFault: Sendable, Equatable {
    case inUse, notAJournal, unsupportedVersion, tooLarge, invalidEntry, closed
    case notFound, notPermitted, unreadable, cannotWrite, noSpace
}

extension JournalError {
    /// Returns the error for what the system said; its code is `code` where the system says nothing more particular.
    static func system(_ number: Int32, _ code: Code, _ path: String, _ what: String) -> JournalError {
        let code: Code =
            switch number {
            case EACCES, EPERM, EROFS: .notPermitted
            case ENOENT, ENOTDIR: .notFound
            case ENOSPC, EDQUOT, EFBIG: .noSpace
            default: code
            }
        return JournalError(code, "\(path): \(what): \(String(cString: strerror(number)).lowercased())")
    }
}
