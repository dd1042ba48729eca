internal import ProgressiveCoding
internal import VolumeModel

/// The changes of a volume, as a page takes them: boxes of voxels with the quality of each.
///
/// Little-endian: `FVP1`, epoch, the revision a page has then, the number of boxes, each 4 bytes; then each box: x0, x1, y0, y1, z0, z1
/// (slices of one time point, ends exclusive, 4 bytes each), its stored values, its qualities (1 byte each); slices x rows x columns.
struct PatchWriter {
    /// About as many voxels as one answer has.
    static let voxelCount = 1 << 19

    /// Writes what has changed since a revision.
    /// - Parameters:
    ///   - log: of the volume's regions of interest, or of the rest.
    ///   - timepoint: of which time point.
    static func bytes(of volume: LiveVolume, in log: ChangeLog, since revision: Int, timepoint: Int) async -> [UInt8] {
        let shape = volume.facts.shape
        let slices = timepoint * shape.slices..<(timepoint + 1) * shape.slices
        let (pieces, reached) = log.pieces(since: revision, slices: slices, voxelCount: voxelCount)
        var parts: [(box: StackedBox, part: VolumePart)] = []
        for box in pieces {
            if let part = await volume.source.part(box) { parts.append((box, part)) }
        }
        var bytes = Array("FVP1".utf8)
        bytes.reserveCapacity(parts.reduce(16) { $0 + 24 + $1.part.voxels.count + $1.part.quality.count })
        put([volume.epoch, reached, parts.count], to: &bytes)
        for (box, part) in parts {
            let z = slices.lowerBound
            put(
                [
                    box.x.lowerBound, box.x.upperBound, box.y.lowerBound, box.y.upperBound, box.z.lowerBound - z,
                    box.z.upperBound - z,
                ], to: &bytes)
            bytes += part.voxels
            bytes += part.quality
        }
        return bytes
    }

    private static func put(_ numbers: [Int], to bytes: inout [UInt8]) {
        for number in numbers { withUnsafeBytes(of: UInt32(truncatingIfNeeded: number).littleEndian) { bytes += $0 } }
    }
}
