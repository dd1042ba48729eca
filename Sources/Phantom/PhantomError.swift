/// Why a phantom could not be described.
public struct PhantomError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of refusal, for callers that branch on it.
    public enum Code: String, Sendable, Equatable, CaseIterable {
        /// A side is shorter or longer than ``PhantomParameters/sideRange`` allows.
        case sideOutOfRange
        /// Each side is acceptable but the volume as a whole is too large.
        case tooManyVoxels
    }

    /// The kind of refusal.
    public let code: Code

    /// One sentence that names the offending value and the limit it broke.
    public let message: String

    /// The message, so that printing the error reads well.
    public var description: String { message }

    /// Makes an error from a matchable code and a sentence for people.
    public init(code: Code, message: String) {
        self.code = code
        self.message = message
    }
}
