/// The range that a scan's values really span: what errors are held against.
///
/// From the 0.5th to the 99.5th percentile, by nearest rank, of the finite voxels that do not hold the fill value (``Surroundings``).
/// One voxel far off the rest, a scanner's marker or a padding value does not widen it, as they do widen the range from the least to
/// the greatest value: against that a blank picture has a PSNR of 125 dB. Where these percentiles are one value, the finite range.
///
/// At most 2^18 voxels, evenly spaced through the volume, are looked at, so that it costs little at any size.
public struct RobustRange: Sendable, Equatable {
    /// In stored units.
    public let lowerBound: Double
    /// In stored units.
    public let upperBound: Double
    /// The peak of a PSNR: what lies between the two.
    public var span: Double { upperBound - lowerBound }

    /// The share of voxels beyond the range at each end.
    public static let tail = 0.005
    private static let sampleCount = 1 << 18

    /// Looks at a volume; `surroundings` where they are known already.
    public init(of volume: Volume, surroundings: Surroundings? = nil) {
        var sampler = Sampler(volume: volume, fill: (surroundings ?? Surroundings(of: volume)).fill)
        let sample = volume.voxelType.accept(&sampler).sorted()
        func rank(_ share: Double) -> Double { sample[Int((share * Double(sample.count - 1)).rounded())] }
        guard !sample.isEmpty, rank(Self.tail) < rank(1 - Self.tail) else {
            let range = volume.finiteRange()
            (lowerBound, upperBound) = (range.lowerBound, range.upperBound)
            return
        }
        (lowerBound, upperBound) = (rank(Self.tail), rank(1 - Self.tail))
    }

    private struct Sampler: VoxelVisitor {
        let volume: Volume
        let fill: UInt64

        func visit<V: Voxel>(_ type: V.Type) -> [Double] {
            volume.withVoxels(as: type) { voxels in
                var step = max(1, voxels.count / RobustRange.sampleCount)
                // Not one column again and again.
                if step > 1, volume.shape.columns % step == 0 || step % volume.shape.columns == 0 { step += 1 }
                var sample: [Double] = []
                for index in stride(from: 0, to: voxels.count, by: step) {
                    let value = voxels[index].doubleValue
                    if value.isFinite, bits(voxels[index]) != fill { sample.append(value) }
                }
                return sample
            }
        }

        private func bits<V: Voxel>(_ value: V) -> UInt64 {
            withUnsafeBytes(of: value) { $0.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
        }
    }
}
