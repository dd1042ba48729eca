internal import FoveaKit
internal import ArgumentParser
internal import Experiments
internal import Phantom

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
    @OptionGroup var overwriting: OverwriteOption
    @OptionGroup var output: JSONOption

    func run() async throws {
        let console = Console(isJSON: output.json)
        let sides = shape.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        guard sides.count == 3, let columns = sides[0], let rows = sides[1], let slices = sides[2] else {
            throw ValidationError("'\(shape)' is no shape: write columns x rows x slices, for example 240x240x155")
        }
        let parameters = try PhantomParameters(seed: seed, columns: columns, rows: rows, slices: slices, hasTumour: !healthy)
        let places = PhantomFiles.paths(parameters, in: out)
        for place in [places.volume, places.labels] { try overwriting.check(place, inputs: []) }
        let files = try PhantomFiles.write(parameters, to: out, replacing: overwriting.force)
        console.say("\(files.volume)\n\(files.labels)")
        console.event(
            "summary", ["volume": .text(files.volume), "labels": .text(files.labels), "seed": .integer(Int(clamping: seed))])
    }
}
