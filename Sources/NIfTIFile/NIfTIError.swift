/// An error in a NIfTI file, or in reading or writing it.
public struct NIfTIError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of fault, to match on.
    public enum Code: Sendable, Equatable {
        case notFound, unreadable, notNIfTI, unsupported, invalidHeader, truncated, corruptCompression, tooLarge, cannotWrite,
            notPermitted, alreadyExists, noRoom
        /// As many files are open as may be; later it may be read.
        case exhausted
    }
    /// The kind of fault.
    public let code: Code
    /// One sentence for a person, naming the file where there is one.
    public let message: String
    /// Makes an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
    public var description: String { message }

    func naming(_ path: String) -> NIfTIError { NIfTIError(code, "\(path): \(message)") }
}
