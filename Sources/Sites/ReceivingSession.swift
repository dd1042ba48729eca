internal import NIfTIFile
internal import Profiles
internal import ProgressiveCoding
internal import SRTTransport
internal import StreamSession
internal import WireFormat

/// One transfer at the receiving end: joins transport, session, decoder and files.
struct ReceivingSession {
    let site: ReceivingSite
    let connection: SRTConnection
    let pool: CodingPool
    let chunkDecoder: any ChunkDecoder
    let clock: Stopwatch
    let onEvent: @Sendable (ReceivingSite.Event) -> Void

    private enum Incoming: Sendable {
        case applied(UInt32, volume: Int, [Milestone])
        case verified(volume: Int, Receipt.Volume)
        case stored(Receipt)
        case failed(any Error)
    }

    /// The most bytes of whole chunks that are not decoded yet: a peer could otherwise send only what rests on what it never sends.
    private static let pendingByteLimit = 512 << 20

    private let mailbox = Mailbox<Incoming>()
    private var session: ReceiverSession
    private var hello: Hello?
    private var senderStart = Duration.zero
    private var decoder: SessionDecoder?
    private var folder: SessionFolder?
    private var early: [(UInt32, [UInt8])] = []
    private var pendingBytes: [UInt32: Int] = [:]
    private var pendingByteCount = 0
    private var table: (digest: Digest, content: ChunkTable)?
    private var hasROIByte: Set<Int> = []
    private var appliedCount = 0
    private var summary = ReceivingSite.Summary()
    private var failure: (any Error)?
    private var ending: SessionError?
    private var tasks: [Task<Void, Never>] = []
    private var storing: Task<Void, Never>?

    init(
        site: ReceivingSite, connection: SRTConnection, pool: CodingPool, chunkDecoder: any ChunkDecoder, clock: Stopwatch,
        onEvent: @escaping @Sendable (ReceivingSite.Event) -> Void
    ) {
        self.site = site
        self.connection = connection
        self.pool = pool
        self.chunkDecoder = chunkDecoder
        self.clock = clock
        self.onEvent = onEvent
        session = ReceiverSession(timing: SessionTiming(site.transport), now: clock.elapsed)
    }

    /// The session's name, once the peer has said it.
    var name: String { hello?.session.text ?? "" }

    private func place(_ volume: Int) -> ReceivingSite.Place {
        ReceivingSite.Place(session: name, volume: decoder?.manifest.volumes[volume].name.text ?? "", index: volume)
    }

    private mutating func noteROI(_ planned: (volume: Int, chunk: PlannedChunk)) {
        guard planned.chunk.layer == .roiBase, hasROIByte.insert(planned.volume).inserted else { return }
        onEvent(.firstROIByte(place(planned.volume)))
    }

    /// Whether the peer has said anything that makes it a session.
    var hasBegun: Bool { hello != nil }

    /// Receives until everything is stored and confirmed.
    /// - Returns: what came of it; nil when the peer went away before it began.
    /// - Throws: `SessionError`, or what made this end give up; what had arrived stays in the folder.
    mutating func run() async throws -> ReceivingSite.Summary? {
        var outgoing: [[UInt8]] = []
        while !session.isOver || !outgoing.isEmpty {
            if Task.isCancelled {
                handle(.giveUp(Abort(reason: .cancelled, message: "the receiver was stopped")), &outgoing)
            }
            for event in mailbox.takeAll() { await receive(event, &outgoing) }
            if let tick = session.nextTick, clock.elapsed >= tick { handle(.tick, &outgoing) }
            let sending = outgoing
            outgoing = []
            let turn = await connection.turn(sending: sending, patience: .milliseconds(2))
            for bytes in turn.received { handle(.datagram(bytes), &outgoing) }
            if !turn.isConnected { handle(.disconnected, &outgoing) }
        }
        for task in tasks { task.cancel() }
        // A sender may go while everything is being stored: then it is stored, and the receipt says so.
        await storing?.value
        for event in mailbox.takeAll() { if case .stored = event { ending = nil } }
        if let ending {
            await decoder?.cancel(ending)
            await connection.close(patience: .milliseconds(500))
            guard hasBegun else { return nil }
            await leave(because: failure.map { "\($0)" } ?? ending.message)
            throw failure ?? ending
        }
        await connection.close(patience: .milliseconds(200))
        return summary
    }

