internal import ArgumentParser
internal import NIfTIFile
internal import Sites
internal import VolumeModel

struct SegmentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "segment", abstract: "Find the region of interest and write it as a mask.",
        discussion: """
            In this version by an intensity threshold, a stand-in for a trained segmenter. It serves to decide what is sent first and
            makes no diagnosis.

            Example: fovea segment brain.nii.gz --out mask.nii.gz
            """)

    @Argument(help: ArgumentHelp("A NIfTI volume.", valueName: "volume")) var volume: String
    @Option(help: ArgumentHelp("The mask to write.", valueName: "mask")) var out: String
    @OptionGroup var output: JSONOption

    func run() async throws {
        let console = Console(isJSON: output.json)
        let image = try NIfTIFile.read(volume)
        let watch = Stopwatch()
        let (mask, boxes, model) = try Preparation.segment(image.volume)
        let seconds = watch.seconds
        guard let header = try? image.header.companion(description: "Fovea mask (\(model))", greatestValue: 1),
            header.shape.voxelCount == mask.bits.count
        else { throw SiteError(.usage, "\(volume) has several time points; a mask has one") }
        try NIfTIFile.write(try NIfTIImage(header: header, voxels: mask.bits), to: out)
        console.say(
            "\(out): \(mask.voxelCount) voxels by \(model), \(boxes.isEmpty ? "nothing found" : boxes.map(\.description).joined(separator: " "))"
        )
        console.event(
            "summary",
            [
                "mask_voxels": .integer(mask.voxelCount), "roi_box": .text(boxes.first?.description), "seconds": .number(seconds),
                "model": .text(model),
            ])
    }
}
