public import Faults

/// An error in a volume, a mask or a box.
public typealias VolumeError = Fault<VolumeFault>

/// The kinds of ``VolumeError``.
public enum VolumeFault: Sendable, Equatable {
    case invalidShape, shapesDiffer, invalidBox, voxelCountMismatch, noRoom
}