    private mutating func handle(_ event: ReceiverSession.Event, _ outgoing: inout [[UInt8]]) {
        for action in session.handle(event, now: clock.elapsed) {
            switch action {
            case .send(let bytes): outgoing.append(bytes)
            case .begun(let hello):
                self.hello = hello
                summary.session = hello.session.text
                // Half a round trip after it was said.
                senderStart =
                    clock.elapsed - .microseconds(Int64(clamping: hello.elapsedMicroseconds))
                    - .microseconds(Int64(hello.roundTripMicroseconds / 2))
            case .firstByte(let ordinal):
                if let planned = decoder?.planned(ordinal) { noteROI(planned) }
            case .chunk(let ordinal, let record): take(ordinal, record, &outgoing)
            case .store(let digest): store(digest)
            case .stalled: onEvent(.stalled(session: name))
            case .resumed: onEvent(.resumed(session: name))
            case .closed: break
            case .failed(let error): ending = error
            }
        }
    }

    private mutating func giveUp(_ error: any Error, _ outgoing: inout [[UInt8]]) {
        failure = failure ?? error
        let reason: Abort.Reason = error is NIfTIError ? .failed : .refused
        handle(.giveUp(Abort(reason: reason, message: "\(error)")), &outgoing)
    }

    private mutating func take(_ ordinal: UInt32, _ record: [UInt8], _ outgoing: inout [[UInt8]]) {
        do {
            if pendingBytes.updateValue(record.count, forKey: ordinal) == nil { pendingByteCount += record.count }
            guard pendingByteCount <= Self.pendingByteLimit else {
                throw CodingError(.tooLarge, "more than \(Self.pendingByteLimit) bytes of chunks wait for others they rest on")
            }
            if ordinal == 0 {
                try open(record)
                handle(.applied(0), &outgoing)
                let waiting = early
                early = []
                for (ordinal, record) in waiting { take(ordinal, record, &outgoing) }
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
                handle(.applied(ordinal), &outgoing)
                return
            }
            guard let planned = decoder.planned(ordinal) else {
                throw CodingError(.invalidChunk, "chunk \(ordinal) is not in the manifest's plan")
            }
            // It may have begun before the manifest told what it is.
            noteROI(planned)
            tasks.append(
                Task { [mailbox] in
                    do {
                        try await decoder.apply(ordinal, record: record) { milestones in
                            mailbox.put(.applied(ordinal, volume: planned.volume, milestones))
                        }
                    } catch {
                        mailbox.put(.failed(error))
                    }
                })
        } catch {
            giveUp(error, &outgoing)
        }
    }

    /// Takes the manifest: checks it, makes room for the volumes and the folder.
    private mutating func open(_ record: [UInt8]) throws {
        let manifest = try Manifest(decoding: ChunkRecord(decoding: record).payload)
        guard let hello else { throw CodingError(.invalidManifest, "a manifest before its session's beginning") }
        let decoder = try SessionDecoder(manifest, decoder: chunkDecoder, memoryLimit: site.memoryLimit)
        let folder = try SessionFolder(root: site.folder, session: hello.session, decoder: decoder, pool: pool)
        self.decoder = decoder
        self.folder = folder
        summary.folder = folder.path
        for index in manifest.volumes.indices {
            onEvent(.manifest(place(index), decoder: decoder))
            folder.refresh(index, isAwaited: true)
            let task = Task { [mailbox] in
                let milestones = await decoder.initialMilestones(volume: index)
                if !milestones.isEmpty { mailbox.put(.applied(0, volume: index, milestones)) }
            }
            tasks.append(task)
        }
    }

    private mutating func receive(_ event: Incoming, _ outgoing: inout [[UInt8]]) async {
        switch event {
        case .applied(let ordinal, let volume, let milestones):
            for milestone in milestones {
                // "Lossless" is said of bytes that have the source's digest, not of chunks that have come.
                if milestone == .volumeLossless { verify(volume) } else { announce(milestone, volume) }
            }
            appliedCount += 1
            pendingByteCount -= pendingBytes.removeValue(forKey: ordinal) ?? 0
            folder?.refresh(volume, isAwaited: !milestones.isEmpty)
            if let decoder { onEvent(.applied(place(volume), share: Double(appliedCount) / Double(decoder.manifest.plan.count))) }
            handle(.applied(ordinal), &outgoing)
        case .verified(let volume, let outcome):
            if outcome.state == .lossless { announce(.volumeLossless, volume) }
        case .stored(let receipt):
            for index in receipt.volumes.indices { onEvent(.receipt(place(index))) }
            handle(.stored(receipt), &outgoing)
        case .failed(let error): giveUp(error, &outgoing)
        }
    }

