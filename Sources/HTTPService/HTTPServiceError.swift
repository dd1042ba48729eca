package import Faults

/// An error that can occur while something is served over HTTP.
package typealias HTTPServiceError = Fault<HTTPServiceFault>

/// The kinds of ``HTTPServiceError``.
package enum HTTPServiceFault: Sendable, Equatable {
    case invalidAddress, cannotListen
    /// A certificate or its key cannot be used.
    case invalidCertificate
    /// Another program listens there.
    case portInUse
}
