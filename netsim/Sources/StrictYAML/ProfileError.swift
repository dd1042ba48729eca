public import Faults

/// A fault that a profile can have.
public typealias ProfileError = Fault<ProfileFault>

/// The kinds of ``ProfileError``.
public enum ProfileFault: Sendable, Equatable {
    case notFound, unreadable, notYAML, unknownKey, missingKey, invalidValue
}
