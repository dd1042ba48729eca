public import Bytes
public import Faults
public import VolumeModel

/// A description of what a session will send: geometry, layers, and a plan of every chunk. It is chunk 0.
public struct Manifest: Sendable, Equatable {
    /// The goal of the transfer: how far it goes.
    public let goal: Goal
    /// 1 to 16 volumes.
    public let volumes: [VolumeManifest]

    /// Makes a manifest.
    public init(goal: Goal, volumes: [VolumeManifest]) {
        self.goal = goal
        self.volumes = volumes
    }

    /// Every planned chunk, at its ordinal less one; the table's chunk comes after the last.
    public var plan: [(volume: Int, chunk: PlannedChunk)] {
        volumes.enumerated().flatMap { index, volume in volume.plan.map { (index, $0) } }
    }
    /// The ordinal of the chunk that holds the table.
    public var tableOrdinal: UInt32 { UInt32(volumes.reduce(1) { $0 + $1.plan.count }) }

    /// The manifest's bytes: a chunk record's payload.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: 2048)
        writer.put(goal.rawValue)
        writer.put(UInt8(volumes.count))
        for volume in volumes { volume.write(to: &writer) }
        return writer.bytes
    }

    /// Reads a manifest.
    /// - Throws: `FormatError`; counts are checked before anything of that count is allocated.
    public init(decoding bytes: [UInt8]) throws(FormatError) {
        var reader = ByteReader(bytes)
        let goal = try reader.take(UInt8.self, "goal")
        guard let goal = Goal(rawValue: goal) else { throw FormatError(.invalidField, "goal \(goal) is unknown") }
        self.goal = goal
        let count = Int(try reader.take(UInt8.self, "volume count"))
        guard (1...WireLimits.volumeCount).contains(count) else {
            throw FormatError(.limitExceeded, "\(count) volumes in one session")
        }
        var volumes: [VolumeManifest] = []
        var chunkCount = 2
        for _ in 0..<count {
            let volume = try VolumeManifest(from: &reader)
            chunkCount += volume.plan.count
            guard chunkCount <= WireLimits.chunkCount else {
                throw FormatError(.limitExceeded, "more than \(WireLimits.chunkCount) chunks")
            }
            guard !volumes.contains(where: { $0.name == volume.name }) else {
                throw FormatError(.invalidField, "two volumes are called '\(volume.name)'")
            }
            // The receiver keeps files of its own under a volume's name and these endings.
            if let ending = VolumeManifest.reservedEndings.first(where: volume.name.text.hasSuffix) {
                throw FormatError(.invalidField, "a volume's name ends in '\(ending)'")
            }
            volumes.append(volume)
        }
        self.volumes = volumes
        try reader.requireEnd()
    }
}

/// The way in which the region of interest was found.
public enum RegionSource: UInt8, Sendable {
    /// A mask file.
    case mask = 1
    /// A box a person gave.
    case box = 2
    /// A threshold on intensity.
    case threshold = 3
    /// A segmenter found nothing, so everything is of interest.
    case everything = 4
    /// A trained segmenter.
    case model = 5
    /// A trained segmenter found something but was unsure of it, so everything is of interest.
    case unsure = 6

    /// The name in JSON.
    public var name: String {
        switch self {
        case .mask: "mask"
        case .box: "box"
        case .threshold: "threshold"
        case .everything: "everything"
        case .model: "model"
        case .unsure: "unsure"
        }
    }
}

/// One volume of a session.
public struct VolumeManifest: Sendable, Equatable {
    /// A name for files, made of the title; it ends in none of ``reservedEndings``.
    public let name: Name
    /// The file's name without its ending as it stands at the sender, of at most ``titleByteCount`` bytes; for people, never for a path.
    public let title: String
    /// The NIfTI header, verbatim.
    public let header: [UInt8]
    /// Bytes between header and voxels.
    public let extensionByteCount: Int
    /// Bytes after the voxels.
    public let trailerByteCount: Int
    /// SHA-256 of the source's uncompressed bytes.
    public let sourceDigest: Digest
    /// The stored value that sample 0 stands for.
    public let low: Double
    /// The stored value that the greatest sample stands for.
    public let high: Double
    /// Bits a sample of the base layers.
    public let bitDepth: UInt8
    /// The point where samples become coarser, in a volume with a long tail of great values; nil when they are even.
    public let knee: Knee?
    /// The bits of the stored value that fills what lies outside the body.
    public let fill: UInt64
    /// Over the slices of one time point: beyond this box every voxel of every time point holds ``fill``. Nil when all do.
    public let content: Box?
    /// The way in which the regions were found.
    public let regionSource: RegionSource
    /// Certainty of a model about them, in hundredths; nil where no model says.
    public let regionCertainty: UInt8?
    /// Regions of interest, over the slices of one time point.
    public let regions: [Box]
    /// The bound on the error of every voxel of the regions, in stored units, whatever the goal; nil when nothing is promised.
    public let maxError: Int?
    /// The chunks, in the order of their ordinals.
    public let plan: [PlannedChunk]

