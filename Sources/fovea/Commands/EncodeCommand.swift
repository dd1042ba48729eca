internal import Archive
internal import Concurrency
internal import EncodingInput
internal import ArgumentParser
internal import FoveaKit
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
        let preparation = try coding.preparation([volume], region)
        try overwriting.check(out, inputs: [volume, region.mask, region.model, coding.encoding])
        let (out, replacing) = (out, overwriting.force)
        let result = try await untilSignalled {
            try await Archive(out).write(
                preparation, replacing: replacing, onRemark: { console.remark($0) },
                onProgress: { done, all in
                    console.progress(WorkProgress("coding", share: Double(done) / Double(all)), ["stage": .text("encode")])
                })
        }
        console.finishProgress("coding")
        let (prepared, written) = (result.prepared, result.file)
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
                    "encode": .number(result.seconds),
                ]),
            ])
    }
}
