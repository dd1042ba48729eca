internal import Bytes
internal import Concurrency
internal import EncodingInput
internal import Regions
internal import Foundation
internal import NIfTIFile
internal import Profiles
internal import ProgressiveCoding
internal import Synchronization
internal import VolumeModel
internal import WireFormat

/// Codes each volume once for each encoding, and keeps what came of it: in memory, and where times are measured in the
/// experiment's folder, so that
/// cells run another day find the same.
actor CodingStore {
    /// The result of coding a volume with an encoding.
    struct Entry: Sendable {
        let coded: CodedVolume
        let quality: QualityTable
        let layout: VolumeLayout
        /// Of each planned chunk, the voxels of the body that are its own.
        let voxelCounts: [Int]
        /// Bytes of the volume's voxels.
        let voxelByteCount: Int
    }

    /// Transfers without a link that times are the medians of.
    private static let measuringCount = 5

    private let folder: String
    private let goal: Goal
    private let margin: Int
    private let decoderPath: String
    private let pool = CodingPool()
    // Tasks, so that cells that ask at the same time share one.
    private var sources: [String: Task<Source, any Error>] = [:]
    private var entries: [String: Task<Entry, any Error>] = [:]
    private var measuring: Task<Void, Never>?
    private var times: [String: Task<CodingTimes, any Error>] = [:]

    /// A volume, and its regions of interest as they are found, whatever an encoding makes of them.
    private struct Source: Sendable {
        let image: NIfTIImage
        let regions: [Box]
    }

    init(folder: String, goal: Goal, margin: Int, decoderPath: String) {
        self.folder = folder
        self.goal = goal
        self.margin = margin
        self.decoderPath = decoderPath
    }

    func preparation(_ subject: Subject, _ encoding: EncodingSettings, _ order: TransmissionOrder) -> Preparation {
        var preparation = Preparation(paths: [subject.path], encoding: encoding)
        preparation.regionChoice = subject.choice
        preparation.margin = margin
        preparation.goal = goal
        preparation.order = order
        return preparation
    }

    /// A volume's chunks and how good it is after any of them.
    func entry(_ subject: Subject, _ encoding: ExperimentProfile.Named<EncodingSettings>) async throws -> Entry {
        let key = "\(subject.name)/\(encoding.name)"
        if let known = entries[key] { return try await known.value }
        let task = Task { try await code(subject, encoding) }
        entries[key] = task
        return try await task.value
    }

    private func code(_ subject: Subject, _ encoding: ExperimentProfile.Named<EncodingSettings>) async throws -> Entry {
        let source = try await source(subject)
        let prepared = try await preparation(subject, encoding.value, .roiFirst).run(on: pool)
        let chunks = Mutex<[EncodedChunk]>([])
        _ = try await prepared.encoder.run(on: pool) { chunk in chunks.withLock { $0.append(chunk) } }
        let coded = try CodedVolume(chunks.withLock { $0 }, times: .instant(prepared.encoder.manifest))
        let quality = try await QualityTable(coded, source: source.image.volume, regions: source.regions, pool: pool)
        let layout = try VolumeLayout(coded.manifest.volumes[0], memoryLimit: .max, diskLimit: .max)
        return Entry(
            coded: coded, quality: quality, layout: layout,
            voxelCounts: Self.voxelCounts(layout, source.image.volume), voxelByteCount: source.image.volume.voxels.count)
    }

    private func source(_ subject: Subject) async throws -> Source {
        if let known = sources[subject.name] { return try await known.value }
        let task = Task { [pool, margin] in
            try await pool.run {
                let image = try NIfTIFile.read(subject.path)
                let scan = Scan(image.volume, name: subject.path)
                let boxes = try RegionFinder(subject.choice).regions(in: [scan], margin: margin).boxes
                return Source(image: image, regions: BoxSet(boxes).apart)
            }
        }
        sources[subject.name] = task
        return try await task.value
    }

    /// When the chunks are ready, by the experiment's rule.
    func times(
        _ subject: Subject, _ encoding: ExperimentProfile.Named<EncodingSettings>, _ order: TransmissionOrder,
        _ coding: ExperimentProfile.Coding
    ) async throws -> CodingTimes {
        let key = "\(subject.name)/\(encoding.name)/\(order.rawValue)"
        if let known = times[key] { return try await known.value }
        let task = Task {
            let entry = try await entry(subject, encoding)
            switch coding {
            case .instant: return CodingTimes.instant(entry.coded.manifest)
            case .reference:
                return .reference(entry.layout, voxelCounts: entry.voxelCounts, settings: encoding.value, order: order)
            case .measured: return try await measured(subject, encoding, order, entry)
            }
        }
        times[key] = task
        return try await task.value
    }

    /// One after another: two at a time would measure each other.
    private func measured(
        _ subject: Subject, _ encoding: ExperimentProfile.Named<EncodingSettings>, _ order: TransmissionOrder, _ entry: Entry
    ) async throws -> CodingTimes {
        let before = measuring
        let task = Task {
            await before?.value
            return await Result(catching: { try await measure(subject, encoding, order, entry) })
        }
        measuring = Task { _ = await task.value }
        return try await task.value.get()
    }

    /// Measured once and written down: by both ends on this machine with nothing but loopback between.
    private func measure(
        _ subject: Subject, _ encoding: ExperimentProfile.Named<EncodingSettings>, _ order: TransmissionOrder, _ entry: Entry
    ) async throws -> CodingTimes {
        let identity = "\(subject.digest)\n\(Digest(of: encoding.contents))\n\(order.rawValue)\n\(goal.name)\n\(margin)"
        let path = "\(folder)/\(Digest(of: Array(identity.utf8)).description.prefix(16)).times.json"
        let prerequisites = try entry.coded.prerequisites()
        var records: [TransferRecord] = []
        if let stored = try? StoredTimes(path: path) {
            records = stored.records
        } else {
            for run in 0..<Self.measuringCount {
                let session = Name(cleaning: "measure-\(run)-\(UInt32.random(in: 0 ... .max))")
                var setup = RelayedTransfer.Setup(
                    preparation: preparation(subject, encoding.value, order), transport: TransportProfile(bitsPerSecond: 400e6),
                    link: nil, seed: 0, folder: "\(folder)/measuring", session: session)
                setup.decoderPath = decoderPath
                records.append(try await RelayedTransfer.record(setup).record)
                try? FileManager.default.removeItem(atPath: "\(folder)/measuring")
            }
            try StoredTimes(records: records).write(to: path)
        }
        return .measured(records, prerequisites: prerequisites)
    }

    private static func voxelCounts(_ layout: VolumeLayout, _ volume: Volume) -> [Int] {
        struct Counter: StoredBitsVisitor {
            let layout: VolumeLayout
            let volume: Volume

            func visit<Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable>(_ type: Bits.Type) -> [Int] {
                volume.voxels.withUnsafeBytes { raw in
                    let voxels = raw.bindMemory(to: type)
                    let fill = Bits(truncatingIfNeeded: layout.manifest.fill)
                    return layout.manifest.plan.map { chunk in
                        let isOfBackground = [.backgroundBase, .backgroundRefinement].contains(chunk.layer)
                        let regions = BoxSet(isOfBackground ? layout.manifest.regions : [])
                        return count(voxels, fill, chunk.box, without: regions)
                    }
                }
            }

            private func count<Bits: FixedWidthInteger>(
                _ voxels: UnsafeBufferPointer<Bits>, _ fill: Bits, _ box: StackedBox, without regions: BoxSet
            ) -> Int {
                let shape = layout.shape
                var count = 0
                for z in box.z {
                    for y in box.y {
                        let row = (z * shape.rows + y) * shape.columns
                        for span in regions.spansOutside(x: box.x, y: y, stackedSlice: z, in: shape) {
                            for x in span where voxels[row + x] != fill { count += 1 }
                        }
                    }
                }
                return count
            }
        }
        var counter = Counter(layout: layout, volume: volume)
        return volume.voxelType.acceptBits(&counter)
    }
}

extension Result where Failure == any Error, Success: Sendable {
    /// Makes the result from what a body returns or throws.
    fileprivate init(catching body: @Sendable () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
