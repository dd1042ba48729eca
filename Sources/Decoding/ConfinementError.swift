package import Faults

/// An error with a confined process.
package typealias ConfinementError = Fault<ConfinementFault>

/// The kinds of ``ConfinementError``.
package enum ConfinementFault: Sendable, Equatable {
    /// `exhausted`: the system has no room for a process now, but may have later.
    case cannotStart, cannotConfine, exhausted
}
