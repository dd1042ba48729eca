package import Faults

/// An error in a volume, a mask or a box.
package typealias VolumeError = Fault<VolumeFault>

/// The kinds of ``VolumeError``.
package enum VolumeFault: Sendable, Equatable {
    case invalidShape, shapesDiffer, invalidBox, voxelCountMismatch, noRoom
}
