/// An error of an SRT connection.
public struct TransportError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of fault, to match on.
    public enum Code: Sendable, Equatable {
        case invalidAddress, optionRefused, cannotListen, cannotConnect, closed
        /// Another program listens there.
        case portInUse
        /// The listener takes no more callers now.
        case busy
        /// This machine has no open file, thread or memory left for it now.
        case exhausted
        /// The listener does not take this caller, now or later.
        case notPermitted
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
    /// True when another try may end otherwise.
    public var isPassing: Bool { [.cannotConnect, .busy, .exhausted].contains(code) }
}
