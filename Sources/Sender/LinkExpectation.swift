/// The rate a link is expected to carry before it has shown it, and who says so.
package struct LinkExpectation: Sendable, Equatable {
    /// Who says so.
    package enum Source: String, Sendable {
        /// A transport profile.
        case given
        /// The last transfer to the same receiver.
        case remembered
        /// The session itself, whose first run was coded by it.
        case session
    }
    /// Bits a second.
    package let bitsPerSecond: Double
    /// Who says so.
    package let source: Source
}
