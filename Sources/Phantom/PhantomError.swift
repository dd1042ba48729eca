package import Faults

/// An error in the description of a phantom; it names the value and the limit that it broke.
package typealias PhantomError = Fault<PhantomFault>

/// The kinds of ``PhantomError``.
package enum PhantomFault: String, Sendable, Equatable, CaseIterable {
    /// A side is shorter or longer than ``PhantomParameters/sideRange`` allows.
    case sideOutOfRange
    /// Each side is acceptable but the volume as a whole is too large.
    case tooManyVoxels
}