    /// The most bytes of a ``title``: as many as a file's name has on usual file systems.
    public static let titleByteCount = 255

    /// The greatest ``maxError`` there is.
    public static let maxErrorLimit = 32766

    /// The endings that no volume's name has: a receiver's names for a volume's quality, and for what is not the source bit for bit.
    public static let reservedEndings = [".quality", ".partial", ".lossy"]

    /// Makes a volume's entry.
    public init(
        name: Name, title: String? = nil, header: [UInt8], extensionByteCount: Int, trailerByteCount: Int, sourceDigest: Digest,
        low: Double,
        high: Double,
        bitDepth: UInt8, knee: Knee? = nil, fill: UInt64, content: Box?, regionSource: RegionSource,
        regionCertainty: UInt8? = nil, regions: [Box], maxError: Int? = nil, plan: [PlannedChunk]
    ) {
        self.name = name
        self.title = title ?? name.text
        self.header = header
        self.extensionByteCount = extensionByteCount
        self.trailerByteCount = trailerByteCount
        self.sourceDigest = sourceDigest
        self.low = low
        self.high = high
        self.bitDepth = bitDepth
        self.knee = knee
        self.fill = fill
        self.content = content
        self.regionSource = regionSource
        self.regionCertainty = regionCertainty
        self.regions = regions
        self.maxError = maxError
        self.plan = plan
    }

    init(from reader: inout ByteReader) throws(FormatError) {
        name = try Name(try reader.takeText("volume name", limit: WireLimits.nameByteCount))
        title = try reader.takeText("volume title", limit: Self.titleByteCount)
        let headerByteCount = Int(try reader.take(UInt16.self, "header length"))
        guard headerByteCount == 348 || headerByteCount == 540 else {
            throw FormatError(.invalidField, "a NIfTI header of \(headerByteCount) bytes")
        }
        header = Array(try reader.take(headerByteCount, "header"))
        extensionByteCount = try reader.takeVarint("extension bytes", limit: WireLimits.chunkByteCount)
        trailerByteCount = try reader.takeVarint("trailer bytes", limit: WireLimits.chunkByteCount)
        sourceDigest = try reader.takeDigest("source digest")
        low = try reader.takeDouble("low")
        high = try reader.takeDouble("high")
        guard low.isFinite, high.isFinite, low <= high else {
            throw FormatError(.invalidField, "a range of stored values from \(low) to \(high)")
        }
        bitDepth = try reader.take(UInt8.self, "bit depth")
        guard [8, 10, 12].contains(bitDepth) else { throw FormatError(.invalidField, "a bit depth of \(bitDepth)") }
        knee = try Knee(from: &reader, low: low, high: high, bitDepth: bitDepth)
        fill = try reader.take(UInt64.self, "fill")
        let hasContent = try reader.take(UInt8.self, "content flag")
        guard hasContent <= 1 else { throw FormatError(.invalidField, "a content flag of \(hasContent)") }
        content = hasContent == 1 ? try Box(from: &reader) : nil
        let source = try reader.take(UInt8.self, "region source")
        guard let source = RegionSource(rawValue: source) else {
            throw FormatError(.invalidField, "region source \(source) is unknown")
        }
        regionSource = source
        let certainty = try reader.take(UInt8.self, "region certainty")
        guard certainty <= 100 || certainty == .max else {
            throw FormatError(.invalidField, "a certainty of \(certainty) hundredths")
        }
        regionCertainty = certainty == .max ? nil : certainty
        let regionCount = try reader.takeVarint("region count", limit: WireLimits.regionCount)
        var regions: [Box] = []
        for _ in 0..<regionCount { regions.append(try Box(from: &reader)) }
        self.regions = regions
        let promise = try reader.takeVarint("maximum error", limit: Self.maxErrorLimit + 1)
        maxError = promise == 0 ? nil : promise - 1
        let chunkCount = try reader.takeVarint("chunk count", limit: WireLimits.chunkCount)
        // A planned chunk takes at least eight bytes, so a count the bytes cannot hold is refused here.
        guard chunkCount <= reader.remaining / 8 else {
            throw FormatError(.truncated, "\(chunkCount) chunks in \(reader.remaining) bytes")
        }
        var plan: [PlannedChunk] = []
        plan.reserveCapacity(chunkCount)
        for _ in 0..<chunkCount { plan.append(try PlannedChunk(from: &reader)) }
        self.plan = plan
    }

