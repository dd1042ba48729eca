package import Faults

/// Why a session ended before its end.
package typealias SessionError = Fault<SessionFault>

/// The kinds of ``SessionError``.
package enum SessionFault: Sendable, Equatable {
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
