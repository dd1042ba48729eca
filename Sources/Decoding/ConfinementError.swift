/// An error with a confined process.
public struct ConfinementError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of fault, to match on.
    public enum Code: Sendable, Equatable {
        /// `exhausted`: the system has no room for a process now, but may have later.
        case cannotStart, cannotConfine, exhausted
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
