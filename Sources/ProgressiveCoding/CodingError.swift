package import Faults

/// An error on the way between a volume and its chunks.
package typealias CodingError = Fault<CodingFault>

/// The kinds of ``CodingError``.
package enum CodingFault: Sendable, Equatable {
    /// The request is nothing that a session can carry.
    case usage
    case invalidSettings, invalidManifest, tooLarge, invalidChunk, verificationFailed, noRoom
}

extension CodingError {
    /// At the end that codes: true where a chunk of its own does not decode, or not to what it must.
    package var isOfCoder: Bool { code == .verificationFailed || code == .invalidChunk }
}
