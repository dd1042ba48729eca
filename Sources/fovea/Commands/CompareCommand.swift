internal import FoveaKit
internal import Regions
internal import ArgumentParser
internal import NIfTIFile
internal import ProgressiveCoding
internal import Terminal
internal import VolumeModel

struct CompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Measure how near one volume is to another.",
        discussion: """
            Errors are in stored units. PSNR is of voxels that are finite on both sides, against the 0.5th to 99.5th percentile of the first
            volume's content, so that one voxel far off does not make it large; psnr_db and ssim (--json) have the first volume's whole
            range, from its least finite value to its greatest, for their peak. Where both files are masks of labels, Dice's coefficient of
            what is above zero is given as well.

            Example: fovea compare brain.nii.gz received.nii.gz --mask tumour.nii.gz
            """)

    @Argument(help: ArgumentHelp("The reference volume.", valueName: "a")) var a: String
    @Argument(help: ArgumentHelp("The volume to judge.", valueName: "b")) var b: String

    @Option(help: ArgumentHelp("Compare only where this mask is above zero.", valueName: "mask")) var mask: String?
    @Option(help: ArgumentHelp("Compare only in this box, ends exclusive.", valueName: "x0:x1,y0:y1,z0:z1")) var box: String?

    @OptionGroup var output: JSONOption

    func validate() throws {
        guard mask == nil || box == nil else { throw ValidationError("give --mask or --box, not both") }
    }

    func run() async throws {
        let console = Console(isJSON: output.json)
        let (first, second) = (try NIfTIFile.read(a), try NIfTIFile.read(b))
        let areLabels = Self.isLabels(first.volume) && Self.isLabels(second.volume)
        let sameType = first.volume.voxelType == second.volume.voxelType
        // Masks are compared by what they say, however each program stores them.
        let (left, right) =
            areLabels && !sameType ? (try Self.labels(first.volume), try Self.labels(second.volume)) : (first.volume, second.volume)
        let box = try box.map { try Box(parsing: $0) }
        let mask = try mask.map { path in
            let finding = try MaskFileSegmenter(labels: NIfTIFile.readFileOrPair(path).volume, path: path).segment([
                Scan(first.volume, name: a)
            ])
            if let remark = finding.remark { console.remark("\(path): \(remark)") }
            return finding.mask
        }
        let difference = Self.difference(first.volume, second.volume)
        for (path, image) in [(a, first), (b, second)] {
            for remark in image.remarks { console.remark("\(path): \(remark)") }
        }
        let range = left.finiteRange()
        let peak = range.upperBound - range.lowerBound
        let robust = RobustRange(of: left)
        let fidelity = try Fidelity.compare(left, right, box: box, mask: mask)
        let ssim = try StructuralSimilarity.mean(left, right, box: box ?? mask?.boundingBox, peak: peak)
        let sameHeader =
            first.header.bytes == second.header.bytes && first.extensions == second.extensions && first.trailer == second.trailer
        let dice = areLabels ? try Mask(labels: left).dice(with: Mask(labels: right)) : nil
        let sameVoxels = sameType && fidelity.identicalVoxels
        console.say(
            """
            PSNR                \(Text.decibels(fidelity.psnr(against: robust))) against \(Text.stored(robust)) (0.5th to 99.5th percentile)
            SSIM                \(ssim.flatMap { $0.isFinite ? "\($0)" : nil } ?? "-")
            greatest error      \(Text.number(fidelity.finiteMaxAbsoluteError)) stored units
            voxels not finite   \(fidelity.nonfiniteVoxelCount) of \(fidelity.voxelCount)
            identical voxels    \(sameVoxels ? "yes" : "no")
            identical header    \(sameHeader ? "yes" : "no")
            identical geometry  \(difference.map { "no: \($0)" } ?? "yes")
            """)
        if let dice { console.say("Dice                \(dice)") }
        var fields: [String: JSONValue] = [
            "psnr_db": .number(fidelity.psnr(peak: peak) as Double?), "ssim": .number(ssim),
            "max_abs_error": .number(fidelity.maxAbsoluteError as Double?), "identical_voxels": .flag(sameVoxels),
            "identical_header": .flag(sameHeader), "identical_geometry": .flag(difference == nil),
            "voxels": .integer(fidelity.voxelCount),
            "peak": .number(peak as Double?), "units": .text("stored"), "nonfinite_voxels": .integer(fidelity.nonfiniteVoxelCount),
            "robust_psnr_db": .number(fidelity.psnr(against: robust) as Double?),
            "robust_range": .list([.number(robust.lowerBound), .number(robust.upperBound)]),
            "max_finite_error": .number(fidelity.finiteMaxAbsoluteError as Double?),
        ]
        if let dice { fields["dice"] = .number(dice) }
        console.event("summary", fields)
        // The figures are of voxels by their indices: of another place in the patient, or of other values.
        if difference != nil { throw ExitCode(1) }
    }

    /// The way in which two volumes lie elsewhere, or scale their voxels otherwise; nil where they do not.
    private static func difference(_ first: Volume, _ second: Volume) -> String? {
        if let difference = second.affine.difference(from: first.affine, over: first.shape) { return difference }
        func factors(_ scaling: Scaling) -> [Double] { scaling.slope == 0 ? [1, 0] : [scaling.slope, scaling.intercept] }
        let (a, b) = (factors(first.scaling), factors(second.scaling))
        return a == b ? nil : "values of \(a[0]) x stored + \(a[1]), and of \(b[0]) x stored + \(b[1])"
    }

    /// Labels as bytes.
    private static func labels(_ volume: Volume) throws -> Volume {
        try Volume(
            shape: volume.shape, voxelType: .uint8, values: volume.doubles().map { UInt8(nearest: $0) }, affine: volume.affine)
    }

    /// Tells whether a volume holds nothing but a few small whole numbers, as masks and label maps do.
    private static func isLabels(_ volume: Volume) -> Bool {
        let range = volume.finiteRange()
        guard range.lowerBound >= 0, range.upperBound <= 255 else { return false }
        var seen: Set<Double> = []
        for value in volume.doubles() where seen.insert(value).inserted {
            guard value == value.rounded(), seen.count <= 16 else { return false }
        }
        return true
    }
}
