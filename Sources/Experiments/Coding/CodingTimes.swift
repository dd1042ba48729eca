internal import NIfTIFile
internal import ProgressiveCoding
internal import ExactCodec
internal import VolumeModel
internal import WireFormat

/// When a volume's chunks are ready, from the start of the sender's command, and how long a receiver takes over them.
package struct CodingTimes: Sendable, Equatable {
    /// By ordinal.
    package var ready: [UInt32: Duration]
    /// When the coder is done.
    package var supplied: Duration
    /// The receiver's own work.
    package var receiver: ReceiverTiming

    /// Everything at once: what the link alone takes.
    static func instant(_ manifest: Manifest) -> CodingTimes {
        var receiver = ReceiverTiming()
        receiver.open = .zero
        receiver.durable = .zero
        receiver.otherDecode = .zero
        receiver.verify = .zero
        receiver.store = .zero
        return CodingTimes(
            ready: Dictionary(uniqueKeysWithValues: (0...manifest.tableOrdinal).map { ($0, .zero) }), supplied: .zero,
            receiver: receiver)
    }

    /// As the reference machine takes: the same on every machine, so that a simulation is too.
    /// - Parameter voxelCounts: of each planned chunk, the voxels of the body that are its own.
    static func reference(_ layout: VolumeLayout, voxelCounts: [Int], settings: EncodingSettings, order: TransmissionOrder)
        -> CodingTimes
    {
        let machine = ReferenceMachine(settings: settings)
        let manifest = layout.manifest
        let prepared = machine.preparation(voxelCount: layout.shape.voxelCount)
        let forRegions = layout.neededByRegions
        let usesBase = settings.exactCoder.coder.usesBase
        let jobs = manifest.plan.enumerated().map { index, chunk in
            CodingSchedule.Job(
                rank: order.codingRank(
                    of: chunk, ordinal: UInt32(index + 1), isForRegion: forRegions.contains(index), usesBase: usesBase),
                length: machine.encoding(chunk, voxelCount: voxelCounts[index]),
                needed: layout.codingPrerequisites(of: index, usesBase: usesBase))
        }
        var finished = CodingSchedule.finish(jobs, workerCount: ReferenceMachine.coreCount, from: prepared)
        let done = finished.max() ?? prepared
        if order == .fifo { strictly(&finished, manifest, order) }
        var ready = Dictionary(uniqueKeysWithValues: finished.enumerated().map { (UInt32($0.offset + 1), $0.element) })
        ready[0] = prepared
        let supplied = done + machine.digest(byteCount: layout.header.voxelByteCount)
        ready[UInt32(manifest.plan.count + 1)] = supplied
        var receiver = ReceiverTiming()
        receiver.workerCount = ReferenceMachine.coreCount
        for (index, chunk) in manifest.plan.enumerated() {
            receiver.decode[UInt32(index + 1)] = machine.decoding(chunk, voxelCount: voxelCounts[index])
        }
        receiver.verify = machine.digest(byteCount: layout.header.voxelByteCount)
        receiver.store = machine.storing(byteCount: layout.header.voxelByteCount)
        return CodingTimes(ready: ready, supplied: supplied, receiver: receiver)
    }

    /// Slice by slice a chunk is handed out only after those before it.
    private static func strictly(_ finished: inout [Duration], _ manifest: VolumeManifest, _ order: TransmissionOrder) {
        let ranked = manifest.plan.indices.sorted {
            order.rank(of: manifest.plan[$0], ordinal: UInt32($0 + 1)) < order.rank(of: manifest.plan[$1], ordinal: UInt32($1 + 1))
        }
        var latest = Duration.zero
        for index in ranked {
            latest = max(latest, finished[index])
            finished[index] = latest
        }
    }

    /// As transfers without a link between showed it, medians of them: ready by the sender's clock, decoded by what passed
    /// between a chunk being there
    /// with all it rests on and being in its place.
    static func measured(_ records: [TransferRecord], prerequisites: [UInt32: [UInt32]]) -> CodingTimes {
        var ready: [UInt32: [Double]] = [:]
        var decode: [UInt32: [Double]] = [:]
        for record in records {
            let sent = Dictionary(record.ready.map { ($0.ordinal, $0.seconds) }) { first, _ in first }
            let applied = Dictionary(record.applied.map { ($0.ordinal, $0.seconds) }) { first, _ in first }
            for (ordinal, time) in sent { ready[ordinal, default: []].append(time) }
            for (ordinal, time) in applied where ordinal > 0 {
                let rests = (prerequisites[ordinal] ?? []).compactMap { applied[$0] }
                let begun = ([sent[ordinal] ?? 0, applied[0] ?? 0] + rests).max() ?? 0
                decode[ordinal, default: []].append(max(0.001, time - begun))
            }
        }
        func time(_ values: [Double]) -> Duration { .microseconds(Int64((Statistics.median(values) ?? 0) * 1e6)) }
        let readyTimes = ready.mapValues(time)
        var receiver = ReceiverTiming()
        receiver.decode = decode.mapValues(time)
        receiver.verify = time(
            records.compactMap { record in
                record.exact.flatMap { exact in record.applied.map(\.seconds).max().map { max(0, exact - $0) } }
            })
        receiver.store = time(
            records.compactMap { record in
                record.exact.flatMap { exact in record.done.map { max(0, $0 - exact) } }
            })
        return CodingTimes(ready: readyTimes, supplied: readyTimes.values.max() ?? .zero, receiver: receiver)
    }
}
