internal import Bytes
internal import NIfTIFile
internal import ProgressiveCoding
internal import ExactCodec
internal import Synchronization
internal import VolumeModel
internal import WireFormat

/// A session as a hostile peer could send it, made of any bytes, every digest right.
///
/// The bytes are items, one after another: a byte whose low bits say the kind, an ordinal of two bytes, the coder, a length of three bytes, the payload. A
/// length beyond the end means all that is left. So a fuzzer that changes a byte changes one chunk, and what no peer would get past a
/// digest is not tried.
package struct HostileSession: Sendable {
    struct Item: Sendable {
        enum Kind: UInt8 {
            case manifest, planned, table, focus
        }
        var kind = Kind.planned
        /// The payload is given as it is before compression, so that bytes behind Zstandard can be tried too.
        var isPlain = false
        /// The payload is what the decoder's process answers: one that a chunk has taken over.
        var isAnswer = false
        /// The table is the one that fits the chunks.
        var isFitted = false
        var ordinal = 0
        var coder: UInt8 = 1
        var payload: [UInt8] = []

        static let headByteCount = 7

        var bytes: [UInt8] {
            let flags = kind.rawValue | (isPlain ? 4 : 0) | (isAnswer ? 8 : 0) | (isFitted ? 16 : 0)
            let (place, count) = (UInt16(truncatingIfNeeded: ordinal), payload.count)
            return [
                flags, UInt8(place >> 8), UInt8(place & 255), coder, UInt8(truncatingIfNeeded: count >> 16),
                UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count),
            ] + payload
        }
    }

    /// The most memory the session's volumes may take: little, so that many sessions can be tried.
    static let memoryLimit = 1 << 20

    let items: [Item]

    /// Takes any bytes.
    package init(_ bytes: [UInt8]) {
        var items: [Item] = []
        var position = 0
        while bytes.count - position >= Item.headByteCount {
            let head = bytes[position..<position + Item.headByteCount].map { Int($0) }
            position += Item.headByteCount
            let count = min(head[4] << 16 | head[5] << 8 | head[6], bytes.count - position)
            items.append(
                Item(
                    kind: Item.Kind(rawValue: UInt8(head[0] & 3)) ?? .planned, isPlain: head[0] & 4 != 0,
                    isAnswer: head[0] & 8 != 0,
                    isFitted: head[0] & 16 != 0, ordinal: head[1] << 8 | head[2], coder: UInt8(head[3]),
                    payload: Array(bytes[position..<position + count])))
            position += count
        }
        self.items = items
    }

    init(_ items: [Item]) { self.items = items }

    /// The bytes this is made of.
    package var bytes: [UInt8] { items.flatMap(\.bytes) }

    /// Receives it as a receiver does: manifest, tables, contexts, assembling, and the end.
    /// - Returns: the promises that were broken; a trap is for the caller to see.
    package func receive() async -> [String] {
        guard let first = items.first(where: { $0.kind == .manifest }),
            let manifest = try? Manifest(decoding: first.payload)
        else { return [] }
        let worker = TreacherousDecoder()
        guard let decoder = try? SessionDecoder(manifest, decoder: worker, memoryLimit: Self.memoryLimit) else { return [] }
        var reception = Reception(
            decoder: decoder, worker: worker, manifest: try? ChunkRecord(coder: 1, payload: first.payload).encoded())
        for volume in manifest.volumes.indices { reception.note(await decoder.initialMilestones(volume: volume), volume) }
        for item in items {
            switch item.kind {
            case .manifest: break
            case .planned: await reception.take(item)
            case .focus: await reception.show(item)
            case .table: await reception.check(item)
            }
        }
        await reception.finish()
        return reception.faults
    }
}

/// One session on its way in.
private struct Reception {
    let decoder: SessionDecoder
    let worker: TreacherousDecoder
    let manifest: [UInt8]?
    var faults: [String] = []
    private var applied: Set<Int> = []
    private var records: [Int: [UInt8]] = [:]
    private var reached: [Int: Set<Milestone>] = [:]

    init(decoder: SessionDecoder, worker: TreacherousDecoder, manifest: [UInt8]?) {
        self.decoder = decoder
        self.worker = worker
        self.manifest = manifest
    }

    mutating func note(_ milestones: [Milestone], _ volume: Int) {
        for milestone in milestones where !reached[volume, default: []].insert(milestone).inserted {
            faults.append("\(milestone) is reached twice")
        }
    }

    /// Applies a planned chunk where all it rests on is in; what waits for ever is the network's affair.
    mutating func take(_ item: HostileSession.Item) async {
        let plan = decoder.manifest.plan
        guard !plan.isEmpty else { return }
        let ordinal = 1 + item.ordinal % plan.count
        let volume = plan[ordinal - 1].volume
        let chunk = plan[ordinal - 1].chunk
        // A coder that needs no base has its chunks applied before it.
        let usesBase = (try? ExactCoders.coder(identifier: item.coder))?.usesBase ?? true
        let needed = decoder.prerequisites(of: UInt32(ordinal)).map { Int($0) }.filter {
            usesBase || chunk.layer == .roiBounded || ![.roiBase, .backgroundBase].contains(plan[$0 - 1].chunk.layer)
        }
        guard needed.allSatisfy(applied.contains) else { return }
        worker.isTreacherous = item.isAnswer
        let record = ChunkRecord(
            coder: item.coder, maxAbsoluteError: 1, meanSquaredError: 1,
            payload: item.isPlain ? packed(item.payload, chunk.layer, volume) : item.payload)
        guard let bytes = try? record.encoded() else { return }
        let before = await decoder.snapshot(volume: volume)
        let milestones = Mutex<[Milestone]>([])
        guard
            (try? await decoder.apply(UInt32(ordinal), record: bytes) { new in milestones.withLock { $0 += new.milestones } })
                != nil
        else {
            if await decoder.snapshot(volume: volume).quality != before.quality { faults.append("a refused chunk leaves a trace") }
            return
        }
        if applied.insert(ordinal).inserted { records[ordinal] = bytes }
        note(milestones.withLock { $0 }, volume)
        compare(before, await decoder.snapshot(volume: volume))
    }

