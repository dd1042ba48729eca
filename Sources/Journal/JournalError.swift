internal import Glibc

/// An error of a journal.
public struct JournalError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of fault, to match on.
    public enum Code: Sendable, Equatable {
        case inUse, notAJournal, unsupportedVersion, tooLarge, invalidEntry, closed
        case notFound, notPermitted, unreadable, cannotWrite, noSpace
    }
    /// The kind of fault.
    public let code: Code
    /// One sentence for a person, naming the file.
    public let message: String
    /// Makes an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
    public var description: String { message }

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
