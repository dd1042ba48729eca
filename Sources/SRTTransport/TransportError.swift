package import Faults

/// An error of an SRT connection.
package typealias TransportError = Fault<TransportFault>

/// The kinds of ``TransportError``.
package enum TransportFault: Sendable, Equatable {
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

extension TransportError {
    /// True where a later attempt may succeed.
    package var isPassing: Bool { [.cannotConnect, .busy, .exhausted].contains(code) }
}
