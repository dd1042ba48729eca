/// A fault that a profile can have.
public struct ProfileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of fault, to match on.
    public enum Code: Sendable, Equatable {
        case notFound, unreadable, notYAML, unknownKey, missingKey, invalidValue
    }
    /// The kind of fault.
    public let code: Code
    /// One sentence for a person, with file and line.
    public let message: String
    /// Makes an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
    public var description: String { message }
}
