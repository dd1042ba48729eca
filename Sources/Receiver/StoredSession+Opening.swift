internal import Bytes
internal import Faults
internal import Files
package import Receipts
internal import Foundation
internal import NIfTIFile
internal import ProgressiveCoding
internal import VolumeModel
package import WireFormat

/// A session read from its folder.
package struct OpenedSession: Sendable {
    /// The session as its files show it.
    package let session: StoredSession
    /// The volumes that can be read, by their places in the receipt.
    package let volumes: [Int: StoredVolume]
    /// The sender's goal, or how far it meant to go; empty where there is no receipt.
    package let goal: String
}

/// Why a session is not opened.
package enum OpeningError: Error, Sendable, Equatable {
    /// There is no such session.
    case notFound
    /// Its volumes take more memory than may be given to them.
    case tooLarge
}

extension StoredSession {
    /// Reads a session's volumes and compares them with its receipt. It may take seconds, and is to be called on a thread that may wait.
    /// - Parameter memoryLimit: the most bytes its volumes may take together; compared before anything of that size is allocated.
    /// - Throws: ``OpeningError``. What cannot be read otherwise makes it a failed session.
    package static func open(_ root: String, _ name: Name, key: ReceiptKey? = nil, memoryLimit: Int) throws(OpeningError)
        -> OpenedSession
    {
        guard let folder = StoredFolder(root: root, session: name), let found = look(folder, name, key: key) else {
            throw .notFound
        }
        var session = found.session
        guard let receipt = found.receipt else { return try openWithoutReceipt(session, folder, memoryLimit) }
        var reader = StoredReader(folder: folder, left: memoryLimit)
        var volumes: [Int: StoredVolume] = [:]
        var reasons: [String] = []
        let isForeign = session.message == foreignMessage
        for (index, volume) in receipt.volumes.enumerated() {
            do {
                volumes[index] = try reader.read(volume, of: receipt, isForeign: isForeign)
                if volumes[index]?.state == .failed { reasons.append("'\(volume.name)' is not what the receipt says.") }
            } catch let error as OpeningError {
                throw error
            } catch {
                reasons.append("'\(volume.name)' cannot be read.")
            }
        }
        if !reasons.isEmpty {
            session.fail(reasons.joined(separator: " "))
        } else if session.state == .unverified, !isForeign {
            (session.state, session.message) = (.exact, nil)
        }
        return OpenedSession(session: session, volumes: volumes, goal: receipt.goal)
    }

    /// The preview that a receiver left which was stopped; what there is of it is not known but from the files themselves.
    private static func openWithoutReceipt(_ session: StoredSession, _ folder: StoredFolder, _ memoryLimit: Int)
        throws(OpeningError)
        -> OpenedSession
    {
        var reader = StoredReader(folder: folder, left: memoryLimit)
        var volumes: [Int: StoredVolume] = [:]
        guard session.state != .failed else { return OpenedSession(session: session, volumes: [:], goal: "") }
        let ending = ".partial.nii.gz"
        for (index, file) in folder.files(endingIn: ending, limit: WireLimits.volumeCount).enumerated() {
            guard let name = try? Name(String(file.dropLast(ending.count))) else { continue }
            do {
                volumes[index] = try reader.readPreview(name)
            } catch let error as OpeningError {
                throw error
            } catch {
                continue
            }
        }
        return OpenedSession(session: session, volumes: volumes, goal: "")
    }
}

/// Reads volumes of a folder within a limit of memory.
private struct StoredReader {
    let folder: StoredFolder
    /// Bytes of memory that may still be taken.
    var left: Int

    private mutating func image(_ name: String) throws -> NIfTIImage {
        guard let file = folder.open(name) else { throw FileError(.notFound, "\(name): no such file") }
        defer { try? file.close() }
        do {
            // The file that was opened and looked at, whatever its name leads to by now.
            let image = try NIfTIFile.read("/proc/self/fd/\(file.fileDescriptor)", memoryLimit: left)
            left -= image.volume.voxels.count
            return image
        } catch {
            throw [.tooLarge, .file(.noRoom)].contains(error.code) ? OpeningError.tooLarge as any Error : error
        }
    }

