public import Faults

/// An error in coding exact voxels.
public typealias ExactCodecError = Fault<ExactCodecFault>

/// The kinds of ``ExactCodecError``.
public enum ExactCodecFault: Sendable, Equatable {
    case invalidInput, corruptChunk, encoderFailed
}
