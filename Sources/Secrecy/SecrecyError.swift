package import Faults

/// An error in a secret, or in a file of secrets. No message ever holds a part of one.
package typealias SecrecyError = Fault<SecrecyFault>

/// The kinds of ``SecrecyError``.
package enum SecrecyFault: Sendable, Equatable {
    /// There is no such file.
    case notFound
    /// This user may not read the file.
    case notPermitted
    /// It is no file, or reading it fails.
    case unreadable
    /// Others than the user may read the file, or have written it.
    case exposed
    /// It cannot serve as a secret.
    case invalidSecret
    /// It is no list of who may send with which secret.
    case invalidAccessFile
}
