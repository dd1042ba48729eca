internal import Archive
internal import Bytes
internal import Concurrency
internal import Faults
internal import ArgumentParser
internal import FoveaKit
internal import NIfTIFile
internal import ProgressiveCoding
internal import Terminal
internal import WireFormat

struct DecodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode", abstract: "Decode a .fovea file.",
        discussion: """
            With --layers all, a file coded to the lossless end gives back the source's every bit. Of a file that is cut off or lacks chunks, what
            there is is written as NAME.partial.nii.gz or NAME.lossy.nii.gz, with exit code 65.

            Example: fovea decode brain.fovea --out preview.nii.gz --layers lossy
            """)

    @Argument(help: ArgumentHelp("A .fovea file.", valueName: "file"))
    var file: String

    @Option(help: ArgumentHelp("The volume to write (.nii or .nii.gz).", valueName: "volume"))
    var out: String

    @Option(help: "Which layers to use: roi, lossy or all.")
    var layers = FoveaFile.Layers.all

    @OptionGroup var overwriting: OverwriteOption
    @OptionGroup var output: JSONOption

    func run() async throws {
        let console = Console(isJSON: output.json)
        let watch = Stopwatch()
        try overwriting.check(out, inputs: [file])
        let (file, layers, out, overwriting) = (file, layers, out, overwriting)
        let (decoded, target, digest, decodeSeconds) = try await untilSignalled {
            let decoded = try await Archive(file).read(layers) { done, all in
                console.progress(WorkProgress("decoding", share: Double(done) / Double(max(1, all))), ["stage": .text("decode")])
            }
            console.finishProgress("decoding")
            let seconds = watch.seconds
            // A file that lacks something goes under another name than the one asked for.
            let target = decoded.path(askedFor: out)
            if target != out { try overwriting.check(target, inputs: [file]) }
            let image = try decoded.presentable()
            try NIfTIFile.write(image, to: target, replacing: overwriting.force)
            return (decoded, target, Self.digest(of: image), seconds)
        }
        console.say("\(target): \(decoded.outcome.state.name), sha256 \(digest)")
        console.event(
            "summary",
            [
                "file": .text(target), "sha256": .text(digest.description), "state": .text(decoded.outcome.state.name),
                "missing_chunks": .integer(decoded.missingChunkCount),
                "seconds_by_stage": .object(["decode": .number(decodeSeconds), "write": .number(watch.seconds - decodeSeconds)]),
            ])
        guard decoded.missingChunkCount > 0, decoded.outcome.state != .lossless else { return }
        throw FormatError(
            .truncated, "\(file) lacks \(decoded.missingChunkCount) of its chunks; what there is of the volume is in \(target)")
    }

    /// Of the uncompressed bytes of the file that is written.
    private static func digest(of image: NIfTIImage) -> Digest {
        var digest = DigestBuilder()
        image.forEachPart { digest.update($0) }
        return digest.finish()
    }
}
