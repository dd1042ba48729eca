/// An error in a secret, or in a file of secrets. No message ever holds a part of one.
public struct SecrecyError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of fault, to match on.
    public enum Code: Sendable, Equatable {
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
    /// The kind of fault.
    public let code: Code
    /// One sentence for a person.
    public let message: String
    /// Makes an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
    public var description: String { message }
}
