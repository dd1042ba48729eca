public import Faults

/// An error in bytes that have a format: from a peer, or from a file of this program's own.
public typealias FormatError = Fault<FormatFault>

/// The kinds of ``FormatError``.
public enum FormatFault: Sendable, Equatable {
    case notFovea, unsupportedVersion, unknownKind, truncated, trailingBytes, invalidField, limitExceeded, digestMismatch
}
