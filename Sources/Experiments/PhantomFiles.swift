internal import Faults
internal import Files
internal import Foundation
internal import NIfTIFile
package import Phantom
internal import VolumeModel

/// A phantom as NIfTI files.
package enum PhantomFiles {
    /// Returns the paths of the volume and the labels.
    package static func paths(_ parameters: PhantomParameters, in folder: String) -> (volume: String, labels: String) {
        let stem = "\(folder)/phantom-\(parameters.seed)"
        return ("\(stem)_flair.nii.gz", "\(stem)_seg.nii.gz")
    }

    /// Writes volume and labels.
    /// - Parameter replacing: whether files of their names give way.
    /// - Throws: `FileError.Code.cannotWrite`, `.alreadyExists`.
    @discardableResult
    package static func write(_ parameters: PhantomParameters, to folder: String, replacing: Bool = true) throws -> (
        volume: String, labels: String
    ) {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw FileError(.cannotWrite, "\(folder): the folder cannot be made")
        }
        let head = PhantomHead.generate(parameters)
        let shape = try Shape(columns: head.columns, rows: head.rows, slices: head.slices)
        // The field of view is 240 x 240 x 155 mm whatever the shape; x grows to the left and y backwards, as in BraTS.
        let affine = Affine(rows: [
            [-240 / Double(head.columns), 0, 0, 0], [0, -240 / Double(head.rows), 0, 239], [0, 0, 155 / Double(head.slices), 0],
        ])
        let files = paths(parameters, in: folder)
        let flair = try NIfTIHeader.make(
            shape: shape, voxelType: .int16, affine: affine, description: "Fovea phantom, seed \(parameters.seed)")
        try NIfTIFile.write(
            try NIfTIImage(header: flair, voxels: head.flair.withUnsafeBytes { Array($0) }), to: files.volume,
            replacing: replacing)
        let labels = try NIfTIHeader.make(shape: shape, voxelType: .uint8, affine: affine, description: "Fovea phantom labels")
        try NIfTIFile.write(try NIfTIImage(header: labels, voxels: head.labels), to: files.labels, replacing: replacing)
        return files
    }
}
