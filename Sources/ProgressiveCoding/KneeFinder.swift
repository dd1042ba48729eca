internal import VolumeModel
internal import WireFormat

/// Finds where a volume's long tail begins: where few voxels are far greater than nearly all, even samples would be spent on values hardly anything has.
enum KneeFinder {
    /// Nearly all.
    private static let quantile = 0.999
    /// A range of more than this many times theirs has a long tail: even samples would lose more than a bit and a half.
    private static let ratio = 3.0
    /// The knee lies above nearly all by half their range: what the codec overshoots by must not reach the coarse samples.
    private static let headroom = 1.5
    /// The samples kept for the tail: one part in these many.
    private static let tailShare = 16
    /// Voxels looked at, about.
    private static let voxelCount = 1 << 17

    /// The knee; nil when the samples had better be even.
    static func knee(of volume: Volume, range: ClosedRange<Double>, fill: UInt64, bitDepth: Int) -> Knee? {
        var collector = Collector(step: max(1, volume.shape.voxelCount / voxelCount), volume: volume, fill: fill)
        let values = volume.voxelType.accept(&collector)
        guard !values.isEmpty else { return nil }
        // By halves, since the range may be beyond what a double holds.
        let half = ranked(values, Int(Double(values.count - 1) * quantile)) / 2 - range.lowerBound / 2
        guard half > 0, range.upperBound / 2 - range.lowerBound / 2 > ratio * half else { return nil }
        // A knee is a value of the voxels' type.
        var rounder = Rounder(value: (range.lowerBound / 2 + headroom * half) * 2)
        let value = volume.voxelType.accept(&rounder)
        guard value > range.lowerBound, value < range.upperBound else { return nil }
        let greatest = (1 << bitDepth) - 1
        return Knee(sample: UInt16(greatest - greatest / tailShare), value: value)
    }

    /// The value of a rank, from 0: the greatest ones alone are put in order.
    private static func ranked(_ values: [Double], _ rank: Int) -> Double {
        // In ascending order; as many as there are from that rank on.
        var greatest = Array(values[..<(values.count - rank)]).sorted()
        for value in values[greatest.count...] where value > greatest[0] {
            var place = 0
            while place + 1 < greatest.count, greatest[place + 1] < value {
                greatest[place] = greatest[place + 1]
                place += 1
            }
            greatest[place] = value
        }
        return greatest[0]
    }

    private struct Rounder: VoxelVisitor {
        let value: Double
        func visit<V: Voxel>(_ type: V.Type) -> Double { V(nearest: value).doubleValue }
    }

    private struct Collector: VoxelVisitor {
        let step: Int
        let volume: Volume
        let fill: UInt64

        func visit<V: Voxel>(_ type: V.Type) -> [Double] {
            let outside = StoredValue.double(fill, volume.voxelType)
            return volume.withVoxels(as: type) { voxels in
                stride(from: 0, to: voxels.count, by: step).lazy.map { voxels[$0].doubleValue }
                    .filter { $0.isFinite && $0 != outside }
            }
        }
    }
}
