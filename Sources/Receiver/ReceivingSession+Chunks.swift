internal import Concurrency
internal import Bytes
internal import Faults
internal import Transfer
internal import DecoderHost
internal import ProgressiveCoding
internal import StreamSession
internal import WireFormat

/// Handling of whole chunks: the manifest, the table, and those that go to the decoder.
extension ReceivingSession {
    func take(_ ordinal: UInt32, _ record: [UInt8]) {
        do {
            if pendingBytes.updateValue(record.count, forKey: ordinal) == nil { pendingByteCount += record.count }
            guard pendingByteCount <= site.limits.waitingByteCount else {
                throw CodingError(
                    .invalidChunk, "more than \(site.limits.waitingByteCount) bytes of chunks wait for others they rest on")
            }
            if ordinal == 0 {
                try open(record)
                confirm(0)
                let waiting = early
                early = []
                for (ordinal, record) in waiting { take(ordinal, record) }
                return
            }
            // Datagrams overtake each other, so chunks may come before the manifest that explains them.
            guard let decoder else {
                early.append((ordinal, record))
                return
            }
            if ordinal == decoder.manifest.tableOrdinal {
                guard let digest = ChunkRecord.digest(of: record) else { return }
                let content = try ChunkTable(decoding: ChunkRecord(decoding: record).payload)
                guard content.entries.count == Int(ordinal), content.outcomes.count == decoder.layouts.count else {
                    throw CodingError(.invalidManifest, "the sender's table does not fit its plan")
                }
                table = (digest, content)
                confirm(ordinal)
                return
            }
            if isFocus(ordinal) { return takeFocus(ordinal, record, decoder) }
            guard let planned = decoder.planned(ordinal) else {
                throw CodingError(.invalidChunk, "chunk \(ordinal) is not in the manifest's plan")
            }
            // It may have begun before the manifest told what it is.
            noteROI(planned)
            meter?.know(planned.chunk.layer, ordinal, byteCount: record.count)
            tasks.append(
                Task { [mailbox] in
                    do {
                        try await decoder.apply(ordinal, record: record) { applied in
                            mailbox.put(.applied(ordinal, volume: planned.volume, applied))
                        }
                    } catch let error as FormatError where error.code == .digestMismatch {
                        mailbox.put(.damaged(ordinal, error))
                    } catch {
                        mailbox.put(.failed(error))
                    }
                })
        } catch let error as FormatError where error.code == .digestMismatch {
            drop(ordinal, error)
        } catch {
            giveUp(error)
        }
    }

    /// Takes the manifest: checks it, makes room for the volumes and the folder.
    func open(_ record: [UInt8]) throws {
        let manifest = try Manifest(decoding: ChunkRecord(decoding: record).payload)
        guard let hello else { throw CodingError(.invalidManifest, "a manifest before its session's beginning") }
        guard manifest.volumes.count <= site.limits.volumeCount, manifest.plan.count <= site.limits.chunkCount else {
            throw TransferError(
                .limitReached, "\(manifest.volumes.count) volumes in \(manifest.plan.count) chunks are more than is taken here")
        }
        let layouts = try SessionDecoder.layouts(
            of: manifest, memoryLimit: site.limits.memoryByteCount, diskLimit: site.limits.diskByteCount)
        if let claim {
            try registry.take(
                memory: layouts.reduce(0) { $0 + $1.memoryByteCount }, disk: layouts.reduce(0) { $0 + $1.diskByteCount }, for: claim
            )
        }
        let decoder = try SessionDecoder(manifest, layouts: layouts, decoder: chunkDecoder)
        let folder = SessionFolder(
            root: site.folder, session: hello.session, decoder: decoder, files: files, system: site.system,
            readBack: site.readBack)
        try folder.checkSpace()
        chunkDecoder.allow(voxels: decoder.voxelCount)
        self.decoder = decoder
        manifestDigest = ChunkRecord.digest(of: record)
        estimate = TransferEstimate(manifest)
        self.folder = folder
        manifestRecord = record
        summary.folder = folder.path
        meter?.plan(manifest.plan.map(\.chunk.layer))
        site.regionRequests?.open(
            name, RegionRequestQueue.Volumes(shapes: decoder.layouts.map(\.shape), isExactPlanned: manifest.goal == .lossless))
        for index in manifest.volumes.indices {
            onEvent(.manifest(place(index), decoder: decoder))
            folder.refresh(index, isAwaited: true)
            let task = Task { [mailbox] in
                let milestones = await decoder.initialMilestones(volume: index)
                let completeness = await decoder.completeness(volume: index)
                if !milestones.isEmpty { mailbox.put(.announced(volume: index, milestones, completeness)) }
            }
            tasks.append(task)
        }
    }

    func announce(_ milestones: [Milestone], _ volume: Int) {
        for milestone in milestones {
            // "Lossless" is said of bytes that have the source's digest, not of chunks that have come.
            if milestone == .volumeLossless { verify(volume) } else { announce(milestone, volume) }
        }
    }

    func announce(_ milestone: Milestone, _ volume: Int) {
        let seconds = (clock.elapsed - senderStart).inSeconds
        switch milestone {
        case .roiComplete: summary.timeToROI = max(summary.timeToROI ?? 0, seconds)
        case .backgroundComplete: summary.timeToBackground = max(summary.timeToBackground ?? 0, seconds)
        case .roiBounded, .roiLossless: break
        case .volumeLossless: summary.timeToLossless = max(summary.timeToLossless ?? 0, seconds)
        }
        onEvent(
            .milestone(milestone, place(volume), secondsSinceSenderStart: seconds, completenesses[volume] ?? Completeness()))
    }

    func verify(_ volume: Int) {
        guard let decoder else { return }
        tasks.append(
            Task { [mailbox] in
                do {
                    mailbox.put(.verified(volume: volume, try await decoder.outcome(volume: volume)))
                } catch {
                    mailbox.put(.failed(error))
                }
            })
    }

    func noteROI(_ planned: (volume: Int, chunk: PlannedChunk)) {
        guard [.roiBase, .roiBounded, .roiRefinement].contains(planned.chunk.layer), hasROIByte.insert(planned.volume).inserted
        else { return }
        onEvent(.firstROIByte(place(planned.volume)))
    }
}
