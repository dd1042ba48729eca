/// An error that has a code to match on and one sentence for a person.
///
/// A module gives its codes a type and its errors a name: `typealias FileError = Fault<FileFault>`.
public struct Fault<Kind: Sendable & Equatable>: Error, Sendable, Equatable, CustomStringConvertible {
    /// The type of the codes.
    public typealias Code = Kind

    /// The kind of fault, to match on.
    public let code: Kind
    /// One sentence for a person: the file or value at fault, and what to do about it.
    public let message: String

    /// Makes an error.
    public init(_ code: Kind, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }

    /// The same error, its message led by the name of a file.
    public func naming(_ path: String) -> Fault { Fault(code, "\(path): \(message)") }
}
