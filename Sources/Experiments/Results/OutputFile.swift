internal import Faults
internal import Files
internal import Foundation
internal import NIfTIFile

/// Files of an experiment's folder: whole or not there.
enum OutputFile {
    static func write(_ bytes: [UInt8], to path: String) throws {
        let folder = (path as NSString).deletingLastPathComponent
        try makeFolder(folder)
        let file = try AtomicFile(path: path)
        try file.write(bytes)
        try file.commit()
    }

    static func write(_ text: String, to path: String) throws { try write(Array(text.utf8), to: path) }

    static func makeFolder(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw ExperimentError(.cannotWrite, "\(path): the folder cannot be made")
        }
    }
}
