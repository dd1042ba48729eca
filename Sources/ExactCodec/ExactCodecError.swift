package import Faults

/// An error in coding exact voxels.
package typealias ExactCodecError = Fault<ExactCodecFault>

/// The kinds of ``ExactCodecError``.
package enum ExactCodecFault: Sendable, Equatable {
    case invalidInput, corruptChunk, encoderFailed
}
