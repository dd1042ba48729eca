internal import ArgumentParser
internal import NIfTIFile
internal import ProgressiveCoding
internal import Sites
internal import WireFormat

struct DecodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode", abstract: "Decode a .fovea file.",
        discussion: """
            With --layers all, a file coded to the lossless end gives back the source's every bit.

            Example: fovea decode brain.fovea --out preview.nii.gz --layers lossy
            """)

    @Argument(help: ArgumentHelp("A .fovea file.", valueName: "file"))
    var file: String

    @Option(help: ArgumentHelp("The volume to write (.nii or .nii.gz).", valueName: "volume"))
    var out: String

    @Option(help: "Which layers to use: roi, lossy or all.")
    var layers = FoveaFile.Layers.all

    @OptionGroup var output: JSONOption

    func run() async throws {
        let console = Console(isJSON: output.json)
        let watch = Stopwatch()
        let (file, layers, out) = (file, layers, out)
        let (decoded, decodeSeconds) = try await untilSignalled {
            let decoded = try await FoveaFile.decode(file, layers: layers, pool: CodingPool())
            let seconds = watch.seconds
            guard decoded.count == 1 else {
                throw SiteError(.usage, "\(file) holds \(decoded.count) volumes; this command writes one")
            }
            try NIfTIFile.write(decoded[0].image, to: out)
            return (decoded[0], seconds)
        }
        console.say("\(out): \(decoded.outcome.state.name), sha256 \(decoded.outcome.digest)")
        console.event(
            "summary",
            [
                "sha256": .text(decoded.outcome.digest.description), "state": .text(decoded.outcome.state.name),
                "seconds_by_stage": .object(["decode": .number(decodeSeconds), "write": .number(watch.seconds - decodeSeconds)]),
            ])
    }
}