    func write(to writer: inout ByteWriter) {
        writer.put(text: name.text)
        writer.put(text: title)
        writer.put(UInt16(header.count))
        writer.put(header)
        writer.put(varint: extensionByteCount)
        writer.put(varint: trailerByteCount)
        writer.put(sourceDigest)
        writer.put(low)
        writer.put(high)
        writer.put(bitDepth)
        writer.put(varint: Int(knee?.sample ?? 0))
        if let knee { writer.put(knee.value) }
        writer.put(fill)
        writer.put(UInt8(content == nil ? 0 : 1))
        content?.write(to: &writer)
        writer.put(regionSource.rawValue)
        writer.put(regionCertainty ?? .max)
        writer.put(varint: regions.count)
        for region in regions { region.write(to: &writer) }
        writer.put(varint: maxError.map { $0 + 1 } ?? 0)
        writer.put(varint: plan.count)
        for chunk in plan { chunk.write(to: &writer) }
    }
}

/// The point where the samples of the base layers become coarser: below it lies nearly all there is to see, above it a few very great values.
public struct Knee: Sendable, Equatable {
    /// The sample there, above 0 and below the greatest.
    public let sample: UInt16
    /// The stored value there, between the volume's least and greatest.
    public let value: Double

    /// Makes a knee.
    public init(sample: UInt16, value: Double) {
        self.sample = sample
        self.value = value
    }

    /// Nil when the bytes say that there is none.
    init?(from reader: inout ByteReader, low: Double, high: Double, bitDepth: UInt8) throws(FormatError) {
        let sample = try reader.takeVarint("knee's sample", limit: 1 << Int(bitDepth) - 2)
        guard sample > 0 else { return nil }
        value = try reader.takeDouble("knee")
        guard value.isFinite, low < value, value < high else {
            throw FormatError(.invalidField, "a knee at \(value) in stored values from \(low) to \(high)")
        }
        self.sample = UInt16(sample)
    }
}

/// The planned contents of one chunk.
public struct PlannedChunk: Sendable, Equatable {
    /// The chunk's layer: what it is for.
    public let layer: Layer
    /// Which of the volume's regions, in the ROI layers; 0 elsewhere.
    public let region: Int
    /// The voxels it covers.
    public let box: StackedBox

    /// Makes a planned chunk.
    public init(layer: Layer, region: Int = 0, box: StackedBox) {
        self.layer = layer
        self.region = region
        self.box = box
    }

    init(from reader: inout ByteReader) throws(FormatError) {
        let layer = try reader.take(UInt8.self, "layer")
        guard let layer = Layer(rawValue: layer), layer != .manifest, layer != .table, layer != .focusBase else {
            throw FormatError(.invalidField, "layer \(layer) in a plan")
        }
        self.layer = layer
        region = try reader.takeVarint("region", limit: WireLimits.regionCount - 1)
        box = try StackedBox(from: &reader)
    }
    func write(to writer: inout ByteWriter) {
        writer.put(layer.rawValue)
        writer.put(varint: region)
        box.write(to: &writer)
    }
}

extension BoxOf {
    /// Starts and lengths, x, y, z.
    init(from reader: inout ByteReader) throws(FormatError) {
        func range(_ reader: inout ByteReader) throws(FormatError) -> Range<Int> {
            let start = try reader.takeVarint("box start", limit: Shape.voxelLimit)
            let length = try reader.takeVarint("box length", limit: Shape.voxelLimit)
            return start..<start + length
        }
        let x = try range(&reader)
        let y = try range(&reader)
        let z = try range(&reader)
        do {
            try self.init(x: x, y: y, z: z)
        } catch {
            throw FormatError(.invalidField, error.message)
        }
    }
    func write(to writer: inout ByteWriter) {
        for range in [x, y, z] {
            writer.put(varint: range.lowerBound)
            writer.put(varint: range.count)
        }
    }
}
