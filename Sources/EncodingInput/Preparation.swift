package import Concurrency
internal import Faults
package import Regions
package import ExactCodec
internal import NIfTIFile
package import ProgressiveCoding
package import VolumeModel
package import WireFormat

/// The volumes to send, and how they are coded.
package struct Preparation: Sendable {
    /// Paths of the volumes, 1 to 16, all of one shape when there is more than one.
    package var paths: [String]
    /// The way the region of interest is to be found.
    package var regionChoice: RegionChoice = .model(path: nil)
    /// Voxels added around a mask on every side.
    package var margin = 4
    /// The policy by which volumes become layers.
    package var encoding: EncodingPolicy
    /// The link's expected rate in bits a second; nil where nobody knows. A transfer that goes on needs the same again.
    package var bitsPerSecond: Double?
    /// The goal: how far it goes.
    package var goal = Goal.lossless
    /// Which chunk goes before which.
    package var order = TransmissionOrder.roiFirst
    /// Codes exact voxels in place of the settings' coder.
    package var exactCoder: (any ExactCoder)?

    /// Prepares volumes with the defaults.
    package init(paths: [String], encoding: EncodingPolicy) {
        self.paths = paths
        self.encoding = encoding
    }

    /// Prepares volumes with the defaults, whatever the link.
    package init(paths: [String], encoding: EncodingSettings) {
        self.init(paths: paths, encoding: EncodingPolicy(encoding))
    }

    /// The result of the preparation.
    package struct Result: Sendable {
        /// Codes the session's chunks.
        package let encoder: SessionEncoder
        /// The settings that the link decided on.
        package let settings: EncodingSettings
        /// The first volume's shape.
        package let shape: Shape
        /// Bytes of the source files as they stand on disk, voxels uncompressed.
        package let sourceByteCount: Int
        /// Seconds it took to find the region.
        package let segmentationSeconds: Double
        /// Seconds it took to read the volumes.
        package let readingSeconds: Double
        /// The remark that a person should know about how the region was found.
        package let remark: String?
    }

    /// The same with exact voxels as they are, in place of a coder that was found to err.
    /// - Returns: nil when they were sent so, or none are.
    package var withoutCoder: Preparation? {
        let coder = exactCoder ?? encoding.settings(bitsPerSecond: bitsPerSecond).exactCoder.coder
        guard coder.identifier != StoredCoder().identifier, goal == .lossless else { return nil }
        var plain = self
        plain.exactCoder = StoredCoder()
        return plain
    }

    /// The input that has been looked at before anything is said to a receiver.
    package struct Checked: Sendable {
        fileprivate let finder: RegionFinder
        /// The volumes, and the seconds reading them takes.
        fileprivate let reading: Task<([NIfTIImage], Double), any Error>
    }

    /// Opens every file and checks what can be known without the voxels: headers, shapes, the box, the mask's shape, the model.
    /// - Throws: `NIfTIError`, `SegmentationError`, `CodingError`, `ProfileError`, or `CodingError.Code.usage`.
    package func check(on pool: CodingPool) async throws -> Checked {
        guard (1...WireLimits.volumeCount).contains(paths.count) else {
            throw CodingError(.usage, "\(paths.count) volumes; a session takes 1 to \(WireLimits.volumeCount)")
        }
        // The voxels are read while the mask or the model is.
        let reading = Task { try await read(on: pool) }
        do {
            let finder = try await pool.run { [self] in
                let shapes = try paths.map { try NIfTIFile.header(of: $0).shape }
                try Self.check(shapes, of: paths)
                for shape in shapes { try VolumeEncoder.check(shape, goal: goal) }
                let finder = try RegionFinder(regionChoice)
                try finder.check(shapes, names: paths)
                return finder
            }
            return Checked(finder: finder, reading: reading)
        } catch {
            reading.cancel()
            throw error
        }
    }

    private func read(on pool: CodingPool) async throws -> ([NIfTIImage], Double) {
        let watch = Stopwatch()
        return try await withThrowingTaskGroup(of: (Int, NIfTIImage).self) { group in
            for (index, path) in paths.enumerated() { group.addTask { (index, try await pool.run { try NIfTIFile.read(path) }) } }
            var images: [Int: NIfTIImage] = [:]
            for try await (index, image) in group { images[index] = image }
            return (paths.indices.compactMap { images[$0] }, watch.seconds)
        }
    }

    /// Volumes of one session share their region of interest, and so their space.
    private static func check(_ shapes: [Shape], of paths: [String]) throws {
        guard let other = shapes.firstIndex(where: { !sameSpace($0, shapes[0]) }) else { return }
        throw CodingError(
            .usage,
            "\(paths[other]) is \(shapes[other]), \(paths[0]) \(shapes[0]): volumes of one session share their region of interest, so send them one by one"
        )
    }

    /// Reads the volumes, finds the region of interest, and plans the chunks.
    /// - Throws: `NIfTIError`, `SegmentationError`, `CodingError`, or `CodingError.Code.usage`.
    package func run(on pool: CodingPool) async throws -> Result {
        try await run(try await check(on: pool), on: pool)
    }

    /// Goes on from what has been checked.
    /// - Parameter onRead: called once every input has been read whole and fits, which leaves nothing of the command line to complain about.
    package func run(_ checked: Checked, on pool: CodingPool, onRead: @Sendable () -> Void = {}) async throws -> Result {
        let (images, readingSeconds) = try await checked.reading.value
        // A file may have been exchanged since its header was looked at.
        try Self.check(images.map(\.volume.shape), of: paths)
        let scans = zip(paths, images).map { Scan($1.volume, name: $0) }
        for scan in scans.dropFirst() { try scan.requirePlace(of: scans[0]) }
        // A model takes its time, and a connection too; a mask or a box that does not fit is said before there is one.
        if checked.finder.isModel { onRead() }
        let settings = encoding.settings(bitsPerSecond: bitsPerSecond)
        async let facts = Self.facts(of: images, settings, on: pool)
        let segmentation = Stopwatch()
        let found = try await pool.run { [finder = checked.finder] in try finder.regions(in: scans, margin: margin) }
        let segmentationSeconds = segmentation.seconds
        if !checked.finder.isModel { onRead() }
        try Task.checkCancellation()
        let names = Self.names(for: paths)
        let titles = Self.titles(for: paths)
        let (regions, choice) = decide(found, settings.whenUnsure)
        let known = try await facts
        let encoders = try await withThrowingTaskGroup(of: (Int, VolumeEncoder).self) { group in
            for (index, image) in images.enumerated() {
                group.addTask {
                    let encoder = try await pool.run {
                        try VolumeEncoder(
                            image: image, facts: known[index], name: names[index], title: titles[index], regions: regions,
                            regionSource: found.source,
                            regionCertainty: found.certainty.map { UInt8(max(0, min(100, ($0 * 100).rounded()))) },
                            goal: goal, settings: settings, bitsPerSecond: bitsPerSecond, exactCoder: exactCoder)
                    }
                    return (index, encoder)
                }
            }
            var encoders: [Int: VolumeEncoder] = [:]
            for try await (index, encoder) in group { encoders[index] = encoder }
            return images.indices.compactMap { encoders[$0] }
        }
        return Result(
            encoder: try SessionEncoder(encoders, goal: goal, order: order), settings: settings, shape: images[0].volume.shape,
            sourceByteCount: images.reduce(0) { $0 + $1.byteCount },
            segmentationSeconds: segmentationSeconds, readingSeconds: readingSeconds,
            remark: Self.joined(
                zip(paths, images).flatMap { path, image in image.remarks.map { "\(path): \($0)" } }
                    + [choice ?? (regions.isEmpty ? nil : Self.remark(on: encoders[0].layout.manifest))]))
    }

    private static func facts(of images: [NIfTIImage], _ settings: EncodingSettings, on pool: CodingPool) async throws
        -> [VolumeFacts]
    {
        var facts: [VolumeFacts] = []
        for image in images { facts.append(try await pool.run { VolumeFacts(of: image, settings: settings) }) }
        return facts
    }

    private static func joined(_ remarks: [String?]) -> String? {
        let said = remarks.compactMap { $0 }
        return said.isEmpty ? nil : said.joined(separator: "; ")
    }

    /// A region may lie where the volume holds nothing but its fill value.
    private static func remark(on volume: VolumeManifest) -> String? {
        volume.regions.isEmpty
            ? "the region of interest holds nothing but the volume's fill value: there is nothing to send first" : nil
    }

    private static func sameSpace(_ a: Shape, _ b: Shape) -> Bool {
        a.columns == b.columns && a.rows == b.rows && a.slices == b.slices
    }

    /// The boxes that go first where a model knows, and where none does what the profile says of that.
    private func decide(
        _ found: RegionFinder.Regions, _ whenUnsure: EncodingSettings.WhenUnsure
    ) -> (regions: [Box], remark: String?) {
        guard found.isUndecided else { return (found.boxes, found.remark) }
        // Where regions are all that is asked for, no region would be nothing at all.
        let isNone = whenUnsure == .none && goal > .roi
        let consequence =
            isNone
            ? "no part of the volume goes first"
            : "the whole volume is sent as the region of interest" + (whenUnsure == .centreOut ? ", its middle slices first" : "")
        // Nobody need be told of what he asked for.
        let remark = found.remark.map { "\($0): \(consequence); give --mask or --box to choose one" }
        return (isNone ? [] : found.boxes, remark)
    }
}
