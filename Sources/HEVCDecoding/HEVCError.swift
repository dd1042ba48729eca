/// An error in coding slices as HEVC.
public struct HEVCError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of fault, to match on.
    public enum Code: Sendable, Equatable {
        case invalidParameters, invalidFrames, encoderFailed, corruptChunk, unexpectedFormat
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
