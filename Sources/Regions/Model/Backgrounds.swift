internal import VolumeModel

/// The bands of values that stand for a volume's background: narrow, and held by many voxels.
///
/// A background that was filtered, shifted between voxels or padded twice is not one value any more, but it is still nearly one, or
/// nearly two. Tissue is never so dense: of the brains of BraTS and TCGA-LGG the narrowest interval with a tenth of the grid spans
/// more than a fiftieth of the values' range.
struct Backgrounds {
    /// From low to high, finite.
    let bands: [ClosedRange<Float>]
    /// The range of what is in none of them, from the 2nd to the 98th percentile.
    let span: Float

    /// Voxels that are looked at, evenly spaced.
    private static let sampleCount = 200_000
    /// A band is so narrow, as a share of the range, where it holds so large a share of the grid. One value comes first: far from the rest it
    /// widens the range, until it is known.
    private static let cores: [(share: Double, width: Float)] = [(0.03, 0.002), (0.1, 0.02)]
    /// One band of noise is found in several pieces.
    private static let coreLimit = 16
    /// The least width by which a band grows at each end, as a share of the range.
    private static let growth: Float = 0.002
    /// A band grows while its edge is so dense, in its core's density.
    private static let edgeDensity = 0.02
    /// The most by which it grows at each end, as a share of the range.
    private static let growthLimit: Float = 0.1

    /// Looks for bands.
    init(in values: PagedArray<Float>) {
        let step = max(1, values.count / Self.sampleCount)
        let sample = values.withUnsafeBufferPointer { values in
            stride(from: 0, to: values.count, by: step).lazy.map { values[$0] }.filter(\.isFinite).sorted()
        }
        // Of the grid, also where most of it is not-a-number.
        let gridCount = Double(values.count) / Double(step)
        var rest = sample
        var found: [ClosedRange<Float>] = []
        while found.count < Self.coreLimit, let core = Self.core(of: rest, gridCount) {
            found.append(core)
            rest.removeAll { core.contains($0) }
        }
        let span = Self.span(rest)
        self.span = span
        bands = found.map { Self.grown($0, in: sample, span) }
    }

    private static func span(_ sorted: [Float]) -> Float {
        guard sorted.count > 1 else { return 0 }
        return sorted[Int(0.98 * Double(sorted.count - 1))] - sorted[Int(0.02 * Double(sorted.count - 1))]
    }

    private static func core(of sorted: [Float], _ gridCount: Double) -> ClosedRange<Float>? {
        let span = span(sorted)
        guard span > 0 else { return nil }
        for (share, width) in cores {
            let count = Int(share * gridCount)
            guard count > 1, sorted.count >= count else { continue }
            let starts = 0...sorted.count - count
            guard let start = starts.min(by: { sorted[$0 + count - 1] - sorted[$0] < sorted[$1 + count - 1] - sorted[$1] })
            else { continue }
            let core = sorted[start]...sorted[start + count - 1]
            if core.upperBound - core.lowerBound <= width * span { return core }
        }
        return nil
    }

    private static func grown(_ core: ClosedRange<Float>, in sorted: [Float], _ span: Float) -> ClosedRange<Float> {
        let step = max(core.upperBound - core.lowerBound, growth * span)
        func rank(_ value: Float, after: Bool) -> Int {
            var (low, high) = (0, sorted.count)
            while low < high {
                let middle = (low + high) / 2
                if sorted[middle] < value || after && sorted[middle] == value { low = middle + 1 } else { high = middle }
            }
            return low
        }
        let count = rank(core.upperBound, after: true) - rank(core.lowerBound, after: false)
        let enough = edgeDensity * Double(count)
        var (low, high) = (core.lowerBound, core.upperBound)
        while core.lowerBound - low <= growthLimit * span,
            Double(rank(low, after: false) - rank(low - step, after: false)) >= enough
        { low -= step }
        while high - core.upperBound <= growthLimit * span,
            Double(rank(high + step, after: true) - rank(high, after: true)) >= enough
        { high += step }
        return low - step...high + step
    }
}
