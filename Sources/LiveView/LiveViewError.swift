/// An error that can occur with the view.
public struct LiveViewError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of fault, to match on.
    public enum Code: Sendable, Equatable {
        /// The page, or NiiVue, is not where it belongs.
        case notInstalled
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
