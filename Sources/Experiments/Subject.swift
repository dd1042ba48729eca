internal import Bytes
internal import Faults
internal import Files
internal import Regions
internal import Foundation
internal import NIfTIFile
internal import Phantom
internal import Profiles
internal import VolumeModel
internal import WireFormat

/// A volume to be sent, with what is of interest in it.
struct Subject: Sendable {
    let name: String
    let path: String
    let choice: RegionChoice
    /// Tells whether it is the same volume with the same mask: a digest of what it is made of.
    let digest: Digest
    let fileByteCount: Int

    /// Finds a volume, or makes a generated head in a folder.
    /// - Throws: `NIfTIError`, `PhantomError`.
    static func prepare(_ subject: ExperimentProfile.Subject, in folder: String) throws -> Subject {
        switch subject.source {
        case .phantom(let seed, let columns, let rows, let slices):
            let parameters = try PhantomParameters(seed: seed, columns: columns, rows: rows, slices: slices)
            let place = "\(folder)/\(subject.name)"
            let files = PhantomFiles.paths(parameters, in: place)
            if !FileManager.default.fileExists(atPath: files.volume) || !FileManager.default.fileExists(atPath: files.labels) {
                try PhantomFiles.write(parameters, to: place)
            }
            return Subject(
                name: subject.name, path: files.volume, choice: .mask(path: files.labels),
                digest: Bytes.Digest(of: Array("phantom seed \(seed) \(columns)x\(rows)x\(slices) version 1".utf8)),
                fileByteCount: size(files.volume))
        case .file(let path, let region):
            var builder = DigestBuilder()
            func add(_ path: String) throws {
                do throws(FileError) { try PlainFile(path).forEachPart { builder.update($0) } } catch { throw error.naming(path) }
            }
            try add(path)
            var choice = RegionChoice.model(path: nil)
            switch region {
            case .model: break
            case .mask(let mask):
                try add(mask)
                choice = .mask(path: mask)
            case .box(let box):
                Array("\(box)".utf8).withUnsafeBytes { builder.update($0) }
                choice = .box(box)
            }
            return Subject(
                name: subject.name, path: path, choice: choice, digest: builder.finish(), fileByteCount: size(path))
        }
    }

    private static func size(_ path: String) -> Int {
        ((try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? NSNumber)?.intValue ?? 0
    }
}
