internal import Bytes
internal import Concurrency
internal import Faults
internal import Transfer
internal import Decoding
internal import DecoderHost
internal import Foundation
internal import Journal
internal import Metrics
internal import NIfTIFile
internal import Profiles
internal import ProgressiveCoding
internal import SRTTransport
internal import Secrecy
internal import SessionRunner
internal import StreamSession
internal import WireFormat

/// One connection of a transfer at the receiving end: joins transport, session, journal, decoder and files.
///
/// Its loop has a thread of its own: a manifest that takes long to check holds up no other session. All that happens elsewhere comes by one mailbox.
actor ReceivingSession {
    /// The way of a connection, and the work that each part of it has under way.
    enum Phase {
        /// The peer has not said yet whose session it has.
        case unnamed
        /// The session's name is claimed, and its journal read.
        case opening(Task<Void, Never>)
        /// Chunks come.
        case receiving
        /// All was complete before this connection: its files were read again.
        case confirming
        /// Everything has come: it is checked, written and read back.
        case storing(Task<Void, Never>)
    }

    private let executor = QueueExecutor(label: "fovea.session")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    let site: ReceivingSite
    let registry: SessionRegistry
    let connection: SRTConnection
    let files: CodingPool
    let chunkDecoder: ConfinedDecoder
    let clock: Stopwatch
    let onEvent: @Sendable (ReceivingSite.Event) -> Void

    enum Incoming: Sendable {
        case opened(JournalWriter, JournalContents, SessionRegistry.Claim, CompletedSession)
        /// The milestones and the completeness that the manifest alone brings.
        case announced(volume: Int, [Milestone], Completeness)
        case applied(UInt32, volume: Int, AppliedChunk)
        /// Withdrawal of what was called exact.
        case distrusted(Completeness)
        case damaged(UInt32, any Error)
        case durable(UInt32)
        /// A part of an answer; nil when it came and could not be shown.
        case focused(UInt32, FocusChunk?, maxAbsoluteError: Double)
        case verified(volume: Int, Receipt.Volume)
        case stored(Receipt, [ReceivingSite.ReceivedVolume])
        case failed(any Error)
    }

    /// Chunks that may turn out wrong before the sender counts as broken.
    private static let damageLimit = 16

    let mailbox = Mailbox<Incoming>()
    var phase = Phase.unnamed
    var hello: Hello?
    var decoder: SessionDecoder?
    var folder: SessionFolder?
    var writer: JournalWriter?
    var manifestRecord: [UInt8] = []
    var table: (digest: Digest, content: ChunkTable)?
    var summary = ReceivingSite.Summary()
    var claim: SessionRegistry.Claim?
    var senderStart = Duration.zero
    var early: [(UInt32, [UInt8])] = []
    var pendingBytes: [UInt32: Int] = [:]
    var pendingByteCount = 0
    private var takenByteCount = 0
    private var datagramCount = 0
    private var roundTrip: Duration?
    private var damageCount = 0
    var hasROIByte: Set<Int> = []
    /// The extent to which each volume is exact, by its index.
    var completenesses: [Int: Completeness] = [:]
    private var failure: (any Error)?
    private var ending: SessionError?
    var tasks: [Task<Void, Never>] = []
    var focus = FocusProgress()
    private var kept: [JournalEntry] = []
    var meter: SessionMeter?
    var estimate = TransferEstimate()
    /// True where nothing was on disk of the session before this connection.
    private var isFresh = false
    private var waiting: [ReceiverSession.Event] = []
    private let started: Duration
    /// When the session began, on whichever connection.
    private(set) var begunAt = Date()
    /// The digest of the manifest's record.
    var manifestDigest: Digest?

    init(
        site: ReceivingSite, registry: SessionRegistry, connection: SRTConnection, files: CodingPool,
        chunkDecoder: ConfinedDecoder, clock: Stopwatch, onEvent: @escaping @Sendable (ReceivingSite.Event) -> Void
    ) {
        self.site = site
        self.registry = registry
        self.connection = connection
        self.files = files
        self.chunkDecoder = chunkDecoder
        self.clock = clock
        self.onEvent = onEvent
        started = clock.elapsed
    }

    /// The session's name, once the peer has said it.
    var name: String { hello?.session.text ?? "" }
    private var isConfirming: Bool { if case .confirming = phase { true } else { false } }
    /// True once the peer has said anything that makes it a session.
    var hasBegun: Bool { hello != nil }
    /// The bytes that the session's journal begins with: whose session it is.
    var journalBeginning: [UInt8] { Array("\(senderName)\n\(name)".utf8) }
    /// Who the sender says it is; proven where it has a secret of its own.
    var senderName: String { StreamIdentifier(parsing: connection.streamIdentifier)?.sender ?? "-" }

    func place(_ volume: Int) -> ReceivingSite.Place {
        ReceivingSite.Place(
            session: name, volume: decoder?.manifest.volumes[volume].name.text ?? "", index: volume,
            sender: senderName == "-" ? nil : senderName, peer: connection.peer)
    }

    /// Receives until everything is stored and confirmed, or the connection ends.
    /// - Returns: what came of it; nil when the peer went away before it began.
    /// - Throws: `SessionError`, or what made this end give up; what had arrived stays in the folder, and in the journal to go on from.
    func run() async throws -> ReceivingSite.Summary? {
        var runner = ReceiverRunner(
            ReceiverSession(
                secret: site.exposure.secret(for: senderName), timing: SessionTiming(site.transport), now: clock.elapsed),
            over: connection, origin: clock.start)
        await runner.run(
            events: { events() },
            onTurn: { turn in
                guard !turn.received.isEmpty else { return }
                roundTrip = turn.roundTrip
                claim?.hear()
            }, onActions: { take($0) })
        // What a session that has failed still has to decode is nobody's concern.
        if ending != nil { chunkDecoder.close() }
        flush()
        for task in tasks { task.cancel() }
        switch phase {
        // A sender may go while everything is being stored: then it is stored, and the receipt says so.
        case .storing(let task): await task.value
        case .opening(let task):
            task.cancel()
            await task.value
        case .unnamed, .receiving, .confirming: break
        }
        for event in mailbox.takeAll() {
            switch event {
            case .stored(_, let volumes): (ending, summary.volumes) = (nil, volumes)
            // Opened for a connection that is gone: let go of, or nobody could ever go on with it.
            case .opened(let writer, let contents, let claim, _):
                (self.writer, self.claim, isFresh) = (writer, claim, contents.begun == nil)
            default: break
            }
        }
        let result = await finish()
        if let claim { registry.release(name, claim) }
        return try result.get()
    }

    private func finish() async -> Result<ReceivingSite.Summary?, any Error> {
        let age = clock.elapsed - started
        // A session that goes on elsewhere is shown there, and one that is another sender's is not this connection's to end.
        if let claim, !claim.isRevoked {
            if (failure as? TransferError)?.code == .full {
                meter?.withdraw()
            } else {
                meter?.end(isFinished: ending == nil, now: age)
            }
            if ending == nil { site.regionRequests?.close(name) } else { site.regionRequests?.disconnect(name) }
        }
        guard let ending else {
            await connection.close(timeout: .milliseconds(200))
            await writer?.close()
            return .success(isConfirming ? nil : summary)
        }
        await decoder?.cancel(ending)
        // The other connection waits for this one to let go, and leaves files itself.
        let isContinued = claim?.isRevoked == true
        await connection.close(timeout: isContinued ? .zero : .milliseconds(500))
        guard hasBegun else { return .success(nil) }
        let failure =
            failure ?? (ending.code == .undecodable && !isConfirming ? CodingError(.verificationFailed, ending.message) : nil)
        // A chunk that does not fit may owe that to an earlier one: nothing is vouched for that no digest has confirmed.
        if failure is CodingError { await decoder?.distrust() }
        if !isContinued { await leave(because: failure.map { "\($0)" } ?? ending.message) }
        guard let failure, Self.isUnusable(failure), let writer else {
            await writer?.close()
            if isFresh, decoder == nil { SessionFolder.discard("\(site.folder)/\(name)") }
            return .failure(failure ?? ending)
        }
        // The next attempt would come to the same end.
        let fate = await writer.setAside(folder: "\(site.folder)/\(name)", begun: journalBeginning)
        return .failure(CodingError(.verificationFailed, "\(failure); \(fate)"))
    }

    /// Tells whether a failure is of the chunks themselves, and would come again with them from the journal.
    private static func isUnusable(_ failure: any Error) -> Bool {
        switch failure {
        case let error as CodingError: error.code != .tooLarge
        case is FormatError: true
        default: false
        }
    }

    /// Returns the events that have happened beside the transport.
    private func events() -> [ReceiverSession.Event] {
        let age = clock.elapsed - started
        if Task.isCancelled { giveUp(CancellationError()) }
        if claim?.isRevoked == true {
            giveUp(TransferError(.sessionBusy, "the sender goes on with the session on another connection"))
        }
        if age > site.limits.duration {
            giveUp(TransferError(.limitReached, "the session has lasted longer than \(Int(site.limits.duration.inSeconds)) s"))
        }
        for event in mailbox.takeAll() { receive(event) }
        flush()
        if claim != nil, meter?.isDue(age) == true { meter?.show(now: age, datagramCount: datagramCount, roundTrip: roundTrip) }
        waiting += askForFocus()
        defer { waiting = [] }
        return waiting
    }

    /// Does what the session says.
    private func take(_ actions: [ReceiverSession.Action]) -> [ReceiverSession.Event] {
        for action in actions {
            switch action {
            case .send: break
            case .begun(let hello): begin(hello)
            case .firstByte(let ordinal):
                if let planned = decoder?.planned(ordinal) { noteROI(planned) }
            case .keep(let fragment):
                takenByteCount += fragment.payload.count
                datagramCount += 1
                kept.append(
                    .fragment(
                        ordinal: fragment.ordinal, totalByteCount: fragment.totalByteCount, offset: fragment.offset,
                        payload: fragment.payload))
                if takenByteCount > site.limits.byteCount {
                    giveUp(TransferError(.limitReached, "the session has more than \(site.limits.byteCount) bytes"))
                }
            case .chunk(let ordinal, let record): take(ordinal, record)
            case .store(let digest): store(digest)
            case .stalled:
                meter?.state = .stalled
                onEvent(.stalled(session: name))
            case .resumed:
                meter?.state = .transferring
                onEvent(.resumed(session: name))
            case .altered: onEvent(.altered(session: name))
            case .closed: break
            case .failed(let error): ending = error
            }
        }
        defer { waiting = [] }
        return waiting
    }

    private func flush() {
        // Only the manifest tells what is an answer to a request, and those are not kept: they would be of no use to another connection.
        guard !kept.isEmpty, let writer, decoder != nil else { return }
        writer.append(kept.filter { !isOfFocus($0) })
        kept = []
    }

    func giveUp(_ error: any Error) {
        guard failure == nil else { return }
        failure = error
        chunkDecoder.close()
        guard let full = error as? CodingError, full.code == .noRoom else {
            return waiting.append(.giveUp(ReceiverFarewell.abort(error, isRestarting: site.isRestarting())))
        }
        // A full disk is no fault of what was sent, whoever noticed it: what has come is kept to go on from. Where it is full is told here alone.
        let sentence = "The receiver has no room to put the volumes of '\(name)' together"
        failure = TransferError(.noSpace, "\(sentence): \(full.message)")
        waiting.append(
            .giveUp(
                ReceiverFarewell.abort(TransferError(.noSpace, "\(sentence). Make room there and send again."), isRestarting: false)
            ))
    }

    /// A chunk that was damaged on the way has to come again; too many of them are no accident.
    func drop(_ ordinal: UInt32, _ error: any Error) {
        damageCount += 1
        guard damageCount <= Self.damageLimit else { return giveUp(error) }
        pendingByteCount -= pendingBytes.removeValue(forKey: ordinal) ?? 0
        kept.append(.dropped(ordinal: ordinal))
        waiting.append(.dropped(ordinal))
    }

    /// Says that a chunk is in its place once its bytes are on disk.
    func confirm(_ ordinal: UInt32) {
        flush()
        writer?.whenDurable { [mailbox] in mailbox.put(.durable(ordinal)) }
    }

    private func receive(_ event: Incoming) {
        switch event {
        case .opened(let writer, let contents, let claim, let stored):
            self.writer = writer
            self.claim = claim
            isFresh = contents.begun == nil
            // Not before there is room for the session: a stranger's hello must not start processes.
            if contents.receipt == nil { chunkDecoder.prepare(count: 2) }
            if let receipt = contents.receipt {
                phase = .confirming
                waiting.append(.openedComplete(receipt, manifestDigest: stored.manifestDigest, nonce: Nonce().bytes))
            } else {
                phase = .receiving
                begunAt = stored.begun
                waiting.append(.opened(contents.reassembler, nonce: Nonce().bytes))
                // What was whole on disk is decoded anew, the manifest first.
                for (ordinal, record) in contents.records.sorted(by: { $0.key < $1.key }) { take(ordinal, record) }
            }
        case .distrusted(let completeness): meter?.completeness = completeness
        case .announced(let volume, let milestones, let completeness):
            completenesses[volume] = completeness
            announce(milestones, volume)
            folder?.refresh(volume, isAwaited: true)
        case .applied(let ordinal, let volume, let applied):
            completenesses[volume] = applied.completeness
            announce(applied.milestones, volume)
            if let planned = decoder?.planned(ordinal) {
                meter?.count(planned.chunk.layer, byteCount: pendingBytes[ordinal] ?? 0)
                folder?.compress(volume, planned.chunk.box)
            }
            meter?.completeness = applied.sessionCompleteness
            let byteCount = pendingBytes.removeValue(forKey: ordinal) ?? 0
            pendingByteCount -= byteCount
            estimate.finish(ordinal, byteCount: byteCount)
            onEvent(.progress(place(volume), estimate.progress, applied.sessionCompleteness))
            folder?.refresh(volume, isAwaited: !applied.milestones.isEmpty)
            onEvent(
                .applied(place(volume), ordinal: ordinal, applied.completeness, ofSession: applied.sessionCompleteness))
            confirm(ordinal)
        case .damaged(let ordinal, let error): drop(ordinal, error)
        case .durable(let ordinal): waiting.append(.applied(ordinal))
        case .focused(let ordinal, let chunk, let error):
            meter?.count(.focusBase, byteCount: pendingBytes[ordinal] ?? 0)
            pendingByteCount -= pendingBytes.removeValue(forKey: ordinal) ?? 0
            if let chunk { noteFocus(chunk, maxAbsoluteError: error) }
            waiting.append(.applied(ordinal))
        case .verified(let volume, let outcome):
            if outcome.state == .lossless { announce(.volumeLossless, volume) }
        case .stored(let receipt, let volumes):
            summary.volumes = volumes
            fulfilFocus()
            for index in receipt.volumes.indices { onEvent(.receipt(place(index))) }
            waiting.append(.stored(receipt))
        case .failed(let error): giveUp(error)
        }
    }
}
