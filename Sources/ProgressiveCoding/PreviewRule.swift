internal import HEVCDecoding
internal import HEVCCodec
package import VolumeModel
internal import WireFormat

/// Decides which base layers are worth their bytes and their time: they are previews, and all they show comes exact as well.
///
/// The figures are rough ones of FLAIR and T1 heads by the shipped profiles on one core; a factor of two in any of them moves the rate at which
/// a layer is left out by less than that.
package struct PreviewRule: Sendable {
    /// The rate the link is expected to carry; nil where nobody knows.
    package let bitsPerSecond: Double?

    /// Makes the rule for a link.
    package init(bitsPerSecond: Double?) { self.bitsPerSecond = bitsPerSecond }

    /// Up to here the regions' base always goes ahead.
    private static let alwaysBelow = 2e6
    /// Seconds of exact bytes on the link that make a preview of the background worth while.
    private static let backgroundTimeout = 1.0
    /// Of the regions: bytes a voxel, and voxels a second through encoder and decoder. What x265 takes to start, masks take to be coded.
    private static let regionBase = (bytes: 0.1, speed: 2e6)
    private static let regionExact = (bytes: 0.5, speed: 6e6)
    /// Of a whole volume's body, exact: bytes a byte of its voxels.
    private static let exactShare = 0.2

    /// True where HEVC holds slices of such sides.
    package static func holds(_ shape: Shape) -> Bool { max(shape.columns, shape.rows) <= SliceStack.sideLimit }

    /// True where the regions' base shows them sooner than exact voxels would.
    package func paysForRegions(voxelCount: Int) -> Bool {
        guard let rate = bitsPerSecond, rate > Self.alwaysBelow else { return true }
        func seconds(_ kind: (bytes: Double, speed: Double)) -> Double {
            Double(voxelCount) * (kind.bytes * 8 / rate + 1 / kind.speed)
        }
        return seconds(Self.regionBase) < seconds(Self.regionExact)
    }

    /// True where the exact background takes the link long enough for a preview to be of use.
    package func paysForBackground(voxelByteCount: Int) -> Bool {
        guard let rate = bitsPerSecond else { return true }
        return Double(voxelByteCount) * Self.exactShare * 8 / rate > Self.backgroundTimeout
    }
}
