internal import Glibc
internal import ProgressiveCoding
internal import VolumeModel
internal import WireFormat

/// The quality of region of interest and background from a time on.
package struct QualityPoint: Sendable, Equatable {
    /// Seconds from the start of the sender's command.
    package let seconds: Double
    /// The chunk that brought it; nil before any.
    package let ordinal: UInt32?
    /// Region and background.
    package let looks: QualityTable.Pair
}

/// The measures of a transfer; Docs/Measures.md defines each.
package struct Measures: Sendable {
    /// Quality over time, the first point at 0 s.
    package let curve: [QualityPoint]
    /// Every voxel of the regions at base quality or better.
    package let timeToROI: Double?
    /// Every voxel of the regions exact.
    package let timeToROIExact: Double?
    /// Every voxel of the rest at base quality or better.
    package let timeToBackground: Double?
    /// Every bit of the file the source's.
    package let timeToExact: Double?
    /// Area above the region's quality curve, in seconds.
    package let roiSpeedIndex: Double?
    /// Bits of chunk records a second, from the first datagram to the last acknowledgement.
    package let goodput: Double?
    /// Bytes on the wire, from the sender, over bytes of chunk records.
    package let overhead: Double?

    /// Works out what a transfer showed.
    /// - Parameter peak: of PSNR.
    init(_ record: TransferRecord, _ coded: CodedVolume, _ quality: QualityTable) throws {
        let moments = record.applied.filter { $0.ordinal >= 1 && $0.ordinal < coded.manifest.tableOrdinal }
        let looks = try quality.looks(after: moments.map(\.ordinal))
        curve = zip([(0.0, UInt32?.none)] + moments.map { ($0.seconds, $0.ordinal) }, looks).map {
            QualityPoint(seconds: $0.0, ordinal: $0.1, looks: $1)
        }
        let applied = Dictionary(record.applied.map { ($0.ordinal, $0.seconds) }) { first, _ in first }
        let plan = coded.manifest.volumes[0].plan
        /// When the last chunk of some layers came; nil when one has not, the manifest's time where none is planned.
        func complete(_ layers: Set<Layer>) -> Double? {
            var last = applied[0]
            for (index, chunk) in plan.enumerated() where layers.contains(chunk.layer) {
                guard let time = applied[UInt32(index + 1)] else { return nil }
                last = max(last ?? 0, time)
            }
            return last
        }
        let goal = coded.manifest.goal
        // What shows each first: its base, or its exact voxels where no base is planned.
        let region = coded.manifest.volumes[0].showsRegionsBy
        let rest: Layer = plan.contains { $0.layer == .backgroundBase } ? .backgroundBase : .backgroundRefinement
        timeToROI = complete([region])
        timeToBackground = goal >= .lossy ? complete([region, rest]) : nil
        let isROIExact = goal == .lossless || coded.manifest.volumes[0].maxError == 0
        timeToROIExact = isROIExact ? complete([.roiBase, .mask, .valueTable, .roiBounded, .roiRefinement]) : nil
        timeToExact = record.exact
        roiSpeedIndex = Self.speedIndex(curve, last: timeToROIExact)
        let byteCount = coded.chunks.reduce(0) { $0 + $1.record.count }
        if let first = record.firstDatagram, let last = record.acknowledged, last > first, record.failure == nil {
            goodput = Double(byteCount) * 8 / (last - first)
        } else {
            goodput = nil
        }
        overhead = record.failure == nil && byteCount > 0 ? Double(record.wireByteCountUp) / Double(byteCount) : nil
    }

    /// The integral of what is left of the region's root mean squared error, over what it was at first: the time for which as
    /// much of the region
    /// as nothing would have been missing.
    static func speedIndex(_ curve: [QualityPoint], last: Double?) -> Double? {
        guard let last, let first = curve.first else { return nil }
        let whole = first.looks.roi.meanSquaredError.squareRoot()
        guard whole > 0 else { return 0 }
        var area = 0.0
        for (index, point) in curve.enumerated() where point.seconds < last {
            let end = min(last, index + 1 < curve.count ? curve[index + 1].seconds : last)
            area += (end - point.seconds) * point.looks.roi.meanSquaredError.squareRoot() / whole
        }
        return area
    }

    /// Returns what the base layers alone show: all their chunks in, and no other.
    static func base(_ coded: CodedVolume, _ quality: QualityTable) throws -> QualityTable.Pair {
        let ordinals = coded.manifest.volumes[0].plan.enumerated()
            .filter { $1.layer == .roiBase || $1.layer == .backgroundBase }.map { UInt32($0.offset + 1) }
        return try quality.looks(after: ordinals).last ?? QualityTable.Pair()
    }
}
