public import Faults
internal import Glibc

/// An error in opening, reading or writing a file.
public typealias FileError = Fault<FileFault>

/// The kinds of ``FileError``.
public enum FileFault: Sendable, Equatable {
    case notFound, notPermitted, unreadable, tooLarge, cannotWrite, alreadyExists
    /// The output would take the place of an input.
    case isInput
    /// The disk is full.
    case noRoom
    /// As many files are open as may be; later it may be read.
    case exhausted
}

extension FileError {
    /// The error for what the system said of a file that was to be read; the message does not name the file.
    static func reading(_ number: Int32) -> FileError {
        switch number {
        case ENOENT, ENOTDIR: FileError(.notFound, systemMessage(number))
        case EACCES, EPERM: FileError(.notPermitted, systemMessage(number))
        case EMFILE, ENFILE: FileError(.exhausted, systemMessage(number))
        case ELOOP: FileError(.unreadable, "a link in place of a file")
        default: FileError(.unreadable, systemMessage(number))
        }
    }

    static func systemMessage(_ number: Int32) -> String { String(cString: strerror(number)).lowercased() }
}
