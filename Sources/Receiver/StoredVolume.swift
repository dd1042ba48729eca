package import NIfTIFile
package import ProgressiveCoding
package import VolumeModel
internal import WireFormat

/// A volume read from a session's folder, for those who look: no voxel of it is called better than its receipt allows.
package struct StoredVolume: Sendable {
    /// Its name.
    package let name: String
    /// The state of the volume; `exact` only where its bytes have the digest of its receipt and of its source.
    package let state: StoredSession.State
    /// The file's header.
    package let header: NIfTIHeader
    /// Each region of interest, then the rest, as the receipt has it.
    package let standing: [RegionStanding]
    /// The extent to which it is exact.
    package let completeness: Completeness
    /// Stored values between which all finite ones lie.
    package let range: ClosedRange<Double>
    /// The stored value of the first voxel, which counts as the one around the body; nil where it is no number.
    package let fill: Double?
    /// The box around all voxels that hold another value, over one time point; nil where there is none.
    package let content: Box?
    private let voxels: PagedArray<UInt8>
    /// A `Quality` a voxel; nil where every voxel is exact.
    private let quality: PagedArray<UInt8>?

    /// Time points x slices x rows x columns.
    package var shape: Shape { header.shape }
    /// Bytes of memory.
    package var memoryByteCount: Int { voxels.count + (quality?.count ?? 0) }

    init(
        name: String, state: StoredSession.State, image: NIfTIImage, quality: PagedArray<UInt8>?, standing: [RegionStanding],
        byteCount: Int
    ) {
        self.name = name
        self.state = state
        header = image.header
        voxels = image.volume.voxels
        self.quality = quality
        self.standing = standing
        var surveyor = Surveyor(volume: image.volume)
        let survey = header.voxelType.accept(&surveyor)
        (range, fill, content) = (survey.range, survey.fill, survey.content)
        let exact = quality.map { $0.count { $0 == Quality.exact } } ?? survey.bodyVoxelCount
        completeness = Completeness(
            exactVoxelCount: min(exact, survey.bodyVoxelCount), bodyVoxelCount: state == .exact ? survey.bodyVoxelCount : nil,
            byteCount: byteCount)
    }

    /// The voxels of a box as they stand.
    /// - Returns: nil where the box reaches out of the volume.
    package func part(_ box: StackedBox) -> VolumePart? {
        guard shape.stackedBox.contains(box) else { return nil }
        let byteCount = header.voxelType.byteCount
        var part = VolumePart(voxels: [], quality: [])
        part.voxels.reserveCapacity(box.voxelCount * byteCount)
        part.quality.reserveCapacity(box.voxelCount)
        forEachRow(of: box, in: shape) { row in
            part.voxels += voxels.values(row.lowerBound * byteCount..<row.upperBound * byteCount)
            if let quality {
                part.quality += quality.values(row)
            } else {
                part.quality += repeatElement(Quality.exact, count: row.count)
            }
        }
        return part
    }
}

/// Looks through a volume once, for what a manifest would have said of it.
private struct Surveyor: VoxelVisitor {
    struct Survey {
        var range = 0.0...0.0
        var fill: Double?
        var content: Box?
        var bodyVoxelCount = 0
    }
    let volume: Volume

    func visit<V: Voxel>(_ type: V.Type) -> Survey {
        volume.withVoxels(as: type) { voxels in
            guard let first = voxels.first else { return Survey() }
            let shape = volume.shape
            var survey = Survey()
            survey.fill = first.doubleValue.isFinite ? first.doubleValue : nil
            var (low, high) = (Double.infinity, -Double.infinity)
            var (x, y, z) = ((Int.max, -1), (Int.max, -1), (Int.max, -1))
            for stacked in 0..<shape.stackedSliceCount {
                for row in 0..<shape.rows {
                    let start = (stacked * shape.rows + row) * shape.columns
                    for column in 0..<shape.columns {
                        let value = voxels[start + column]
                        let number = value.doubleValue
                        if number.isFinite {
                            low = min(low, number)
                            high = max(high, number)
                        }
                        guard value != first else { continue }
                        survey.bodyVoxelCount += 1
                        x = (min(x.0, column), max(x.1, column))
                        y = (min(y.0, row), max(y.1, row))
                        z = (min(z.0, shape.position(ofStacked: stacked).slice), max(z.1, shape.position(ofStacked: stacked).slice))
                    }
                }
            }
            if low <= high { survey.range = low...high }
            if x.1 >= 0 { survey.content = try? Box(x: x.0..<x.1 + 1, y: y.0..<y.1 + 1, z: z.0..<z.1 + 1) }
            return survey
        }
    }
}
