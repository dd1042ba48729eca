/// An error on the way between a volume and its chunks.
public struct CodingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of fault, to match on.
    public enum Code: Sendable, Equatable {
        case invalidSettings, invalidManifest, tooLarge, invalidChunk, verificationFailed, noRoom
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
    /// At the end that codes: whether a chunk of its own does not decode, or not to what it must.
    public var isOfCoder: Bool { code == .verificationFailed || code == .invalidChunk }
}
