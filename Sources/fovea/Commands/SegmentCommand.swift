internal import FoveaKit
internal import Concurrency
internal import Faults
internal import Regions
internal import ArgumentParser
internal import NIfTIFile
internal import VolumeModel

struct SegmentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "segment", abstract: "Find the region of interest and write it as a mask.",
        discussion: """
            By a U-Net that was trained to find tumours on skull-stripped FLAIR, or by a model of your own. Several volumes of one patient,
            on one grid, serve models that read several modalities; their names tell which is which. It serves to decide what is sent
            first and makes no diagnosis.

            Example: fovea segment flair.nii.gz --out mask.nii.gz
            """)

    @Argument(help: ArgumentHelp("NIfTI volumes, 1 to 4 of one patient.", valueName: "volume")) var volumes: [String]
    @Option(help: ArgumentHelp("The mask to write.", valueName: "mask")) var out: String
    @Option(
        help: ArgumentHelp(
            "A model, with its side-car beside it; the one that comes with Fovea by default.", valueName: "file.onnx"))
    var model: String?
    @OptionGroup var overwriting: OverwriteOption
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard (1...4).contains(volumes.count) else { throw ValidationError("segment takes 1 to 4 volumes, not \(volumes.count)") }
    }

    func run() async throws {
        let console = Console(isJSON: output.json)
        try overwriting.check(out, inputs: volumes + [model])
        let images = try volumes.map { try NIfTIFile.read($0) }
        let shape = images[0].volume.shape
        if let other = images.firstIndex(where: { $0.volume.shape.box != shape.box }) {
            throw CommandError(
                .usage, "\(volumes[other]) is \(images[other].volume.shape), \(volumes[0]) \(shape): they have to share one grid")
        }
        let scans = zip(volumes, images).map { Scan($1.volume, name: $0) }
        for scan in scans.dropFirst() { try scan.requirePlace(of: scans[0]) }
        for (path, image) in zip(volumes, images) {
            for remark in image.remarks { console.remark("\(path): \(remark)") }
            if image.volume.shape.timepoints > 1 { console.remark("\(path): the first of its time points is looked at") }
        }
        let watch = Stopwatch()
        let finder = try RegionFinder(.model(path: model))
        let finding = try finder.find(in: scans)
        let seconds = watch.seconds
        let header = try images[0].header.companion(description: "Fovea mask (\(finder.name))", maxValue: 1, isOverTime: false)
        let boxes = RegionPlanner.boxes(around: finding.mask, margin: 0)
        try NIfTIFile.write(try NIfTIImage(header: header, voxels: finding.mask.bits), to: out, replacing: overwriting.force)
        if let remark = finding.remark { console.remark(remark) }
        if finding.verdict == .unsure {
            console.remark("the model is unsure of this mask; 'send' would put the whole volume first")
        }
        console.say(
            "\(out): \(finding.mask.voxelCount) voxels by \(finder.name), \(boxes.isEmpty ? "nothing found" : boxes.map(\.description).joined(separator: " "))"
        )
        console.event(
            "summary",
            [
                "mask_voxels": .integer(finding.mask.voxelCount), "roi_box": .text(boxes.first?.description),
                "roi_boxes": .list(boxes.map { .text($0.description) }), "seconds": .number(seconds), "model": .text(finder.name),
                "verdict": .text(finding.verdict.rawValue), "certainty": .number(finding.certainty),
            ])
    }
}
