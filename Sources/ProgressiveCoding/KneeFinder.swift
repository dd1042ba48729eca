internal import VolumeModel
internal import WireFormat

/// Finds where a volume's long tail begins: where few voxels are far greater than nearly all, even samples would be spent on values hardly anything has.
enum KneeFinder {
    /// Nearly all.
    private static let quantile = 0.999
    /// A range of more than this many times theirs has a long tail: even samples would lose more than a bit and a half.
    private static let ratio = 3.0
    /// The samples kept for the tail: one part in these many.
    private static let tailShare = 16
    /// Voxels looked at, about.
    private static let voxelCount = 1 << 17

    /// The knee; nil when the samples had better be even.
    static func knee(of volume: Volume, range: ClosedRange<Double>, fill: UInt64, bitDepth: Int) -> Knee? {
        var collector = Collector(step: max(1, volume.shape.voxelCount / voxelCount), volume: volume, fill: fill)
        let values = volume.voxelType.accept(&collector).sorted()
        guard !values.isEmpty else { return nil }
        let value = values[Int(Double(values.count - 1) * quantile)]
        let greatest = (1 << bitDepth) - 1
        // By halves, since the range may be beyond what a double holds.
        guard value > range.lowerBound, value < range.upperBound,
            range.upperBound / 2 - range.lowerBound / 2 > ratio * (value / 2 - range.lowerBound / 2)
        else { return nil }
        return Knee(sample: UInt16(greatest - greatest / tailShare), value: value)
    }

    private struct Collector: VoxelVisitor {
        let step: Int
        let volume: Volume
        let fill: UInt64

        func visit<V: Voxel>(_ type: V.Type) -> [Double] {
            let outside = StoredBits.value(fill, volume.voxelType)
            return volume.withVoxels(as: type) { voxels in
                stride(from: 0, to: voxels.count, by: step).lazy.map { voxels[$0].doubleValue }
                    .filter { $0.isFinite && $0 != outside }
            }
        }
    }
}
