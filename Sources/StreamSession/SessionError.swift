/// Why a session ended before its end.
public struct SessionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of end, to match on.
    public enum Code: Sendable, Equatable {
        /// The connection is gone.
        case peerGone
        /// No connection could be made.
        case unreachable
        /// The receiver takes no more sessions now.
        case busy
        /// The receiver does not take this sender.
        case notPermitted
        /// The connection stands, but nothing has come for too long.
        case peerSilent
        /// The peer gave up and said why.
        case peerAborted
        /// The peer gave up since a chunk does not decode, or not to what it must.
        case undecodable
        /// The peer sent what it must not.
        case protocolViolation
        /// This end was asked to stop.
        case cancelled
        /// This end cannot go on.
        case failed
    }
    /// The kind of end.
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