    private mutating func compare(_ before: VolumeAssembler, _ after: VolumeAssembler) {
        let byteCount = before.layout.header.voxelType.byteCount
        for index in before.quality.indices {
            if after.quality[index] < before.quality[index] { return faults.append("voxel \(index) gets worse") }
            guard before.quality[index] == Quality.exact else { continue }
            let voxel = index * byteCount..<(index + 1) * byteCount
            guard before.voxels.values(voxel) == after.voxels.values(voxel) else {
                return faults.append("voxel \(index) was exact and changes")
            }
        }
    }

    /// Compresses what a chunk of the layer holds.
    private func packed(_ plain: [UInt8], _ layer: Layer, _ volume: Int) -> [UInt8] {
        let byteCount = decoder.layouts[volume].header.voxelType.byteCount
        switch layer {
        case .valueTable:
            let whole = Array(plain.prefix(plain.count / byteCount * byteCount))
            let count = UInt32(whole.count / byteCount)
            return withUnsafeBytes(of: count.bigEndian) { Array($0) } + ((try? Zstandard.compress(whole, level: 1)) ?? [])
        case .extensions: return (try? Zstandard.compress(plain, level: 1)) ?? []
        default:
            return (try? BytePlaneCoder.encode(Array(plain.prefix(plain.count / byteCount * byteCount)), byteCount: byteCount))
                ?? []
        }
    }

    mutating func show(_ item: HostileSession.Item) async {
        worker.isTreacherous = item.isAnswer
        guard let bytes = try? ChunkRecord(coder: item.coder, payload: item.payload).encoded() else { return }
        _ = try? await decoder.applyFocus(record: bytes)
    }

    mutating func check(_ item: HostileSession.Item) async {
        guard item.isFitted else {
            if let table = try? ChunkTable(decoding: item.payload) { try? await decoder.check(table, manifest: manifest) }
            return
        }
        let entries = (0..<Int(decoder.manifest.tableOrdinal)).map { ordinal in
            let record = (ordinal == 0 ? manifest : records[ordinal]) ?? []
            return ChunkTable.Entry(
                byteCount: record.count, digest: ChunkRecord.digest(of: record) ?? Digest(of: []), maxAbsoluteError: 1,
                meanSquaredError: 1)
        }
        var outcomes: [Receipt.Volume] = []
        for volume in decoder.layouts.indices {
            guard let outcome = try? await decoder.outcome(volume: volume) else { return }
            outcomes.append(outcome)
        }
        guard let table = try? ChunkTable(decoding: ChunkTable(entries: entries, outcomes: outcomes).encoded()) else { return }
        let isWhole = applied.count == decoder.manifest.plan.count
        if ((try? await decoder.check(table, manifest: manifest)) != nil) != isWhole {
            faults.append("a table fits a session that is not whole")
        }
    }

    /// The files and pictures of a receiver at the end, whatever has come.
    mutating func finish() async {
        for volume in decoder.layouts.indices {
            let layout = decoder.layouts[volume]
            let snapshot = await decoder.snapshot(volume: volume)
            _ = layout.header.affine
            _ = try? snapshot.image()
            _ = try? snapshot.qualityImage()
            _ = await decoder.progress(volume: volume)
            _ = await decoder.part(volume: volume, box: layout.shape.stackedBox)
            guard let outcome = try? await decoder.outcome(volume: volume) else { continue }
            if outcome.state == .lossless, outcome.digest != layout.manifest.sourceDigest {
                faults.append("lossless without the source's digest")
            }
            if outcome.state != .partial, snapshot.quality.contains(Quality.missing) { faults.append("lossy with voxels missing") }
            await expectMilestones(volume, snapshot)
        }
        await decoder.distrust()
        for volume in decoder.layouts.indices where await decoder.standing(volume: volume).contains(where: { $0.stage == .exact }) {
            // Beyond the content everything is exact with the manifest alone.
            if decoder.layouts[volume].manifest.plan.contains(where: { $0.layer == .backgroundRefinement }) {
                faults.append("exact is said of what is not trusted")
            }
        }
    }

    private mutating func expectMilestones(_ volume: Int, _ snapshot: VolumeAssembler) async {
        let layout = decoder.layouts[volume]
        let milestones = reached[volume, default: []]
        func holds(_ level: UInt8, in boxes: [Box]) -> Bool {
            boxes.allSatisfy { box in
                (0..<layout.shape.timepoints).allSatisfy { time in
                    box.z.allSatisfy { z in
                        box.y.allSatisfy { y in
                            let start = ((z + time * layout.shape.slices) * layout.shape.rows + y) * layout.shape.columns
                            return box.x.allSatisfy { snapshot.quality[start + $0] >= level }
                        }
                    }
                }
            }
        }
        let regions = layout.manifest.regions
        if milestones.contains(.roiComplete), regions.isEmpty || !holds(Quality.roiBase, in: regions) {
            faults.append("the region is said to be there, and is not")
        }
        if milestones.contains(.backgroundComplete), !snapshot.isFull {
            faults.append("the background is said to be there, and is not")
        }
        if milestones.contains(.roiLossless), regions.isEmpty || !holds(Quality.exact, in: regions) {
            faults.append("the region is said to be exact, and is not")
        }
        if milestones.contains(.volumeLossless), !snapshot.isLossless {
            faults.append("the volume is said to be exact, and is not")
        }
    }
}
