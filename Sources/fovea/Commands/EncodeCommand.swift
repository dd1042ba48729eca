internal import Archive
internal import Concurrency
internal import EncodingInput
internal import ArgumentParser
internal import NIfTIFile
internal import ProgressiveCoding
internal import Terminal
internal import VolumeModel
internal import WireFormat

struct EncodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encode", abstract: "Code a volume into a .fovea file: a session's chunks without a link.",
        discussion: "Example: fovea encode brain.nii.gz --mask tumour.nii.gz --out brain.fovea")

    @Argument(help: ArgumentHelp("A NIfTI volume.", valueName: "volume"))
    var volume: String

    @Option(help: ArgumentHelp("The file to write.", valueName: "file"))
    var out: String

    @OptionGroup var region: RegionOptions
    @OptionGroup var coding: CodingOptions
    @OptionGroup var overwriting: OverwriteOption
    @OptionGroup var output: JSONOption

    func run() async throws {
        let console = Console(isJSON: output.json)
        var preparation = try coding.preparation([volume], region)
        // A file is for links that nobody knows yet; it holds what one of this rate would be sent.
        preparation.bitsPerSecond = 1e6
        try overwriting.check(out, inputs: [volume, region.mask, region.model, coding.encoding])
        let (out, replacing) = (out, overwriting.force)
        let (prepared, written, seconds) = try await untilSignalled { [preparation] in
            do {
                return try await Self.write(preparation, to: out, replacing: replacing, console)
            } catch let error as CodingError where error.isOfCoder {
                guard let plain = preparation.withoutCoder else { throw error }
                console.remark("\(error); it is written again, its exact voxels without a coder")
                return try await Self.write(plain, to: out, replacing: replacing, console)
            }
        }
        console.say(
            "\(out): \(Text.bytes(written.byteCount)) of \(Text.bytes(prepared.sourceByteCount)), \(written.outcomes[0].state.name)"
        )
        for layer in Layer.allCases {
            guard let bytes = written.bytesByLayer[layer] else { continue }
            let error = written.fidelity[layer].map { "  \($0.text)" } ?? ""
            console.say("  \(Text.left(layer.name, 22)) \(Text.right(Text.bytes(bytes), 10))\(error)")
        }
        console.event(
            "summary",
            [
                "bytes_by_layer": written.bytesByLayer.json, "total_bytes": .integer(written.byteCount),
                "source_bytes": .integer(prepared.sourceByteCount), "fidelity": written.fidelity.json,
                "roi_boxes": .list((prepared.encoder.manifest.volumes.first?.regions ?? []).map { .text($0.description) }),
                "seconds_by_stage": .object([
                    "read": .number(prepared.readingSeconds), "segment": .number(prepared.segmentationSeconds),
                    "encode": .number(seconds),
                ]),
            ])
    }

    private static func write(_ preparation: Preparation, to out: String, replacing: Bool, _ console: Console) async throws
        -> (Preparation.Result, FoveaFile.Written, seconds: Double)
    {
        let pool = CodingPool()
        let prepared = try await preparation.run(on: pool)
        if let remark = prepared.remark { console.remark(remark) }
        let watch = Stopwatch()
        let written = try await FoveaFile.write(prepared, to: out, replacing: replacing, pool: pool) { done, all in
            console.progress(WorkProgress("coding", share: Double(done) / Double(all)), ["stage": .text("encode")])
        }
        console.finishProgress("coding")
        return (prepared, written, watch.seconds)
    }
}