    private mutating func announce(_ milestone: Milestone, _ volume: Int) {
        let seconds = (clock.elapsed - senderStart).inSeconds
        switch milestone {
        case .roiComplete: summary.timeToROI = max(summary.timeToROI ?? 0, seconds)
        case .backgroundComplete: summary.timeToBackground = max(summary.timeToBackground ?? 0, seconds)
        case .roiBounded, .roiLossless: break
        case .volumeLossless: summary.timeToLossless = max(summary.timeToLossless ?? 0, seconds)
        }
        onEvent(.milestone(milestone, place(volume), secondsSinceSenderStart: seconds))
    }

    private mutating func verify(_ volume: Int) {
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

    /// Checks everything against the sender's table, writes it, reads it back, and only then says so.
    private mutating func store(_ digest: Digest) {
        guard let decoder, let folder, let table, let hello else {
            mailbox.put(.failed(CodingError(.verificationFailed, "the sender ends before its manifest and table have come")))
            return
        }
        storing = Task { [mailbox, key = site.receiptKey] in
            do {
                guard table.digest == digest else {
                    throw CodingError(.verificationFailed, "the sender's table is not the one it ends with")
                }
                try await decoder.check(table.content)
                var outcomes: [Receipt.Volume] = []
                for index in decoder.layouts.indices { outcomes.append(try await decoder.outcome(volume: index)) }
                guard outcomes == table.content.outcomes else {
                    await decoder.distrust()
                    throw CodingError(.verificationFailed, "the volume here does not have the digest of the sender's")
                }
                guard try await folder.finish(outcomes.map(\.state), isComplete: true) == outcomes.map(\.digest) else {
                    throw NIfTIError(.cannotWrite, "\(folder.path): what is read back is not what was written")
                }
                try await Self.receipt(hello, decoder, outcomes, table: digest, interruption: nil)
                    .write(to: folder.path, signedWith: key)
                mailbox.put(.stored(Receipt(tableDigest: digest, volumes: outcomes)))
            } catch {
                mailbox.put(.failed(error))
            }
        }
        summary.volumes = zip(decoder.manifest.volumes.indices, table.content.outcomes).map { index, outcome in
            ReceivingSite.ReceivedVolume(
                path: folder.volumePath(index, outcome.state), qualityPath: folder.qualityPath(index), digest: outcome.digest,
                state: outcome.state)
        }
    }

    /// Leaves what has arrived as whole files, with a receipt that says what is missing.
    private func leave(because reason: String) async {
        guard let hello, let decoder, let folder else { return }
        var outcomes: [Receipt.Volume] = []
        for index in decoder.layouts.indices {
            guard let outcome = try? await decoder.outcome(volume: index) else { return }
            outcomes.append(outcome)
        }
        // A receipt for files that could not be written would say too much.
        guard (try? await folder.finish(outcomes.map(\.state), isComplete: false)) != nil else { return }
        try? await Self.receipt(hello, decoder, outcomes, table: table?.digest, interruption: reason)
            .write(to: folder.path, signedWith: site.receiptKey)
    }

    private static func receipt(
        _ hello: Hello, _ decoder: SessionDecoder, _ outcomes: [Receipt.Volume], table: Digest?, interruption: String?
    ) async -> ReceiptFile {
        var volumes: [ReceiptFile.Volume] = []
        for (index, outcome) in outcomes.enumerated() {
            volumes.append(
                ReceiptFile.Volume(
                    decoder.manifest.volumes[index], outcome, isComplete: interruption == nil,
                    await decoder.snapshot(volume: index),
                    await decoder.standing(volume: index)))
        }
        let bytes = await decoder.receivedBytes()
        return ReceiptFile(
            session: hello.session.text, complete: interruption == nil, goal: hello.goal.name, tableSha256: table?.description,
            volumes: volumes, bytesByLayer: Dictionary(uniqueKeysWithValues: bytes.map { ($0.key.name, $0.value) }),
            interruption: interruption)
    }
}
