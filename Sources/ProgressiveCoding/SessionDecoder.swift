internal import Bytes
internal import Concurrency
internal import Faults
internal import Decoding
internal import Foundation
internal import NIfTIFile
internal import ExactCodec
internal import VolumeModel
package import WireFormat

/// Results that a person waits for, one after another.
package enum Milestone: String, Sendable, CaseIterable {
    /// Every voxel of the regions of interest is shown at base quality.
    case roiComplete = "roi_complete"
    /// Every other voxel is, too.
    case backgroundComplete = "background_complete"
    /// No voxel of the regions of interest is off by more than was promised, where something was.
    case roiBounded = "roi_bounded"
    /// The regions of interest are exact.
    case roiLossless = "roi_lossless"
    /// The whole file is exact.
    case volumeLossless = "volume_lossless"

    /// Tells whether a volume will reach it.
    func isPlanned(_ goal: Goal, maxError: Int?) -> Bool {
        switch self {
        case .roiComplete: true
        case .backgroundComplete: goal >= .lossy
        case .roiBounded: maxError ?? 0 > 0
        case .roiLossless: goal == .lossless || maxError == 0
        case .volumeLossless: goal == .lossless
        }
    }
}

/// Turns a session's chunks back into volumes, in whatever order they come. Its work runs on a thread of its own: putting a large
/// chunk in its place, or a digest over a volume, holds up no other session.
package actor SessionDecoder {
    /// As it was sent, checked.
    package nonisolated let manifest: Manifest
    /// Each volume's layout.
    package nonisolated let layouts: [VolumeLayout]
    private var storedAssemblers: [VolumeAssembler]
    private var isFilled = false
    /// The reason why a volume could not be filled: no chunk is put into it then, and all of it counts as missing.
    private var fillFailure: CodingError?
    private var reached: [Set<Milestone>]
    private let decoder: any ChunkDecoder
    private let store = CompletionStore()
    private let executor = QueueExecutor(label: "fovea.volumes")
    /// A request to a decoder is a few times as large as the chunk's voxels, so that few are made at a time: more than there are
    /// decoders, so that none of them waits.
    private let gate = RankedGate(width: 4 + 2 * ProcessInfo.processInfo.activeProcessorCount)
    private let places: [(volume: Int, index: Int)]
    private var received: [Int: (byteCount: Int, digest: Digest)] = [:]
    private var bytesByLayer: [Layer: Int] = [:]
    private var bytesByVolume: [Int]
    private var errors: [Int: Double] = [:]
    private var isDistrusted = false
    /// Outcomes that were worked out, until their volume changes.
    private var outcomes: [Int: Receipt.Volume] = [:]

    /// Checks a manifest and makes room for its volumes.
    /// - Parameters:
    ///   - memoryLimit: the most bytes of memory all volumes together may take.
    ///   - diskLimit: the most bytes of disk they may take besides, those that are too large for memory (`PagedArray`).
    /// - Throws: `CodingError`; the sizes are checked before anything is allocated.
    package init(
        _ manifest: Manifest, decoder: any ChunkDecoder, memoryLimit: Int = VolumeLayout.defaultMemoryLimit,
        diskLimit: Int = VolumeLayout.defaultDiskLimit
    ) throws {
        try self.init(
            manifest, layouts: Self.layouts(of: manifest, memoryLimit: memoryLimit, diskLimit: diskLimit), decoder: decoder)
    }

    /// Checks a manifest; nothing of its volumes' size is made.
    /// - Throws: `CodingError`.
    package static func layouts(of manifest: Manifest, memoryLimit: Int, diskLimit: Int) throws(CodingError) -> [VolumeLayout] {
        var (memory, disk) = (memoryLimit, diskLimit)
        var layouts: [VolumeLayout] = []
        for volume in manifest.volumes {
            let layout = try VolumeLayout(volume, memoryLimit: memory, diskLimit: disk)
            memory -= layout.memoryByteCount
            disk -= layout.diskByteCount
            layouts.append(layout)
        }
        return layouts
    }

    /// Makes room for volumes that are checked.
    /// - Throws: `CodingError.Code.noRoom`.
    package init(_ manifest: Manifest, layouts: [VolumeLayout], decoder: any ChunkDecoder) throws {
        self.manifest = manifest
        self.layouts = layouts
        self.decoder = decoder
        storedAssemblers = try layouts.map { try VolumeAssembler($0, isFilled: false) }
        reached = Array(repeating: [], count: layouts.count)
        bytesByVolume = Array(repeating: 0, count: layouts.count)
        places = manifest.volumes.enumerated().flatMap { volume, entry in entry.plan.indices.map { (volume, $0) } }
    }

    /// Filled on this actor's thread when they are first asked for: who opens a session has others to serve.
    private var assemblers: [VolumeAssembler] {
        get {
            fill()
            return storedAssemblers
        }
        _modify {
            fill()
            yield &storedAssemblers
        }
    }

    private func fill() {
        guard !isFilled else { return }
        isFilled = true
        for index in storedAssemblers.indices {
            do throws(CodingError) { try storedAssemblers[index].fill() } catch { fillFailure = error }
        }
    }

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Returns a chunk's volume and its entry in that volume's plan; nil beyond the plan.
    package nonisolated func planned(_ ordinal: UInt32) -> (volume: Int, chunk: PlannedChunk)? {
        guard ordinal >= 1, Int(ordinal) <= places.count else { return nil }
        let place = places[Int(ordinal) - 1]
        return (place.volume, manifest.volumes[place.volume].plan[place.index])
    }

    /// The planned chunks that have to be in before one, by their ordinals.
    package nonisolated func prerequisites(of ordinal: UInt32) -> [UInt32] {
        guard ordinal >= 1, Int(ordinal) <= places.count else { return [] }
        let (volume, index) = places[Int(ordinal) - 1]
        return layouts[volume].prerequisites[index].map { ordinal - UInt32(index) + UInt32($0) }
    }

    /// Decodes a chunk and puts it in its place, once all that it rests on is there.
    /// - Parameter onApplied: called with what this chunk has brought, before any chunk that rests on it is begun; so what it reports
    ///   is in order.
    /// - Throws: `CodingError` or `FormatError` when the chunk is unusable; the volume stands as it was.
    package func apply(_ ordinal: UInt32, record bytes: [UInt8], onApplied: @Sendable (AppliedChunk) -> Void) async throws {
        guard let (volume, chunk) = planned(ordinal) else {
            throw CodingError(.invalidChunk, "chunk \(ordinal) is not in the plan")
        }
        let index = places[Int(ordinal) - 1].index
        let record = try ChunkRecord(decoding: bytes)
        let usesBase = (try? ExactCoders.coder(identifier: record.coder))?.usesBase ?? true
        let first = Int(ordinal) - index
        try await store.wait(for: layouts[volume].prerequisites(of: index, usesBase: usesBase).map { first + $0 })
        guard !assemblers[volume].hasApplied(index) else { return }
        if let fillFailure { throw fillFailure }
        let bound = 2 * chunk.box.voxelCount * layouts[volume].header.voxelType.byteCount + (1 << 16)
        guard
            record.payload.count
                <= max(
                    bound, 2 * (layouts[volume].manifest.extensionByteCount + layouts[volume].manifest.trailerByteCount) + (1 << 16)
                )
        else {
            throw CodingError(.invalidChunk, "a \(chunk.layer.name) chunk of \(record.payload.count) bytes for \(chunk.box)")
        }
        let rank = chunk.layer.decodingRank << 32 | UInt64(ordinal)
        let decoded = try await gate.run(rank: rank) {
            try await decoder.decode(try assemblers[volume].request(for: index, record), rank: rank)
        }
        outcomes[volume] = nil
        try assemblers[volume].apply(decoded, to: index, record)
        received[Int(ordinal)] = (bytes.count, ChunkRecord.digest(of: bytes) ?? Digest(of: bytes))
        bytesByLayer[chunk.layer, default: 0] += bytes.count
        bytesByVolume[volume] += bytes.count
        errors[Int(ordinal)] = record.maxAbsoluteError
        onApplied(
            AppliedChunk(
                milestones: milestones(volume, after: chunk.layer), completeness: completeness(volume: volume),
                sessionCompleteness: completeness()))
        await store.complete(Int(ordinal))
    }

    /// Decodes a part of what was asked for and shows it.
    /// - Returns: the part, without its slices, and the greatest absolute error it leaves, in stored units.
    /// - Throws: `CodingError` or `FormatError` when the chunk is unusable; the volume stands as it was.
    package func applyFocus(record bytes: [UInt8]) async throws -> (chunk: FocusChunk, maxAbsoluteError: Double) {
        let record = try ChunkRecord(decoding: bytes)
        guard record.coder == 1 else { throw CodingError(.invalidChunk, "coder \(record.coder) is unknown for a focus") }
        // What is shown ahead of the plan is made exact by it; without that the end would depend on the order of arrival.
        guard manifest.goal == .lossless else { throw CodingError(.invalidChunk, "a focus in a session of previews") }
        let chunk = try FocusChunk(decoding: record.payload)
        guard layouts.indices.contains(chunk.volume), layouts[chunk.volume].shape.stackedBox.contains(chunk.box),
            chunk.slices.count <= 2 * chunk.box.voxelCount * layouts[chunk.volume].header.voxelType.byteCount + (1 << 16)
        else { throw CodingError(.invalidChunk, "a focus on \(chunk.box) of volume \(chunk.volume), which is not there") }
        let decoded = try await decoder.decode(
            layouts[chunk.volume].focusRequest(chunk.slices, chunk.box),
            rank: Layer.focusBase.decodingRank << 32 | UInt64(chunk.focus))
        guard case .samples(let samples) = decoded else { throw CodingError(.invalidChunk, "a focus that is not slices") }
        outcomes[chunk.volume] = nil
        try assemblers[chunk.volume].show(samples, in: chunk.box)
        bytesByLayer[.focusBase, default: 0] += bytes.count
        bytesByVolume[chunk.volume] += bytes.count
        let part = FocusChunk(
            focus: chunk.focus, volume: chunk.volume, part: chunk.part, partCount: chunk.partCount, box: chunk.box, slices: [])
        return (part, record.maxAbsoluteError)
    }

    /// Takes back what was called exact: for a volume whose bytes turn out not to be the sender's.
    package func distrust() {
        isDistrusted = true
        outcomes = [:]
        for index in assemblers.indices { assemblers[index].distrust() }
    }

    /// Returns how much of a volume is exact; nothing once it is distrusted.
    package func completeness(volume: Int) -> Completeness {
        var completeness = assemblers[volume].completeness
        if isDistrusted { completeness.exactVoxelCount = 0 }
        completeness.byteCount = bytesByVolume[volume]
        return completeness
    }

    /// Returns how much of all the session's volumes is exact.
    package func completeness() -> Completeness {
        assemblers.indices.reduce(Completeness(bodyVoxelCount: 0)) { $0 + completeness(volume: $1) }
    }

    /// Gives up: whatever waits for other chunks fails.
    package func cancel(_ error: any Error) async {
        gate.fail(error)
        await store.fail(error)
    }

    private func milestones(_ volume: Int, after layer: Layer?) -> [Milestone] {
        // Each is looked for once its layers are complete, and not with every chunk: that takes a look at every voxel.
        guard layer.map({ assemblers[volume].isComplete($0) }) ?? true else { return [] }
        return Milestone.allCases.filter { milestone in
            let maxError = manifest.volumes[volume].maxError
            guard !reached[volume].contains(milestone), milestone.isPlanned(manifest.goal, maxError: maxError),
                assemblers[volume].hasReached(milestone)
            else { return false }
            reached[volume].insert(milestone)
            return true
        }
    }

    /// Milestones a volume has from the manifest alone, since nothing is planned for them.
    package func initialMilestones(volume: Int) -> [Milestone] { milestones(volume, after: nil) }

    /// Bytes of the chunk records applied so far.
    package func receivedBytes() -> [Layer: Int] { bytesByLayer }

    /// Returns the progress of each region of interest of a volume, and of the rest of it.
    package func standing(volume: Int) -> [RegionStanding] {
        let first = places.firstIndex { $0.volume == volume } ?? 0
        return RegionStanding.all(of: manifest.volumes[volume]) { isDistrusted ? nil : errors[first + $0 + 1] }
    }

    /// A volume as it stands: the file and its quality.
    package func snapshot(volume: Int) -> VolumeAssembler { assemblers[volume] }

    /// Compares what was applied with the sender's table.
    /// - Parameters:
    ///   - manifest: the record that the manifest came in; nil for the one this version would write.
    ///   - isWhole: whether every planned chunk has to be there; otherwise those that are have to be the table's.
    /// - Throws: `CodingError.Code.verificationFailed` when a chunk is missing or another one.
    package func check(_ table: ChunkTable, manifest record: [UInt8]? = nil, isWhole: Bool = true) throws {
        guard table.entries.count == places.count + 1, table.outcomes.count == layouts.count else {
            throw CodingError(.verificationFailed, "the sender's table does not fit its plan")
        }
        let record = try record ?? ChunkRecord(coder: 1, payload: manifest.encoded()).encoded()
        guard table.entries[0].byteCount == record.count, table.entries[0].digest == ChunkRecord.digest(of: record) else {
            throw CodingError(.verificationFailed, "the manifest is not the one in the sender's table")
        }
        for (ordinal, entry) in table.entries.enumerated().dropFirst() where isWhole || received[ordinal] != nil {
            guard let chunk = received[ordinal], chunk.byteCount == entry.byteCount, chunk.digest == entry.digest,
                errors[ordinal] == entry.maxAbsoluteError
            else { throw CodingError(.verificationFailed, "chunk \(ordinal) is not the one in the sender's table") }
        }
    }

    /// Returns a volume's state and digest, by its own bytes: lossless only if they have the source's digest.
    package func outcome(volume: Int) throws -> Receipt.Volume {
        // Asked for when all is exact and again when the sender's table has come.
        if let outcome = outcomes[volume] { return outcome }
        let copy = assemblers[volume]
        var digest = DigestBuilder()
        try copy.image().forEachPart { digest.update($0) }
        let result = digest.finish()
        let isSource = result == layouts[volume].manifest.sourceDigest
        let outcome = Receipt.Volume(
            state: copy.isLossless && isSource ? .lossless : copy.isFull ? .lossy : .partial, digest: result)
        outcomes[volume] = outcome
        return outcome
    }
}
