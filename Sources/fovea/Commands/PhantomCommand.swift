internal import ArgumentParser
internal import Foundation
internal import NIfTIFile
internal import Phantom
internal import VolumeModel

struct PhantomCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "phantom",
        abstract: "Make a head with a tumour: a FLAIR-like volume and its labels, the same for the same seed.",
        discussion: """
            Writes phantom-SEED_flair.nii.gz and phantom-SEED_seg.nii.gz (labels as in BraTS: 1 necrosis, 2 oedema, 4 enhancing).

            Example: fovea phantom --out phantoms --seed 7
            """)

    @Option(help: ArgumentHelp("The folder to write to.", valueName: "dir")) var out: String
    @Option(help: "Decides everything about the head.") var seed: UInt64 = 1
    @Option(help: ArgumentHelp("Columns x rows x slices; the field of view stays the same.", valueName: "shape")) var shape =
        "240x240x155"
    @Flag(help: "A head without a tumour.") var healthy = false
    @OptionGroup var output: JSONOption

    func run() async throws {
        let console = Console(isJSON: output.json)
        let sides = shape.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        guard sides.count == 3, let columns = sides[0], let rows = sides[1], let slices = sides[2] else {
            throw ValidationError("'\(shape)' is no shape: write columns x rows x slices, for example 240x240x155")
        }
        let parameters = try PhantomParameters(seed: seed, columns: columns, rows: rows, slices: slices, hasTumour: !healthy)
        let files = try PhantomFiles.write(parameters, to: out)
        console.say("\(files.volume)\n\(files.labels)")
        console.event(
            "summary", ["volume": .text(files.volume), "labels": .text(files.labels), "seed": .integer(Int(clamping: seed))])
    }
}

/// A phantom as NIfTI files.
enum PhantomFiles {
    /// Writes volume and labels.
    /// - Throws: `NIfTIError.Code.cannotWrite`.
    static func write(_ parameters: PhantomParameters, to folder: String) throws -> (volume: String, labels: String) {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw NIfTIError(.cannotWrite, "\(folder): the folder cannot be made")
        }
        let head = PhantomHead.generate(parameters)
        let shape = try Shape(columns: head.columns, rows: head.rows, slices: head.slices)
        // The field of view is 240 x 240 x 155 mm whatever the shape; x grows to the left and y backwards, as in BraTS.
        let affine = Affine(rows: [
            [-240 / Double(head.columns), 0, 0, 0], [0, -240 / Double(head.rows), 0, 239], [0, 0, 155 / Double(head.slices), 0],
        ])
        let stem = "\(folder)/phantom-\(parameters.seed)"
        let flair = try NIfTIHeader.make(
            shape: shape, voxelType: .int16, affine: affine, description: "Fovea phantom, seed \(parameters.seed)")
        try NIfTIFile.write(
            try NIfTIImage(header: flair, voxels: head.flair.withUnsafeBytes { Array($0) }), to: "\(stem)_flair.nii.gz")
        let labels = try NIfTIHeader.make(shape: shape, voxelType: .uint8, affine: affine, description: "Fovea phantom labels")
        try NIfTIFile.write(try NIfTIImage(header: labels, voxels: head.labels), to: "\(stem)_seg.nii.gz")
        return ("\(stem)_flair.nii.gz", "\(stem)_seg.nii.gz")
    }
}
