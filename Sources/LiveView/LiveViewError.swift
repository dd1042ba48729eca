package import Faults

/// An error that can occur with the view.
package typealias LiveViewError = Fault<LiveViewFault>

/// The kinds of ``LiveViewError``.
package enum LiveViewFault: Sendable, Equatable {
    /// The page, or NiiVue, is not where it belongs.
    case notInstalled
}
