package import Faults

/// An error that can occur while something is served over HTTP.
package typealias HTTPServiceError = Fault<HTTPServiceFault>

/// The kinds of ``HTTPServiceError``.
package enum HTTPServiceFault: Sendable, Equatable {
    case invalidAddress, cannotListen
    /// Another program listens there.
    case portInUse
}
