internal import NIfTIFile
package import VolumeModel
internal import WireFormat

/// A part of a volume as it stands.
package struct VolumePart: Sendable {
    /// Stored values of the box's voxels in this machine's byte order: slices x rows x columns.
    package var voxels: [UInt8]
    /// A ``Quality`` for each of them.
    package var quality: [UInt8]

    /// Makes a part.
    package init(voxels: [UInt8], quality: [UInt8]) {
        self.voxels = voxels
        self.quality = quality
    }
}

/// Progress of a volume.
package struct VolumeProgress: Sendable {
    /// The planned chunks that are in: places in the manifest's plan.
    package let applied: [Int]
    /// Progress of each region of interest, and of the rest.
    package let standing: [RegionStanding]
    /// Completeness of the volume.
    package let completeness: Completeness
}

extension SessionDecoder {
    /// Voxels announced, all volumes together, and bytes around them.
    package nonisolated var voxelCount: Int {
        layouts.reduce(0) { $0 + $1.shape.voxelCount + $1.manifest.extensionByteCount + $1.manifest.trailerByteCount }
    }

    /// Returns the progress of a volume.
    package func progress(volume: Int) -> VolumeProgress {
        let state = snapshot(volume: volume)
        return VolumeProgress(
            applied: layouts[volume].manifest.plan.indices.filter { state.hasApplied($0) }, standing: standing(volume: volume),
            completeness: completeness(volume: volume))
    }

    /// Voxels as they stand, in the order of the file, and nothing else: who holds the whole volume has it copied with the next chunk.
    package func part(volume: Int, voxels: Range<Int>) -> VolumePart {
        let state = snapshot(volume: volume)
        let byteCount = layouts[volume].header.voxelType.byteCount
        return VolumePart(
            voxels: state.voxels.values(voxels.lowerBound * byteCount..<voxels.upperBound * byteCount),
            quality: state.quality.values(voxels))
    }

    /// The bytes before a volume's voxels and behind its header, and those after them.
    package func surroundings(volume: Int) -> (extensions: [UInt8], trailer: [UInt8]) {
        let state = snapshot(volume: volume)
        return (state.extensions, state.trailer)
    }

    /// Bytes of voxels that will not change any more, in the order of the file; nil while one of them may.
    /// - Parameter voxels: in the order of the file.
    package func exactBytes(volume: Int, voxels: Range<Int>) -> [UInt8]? {
        let state = snapshot(volume: volume)
        guard voxels.upperBound <= layouts[volume].shape.voxelCount,
            state.quality.values(voxels).allSatisfy({ $0 == Quality.exact })
        else {
            return nil
        }
        let byteCount = layouts[volume].header.voxelType.byteCount
        return state.voxels.values(voxels.lowerBound * byteCount..<voxels.upperBound * byteCount)
    }

    /// The voxels of a box as they stand, and nothing else: who follows a volume as it comes need not copy all of it.
    /// - Returns: nil where the box reaches out of the volume.
    package func part(volume: Int, box: StackedBox) -> VolumePart? {
        guard layouts.indices.contains(volume), layouts[volume].shape.stackedBox.contains(box) else { return nil }
        // This shares its bytes with the volume, which stands still until this returns.
        let state = snapshot(volume: volume)
        let byteCount = layouts[volume].header.voxelType.byteCount
        var voxels: [UInt8] = []
        var quality: [UInt8] = []
        voxels.reserveCapacity(box.voxelCount * byteCount)
        quality.reserveCapacity(box.voxelCount)
        state.voxels.withUnsafeBufferPointer { all in
            forEachRow(of: box, in: layouts[volume].shape) { row in
                voxels += all[row.lowerBound * byteCount..<row.upperBound * byteCount]
                quality += state.quality.values(row)
            }
        }
        return VolumePart(voxels: voxels, quality: quality)
    }
}
