internal import NIfTIFile
public import ProgressiveCoding
internal import Segmentation
public import VolumeModel
public import WireFormat

/// What to send, and how it is coded.
public struct Preparation: Sendable {
    /// Paths of the volumes, 1 to 16, all of one shape when there is more than one.
    public var paths: [String]
    /// How the region of interest is to be found.
    public var regionChoice: RegionChoice = .model(path: nil)
    /// Voxels added around a mask on every side.
    public var margin = 4
    /// How volumes become layers.
    public var encoding: EncodingSettings
    /// How far it goes.
    public var goal = Goal.lossless
    /// Which chunk goes before which.
    public var order = TransmissionOrder.roiFirst

    /// Prepares volumes with the defaults.
    public init(paths: [String], encoding: EncodingSettings) {
        self.paths = paths
        self.encoding = encoding
    }

    /// What came of it.
    public struct Result: Sendable {
        /// Codes the session's chunks.
        public let encoder: SessionEncoder
        /// The first volume's shape.
        public let shape: Shape
        /// Bytes of the source files as they stand on disk, voxels uncompressed.
        public let sourceByteCount: Int
        /// Each volume's greatest less least stored value: the peak of PSNR.
        public let peaks: [Double]
        /// Seconds it took to find the region.
        public let segmentationSeconds: Double
        /// Seconds it took to read the volumes.
        public let readingSeconds: Double
        /// What a person should know about how the region was found.
        public let remark: String?
    }

    /// Reads the volumes, finds the region of interest, and plans the chunks.
    /// - Throws: `NIfTIError`, `SegmentationError`, `CodingError`, or `SiteError.Code.usage`.
    public func run(on pool: CodingPool) async throws -> Result {
        guard (1...WireLimits.volumeCount).contains(paths.count) else {
            throw SiteError(.usage, "\(paths.count) volumes; a session takes 1 to \(WireLimits.volumeCount)")
        }
        let reading = Stopwatch()
        // The mask or the model is read while the volumes are.
        let choice = regionChoice
        async let reader = pool.run { try RegionFinder(choice) }
        let images = try await withThrowingTaskGroup(of: (Int, NIfTIImage).self) { group in
            for (index, path) in paths.enumerated() { group.addTask { (index, try await pool.run { try NIfTIFile.read(path) }) } }
            var images: [Int: NIfTIImage] = [:]
            for try await (index, image) in group { images[index] = image }
            return paths.indices.compactMap { images[$0] }
        }
        let readingSeconds = reading.seconds
        if let other = images.firstIndex(where: { !Self.sameSpace($0.volume.shape, images[0].volume.shape) }) {
            throw SiteError(
                .usage,
                "\(paths[other]) is \(images[other].volume.shape), \(paths[0]) \(images[0].volume.shape): volumes of one session share their region of interest, so send them one by one"
            )
        }
        let segmentation = Stopwatch()
        let scans = zip(paths, images).map { Scan($1.volume, name: $0) }
        let found = try await pool.run { [finder = try await reader] in try finder.regions(in: scans, margin: margin) }
        let segmentationSeconds = segmentation.seconds
        try Task.checkCancellation()
        let names = Self.names(for: paths)
        let encoders = try await withThrowingTaskGroup(of: (Int, VolumeEncoder).self) { group in
            for (index, image) in images.enumerated() {
                group.addTask {
                    let encoder = try await pool.run {
                        try VolumeEncoder(
                            image: image, name: names[index], regions: found.boxes, regionSource: found.source, goal: goal,
                            settings: encoding)
                    }
                    return (index, encoder)
                }
            }
            var encoders: [Int: VolumeEncoder] = [:]
            for try await (index, encoder) in group { encoders[index] = encoder }
            return images.indices.compactMap { encoders[$0] }
        }
        return Result(
            encoder: try SessionEncoder(encoders, goal: goal, order: order), shape: images[0].volume.shape,
            sourceByteCount: images.reduce(0) { $0 + $1.byteCount },
            peaks: encoders.map { $0.layout.map.high - $0.layout.map.low }, segmentationSeconds: segmentationSeconds,
            readingSeconds: readingSeconds, remark: found.remark ?? Self.remark(on: encoders[0].layout.manifest))
    }

    /// A region may lie where the volume holds nothing but its fill value.
    private static func remark(on volume: VolumeManifest) -> String? {
        volume.regions.isEmpty
            ? "the region of interest holds nothing but the volume's fill value: there is nothing to send first" : nil
    }

    private static func sameSpace(_ a: Shape, _ b: Shape) -> Bool {
        a.columns == b.columns && a.rows == b.rows && a.slices == b.slices
    }

    /// File names without folders and endings, made different where they are not.
    static func names(for paths: [String]) -> [Name] {
        var taken: Set<String> = []
        return paths.map { path in
            var base = path.split(separator: "/").last.map(String.init) ?? "volume"
            for ending in [".gz", ".nii"] where base.lowercased().hasSuffix(ending) { base.removeLast(ending.count) }
            if let ending = VolumeManifest.reservedEndings.first(where: base.hasSuffix) {
                base = base.dropLast(ending.count) + "-" + ending.dropFirst()
            }
            // Room for a number and for the endings of the files the receiver writes.
            let stem = Name(cleaning: String(base.utf8.prefix(WireLimits.nameByteCount - 4)) ?? "volume").text
            var name = stem
            var number = 2
            while !taken.insert(name).inserted {
                name = "\(stem)-\(number)"
                number += 1
            }
            return Name(cleaning: name)
        }
    }
}
