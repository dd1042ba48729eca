package import Faults

/// An error in coding slices as HEVC.
package typealias HEVCError = Fault<HEVCFault>

/// The kinds of ``HEVCError``.
package enum HEVCFault: Sendable, Equatable {
    case invalidParameters, invalidFrames, encoderFailed, corruptChunk, unexpectedFormat
}