    mutating func read(_ volume: ReceiptFile.Volume, of receipt: ReceiptFile, isForeign: Bool) throws -> StoredVolume {
        let image = try image(try receipt.fileName(of: volume))
        var digest = DigestBuilder()
        image.forEachPart { digest.update($0) }
        let isAsSaid = digest.finish().description == volume.sha256
        let isLossless = volume.state == VolumeState.lossless.name
        let standing = try Self.standing(volume, image.volume.shape)
        let state: StoredSession.State =
            if !isAsSaid || isLossless && volume.sha256 != volume.sourceSha256 {
                .failed
            } else if !receipt.complete {
                .incomplete
            } else if !isLossless {
                .lossy
            } else {
                isForeign ? .unverified : .exact
            }
        let byteCount = receipt.volumes.count == 1 ? receipt.bytesByLayer.values.reduce(0) { $0 &+ max(0, $1) } : 0
        guard state != .exact else {
            return StoredVolume(
                name: volume.name, state: state, image: image, quality: nil, standing: standing, byteCount: byteCount)
        }
        var quality = try quality(of: try Name(volume.name), image, isFull: receipt.complete)
        try Self.cap(&quality, standing, image.volume.shape, isBelieved: state == .lossy || state == .incomplete)
        return StoredVolume(
            name: volume.name, state: state, image: image, quality: quality, standing: standing, byteCount: byteCount)
    }

    mutating func readPreview(_ name: Name) throws -> StoredVolume {
        let image = try image(VolumeFile.name(name, .partial))
        var quality = try quality(of: name, image, isFull: false)
        try Self.cap(&quality, [.unknown], image.volume.shape, isBelieved: false)
        return StoredVolume(
            name: name.text, state: .incomplete, image: image, quality: quality, standing: [.unknown], byteCount: 0)
    }

    /// Returns what the quality volume says; where there is none that fits, as little as can be said.
    private mutating func quality(of name: Name, _ image: NIfTIImage, isFull: Bool) throws -> PagedArray<UInt8> {
        let count = image.volume.shape.voxelCount
        if let quality = try? self.image("\(name).quality.nii.gz"), quality.volume.voxelType == .uint8,
            quality.volume.shape == image.volume.shape
        {
            return quality.volume.voxels
        }
        return try PagedArray(repeating: isFull ? Quality.backgroundBase : Quality.missing, count: count)
    }

    /// The quality volume stands under no digest: no voxel is called better than the receipt calls the part it lies in.
    private static func cap(_ quality: inout PagedArray<UInt8>, _ standing: [RegionStanding], _ shape: Shape, isBelieved: Bool)
        throws(VolumeError)
    {
        func level(_ part: RegionStanding?) -> UInt8 {
            guard isBelieved, let part else { return Quality.backgroundBase }
            if part.stage == .exact { return Quality.exact }
            return part.box != nil ? Quality.roiBase : Quality.backgroundBase
        }
        var limits = [UInt8](repeating: level(standing.last), count: shape.columns * shape.rows)
        for slice in 0..<shape.stackedSliceCount {
            for index in limits.indices { limits[index] = level(standing.last) }
            for part in standing.dropLast() {
                guard let box = part.box, box.z.contains(shape.position(ofStacked: slice).slice) else { continue }
                for y in box.y { for x in box.x { limits[y * shape.columns + x] = level(part) } }
            }
            let start = slice * limits.count
            try quality.withUnsafeMutableBufferPointer { quality in
                for index in limits.indices { quality[start + index] = min(quality[start + index], limits[index]) }
            }
        }
    }

    /// The parts of a volume as its receipt has them.
    /// - Throws: `ReceiptError.Code.mismatch` where they do not fit it.
    private static func standing(_ volume: ReceiptFile.Volume, _ shape: Shape) throws -> [RegionStanding] {
        guard volume.regions.count <= WireLimits.regionCount else {
            throw ReceiptError(.mismatch, "more regions than a volume may have")
        }
        let regions = try volume.regions.map { part in
            guard let box = try part.box.map({ try Box(parsing: $0) }), shape.box.contains(box) else {
                throw ReceiptError(.mismatch, "a region that reaches out of the volume")
            }
            return RegionStanding(box: box, stage: stage(part), maxAbsoluteError: part.maxError)
        }
        return regions + [
            RegionStanding(box: nil, stage: stage(volume.background), maxAbsoluteError: volume.background.maxError)
        ]
    }

    private static func stage(_ part: ReceiptFile.Part) -> RegionStanding.Stage {
        RegionStanding.Stage(rawValue: part.stage) ?? .missing
    }
}
