internal import Bytes
internal import Concurrency
internal import EncodingInput
internal import Faults
internal import Transfer
internal import Metrics
internal import ProgressiveCoding
internal import SessionRunner
internal import StreamSession
internal import VolumeModel
internal import WireFormat

/// The loop that joins coder and session at the sending end.
struct SendingLoop {
    enum Incoming: Sendable {
        /// Every input has been read and fits.
        case read
        case prepared(Preparation.Result)
        case chunk(EncodedChunk)
        case coded(ChunkTable, digest: Digest, seconds: Double)
        case answered(Focus, SessionEncoder.FocusAnswer)
        case refused(Focus, String)
        case failed(any Error)
    }

    private let clock: Stopwatch
    private(set) var datagramByteCount: Int
    /// True where the next connection is made for the sake of its shorter datagrams.
    private var isNarrowing = false
    private let expectation: LinkExpectation?
    private let onEvent: @Sendable (SendingSite.Event) -> Void
    private var meter: SessionMeter
    private var summary = SendingSite.Summary()
    private var prepared: Preparation.Result?
    private var chunks: [UInt32: (layer: Layer, byteCount: Int)] = [:]
    private var roiChunks: Set<UInt32> = []
    private var table: ChunkTable?
    private var answers = FocusAnswers()
    private let answer: @Sendable (Preparation.Result, Focus) -> Void
    private var acknowledgedByteCount = 0
    private var estimate = TransferEstimate()
    private var outcome: Result<Receipt, SessionError>?
    private var failure: (any Error)?
    private var isCancelled = false
    private var hasVoxels = false
    /// True when there is nothing left to find wrong with the input, and the receiver may be told of the session.
    private(set) var hasRead = false

    /// - Parameter answer: has a request coded, and its answer put where incoming events are taken from.
    init(
        clock: Stopwatch, store: MetricsStore?, session: String, expectation: LinkExpectation?, datagramByteCount: Int,
        answer: @escaping @Sendable (Preparation.Result, Focus) -> Void,
        onEvent: @escaping @Sendable (SendingSite.Event) -> Void
    ) {
        self.clock = clock
        self.answer = answer
        self.onEvent = onEvent
        self.datagramByteCount = datagramByteCount
        self.expectation = expectation
        meter = SessionMeter(store: store, session: session, role: .sender)
    }

    /// Returns the events that have come of coding, as the session wants to hear them.
    mutating func events(_ incoming: [Incoming]) -> [SenderSession.Event] {
        var events: [SenderSession.Event] = []
        if Task.isCancelled, !isCancelled {
            isCancelled = true
            events.append(.cancel(Abort(reason: .cancelled, message: "the sender was stopped")))
        }
        for event in incoming {
            switch event {
            case .read: hasRead = true
            case .prepared(let result):
                prepared = result
                let plan = result.encoder.manifest.plan
                // What shows the regions: their base, and where none is planned their exact voxels.
                let shown = result.encoder.manifest.volumes.map { $0.showsRegionsBy }
                roiChunks = Set(plan.enumerated().filter { $1.chunk.layer == shown[$1.volume] }.map { UInt32($0.offset + 1) })
                meter.plan(plan.map(\.chunk.layer))
                estimate = TransferEstimate(result.encoder.manifest)
                summary.segmentationSeconds = result.segmentationSeconds
                summary.regions = result.encoder.manifest.volumes.first?.regions.map(\.description) ?? []
                onEvent(.prepared(result, expectation))
                answerNext()
            case .chunk(let chunk):
                chunks[chunk.ordinal] = (chunk.layer, chunk.record.count)
                estimate.know(chunk.ordinal, byteCount: chunk.record.count)
                meter.know(chunk.layer, chunk.ordinal, byteCount: chunk.record.count)
                summary.bytesByLayer[chunk.layer, default: 0] += chunk.record.count
                hasVoxels = hasVoxels || chunk.layer != .manifest
                onEvent(.coded(chunk))
                // Control and what goes first: with parity the far end need not wait for what was lost of them.
                events.append(
                    .chunk(
                        ordinal: chunk.ordinal, rank: chunk.rank, record: chunk.record,
                        isProtected: chunk.layer == .roiBase || chunk.layer == .manifest))
            case .coded(let table, let digest, let seconds):
                self.table = table
                summary.encodingSeconds = seconds
                events.append(.supplied(tableDigest: digest))
            case .answered(let focus, let answer):
                events += supply(answer, to: focus)
                answerNext()
            case .refused(let focus, let reason):
                answers.refuse(focus)
                onEvent(.focus(focus, .refused(reason)))
                answerNext()
            case .failed(let error):
                // Coding was stopped because there is nothing to code for.
                if summary.wasComplete, error is CancellationError { continue }
                failure = error
                events.append(.cancel(SenderFarewell.abort(error)))
            }
        }
        return events
    }

    /// Chunks for a request go beyond the table, and what lies under it goes ahead of the rest.
    private mutating func supply(_ answer: SessionEncoder.FocusAnswer, to focus: Focus) -> [SenderSession.Event] {
        guard let prepared else { return [] }
        let manifest = prepared.encoder.manifest
        guard let chunks = answers.supply(answer.records, to: focus, beyond: manifest.tableOrdinal) else {
            onEvent(.focus(focus, .refused("a session has no more than \(WireLimits.chunkCount) chunks")))
            return []
        }
        let order = prepared.encoder.order
        var events: [SenderSession.Event] = [
            .promote(answer.base, rank: order.focusedBaseRank), .promote(answer.refinement, rank: order.focusedRefinementRank),
        ]
        for (ordinal, record) in chunks {
            self.chunks[ordinal] = (.focusBase, record.count)
            estimate.know(ordinal, byteCount: record.count)
            summary.bytesByLayer[.focusBase, default: 0] += record.count
            events.append(.chunk(ordinal: ordinal, rank: order.focusRank(focus), record: record, isProtected: true))
        }
        onEvent(.focus(focus, .queued(byteCount: chunks.reduce(0) { $0 + $1.record.count })))
        return events
    }

    /// Has requests coded, as many at a time as may be. A receiver that resumes may ask before there is anything to code.
    private mutating func answerNext() {
        guard let prepared else { return }
        while let focus = answers.next() { answer(prepared, focus) }
    }

    mutating func take(_ action: SenderSession.Action) {
        switch action {
        case .send(let bytes):
            summary.datagramCount += 1
            if summary.timeToFirstDatagram == nil, hasVoxels, SenderSession.carriesVoxels(bytes) {
                summary.timeToFirstDatagram = clock.seconds
                onEvent(.firstDatagram)
            }
        case .acknowledged(let ordinals):
            for ordinal in ordinals {
                guard let chunk = chunks[ordinal] else { continue }
                acknowledgedByteCount += chunk.byteCount
                estimate.finish(ordinal, byteCount: chunk.byteCount)
                meter.count(chunk.layer, byteCount: chunk.byteCount)
            }
            for number in answers.acknowledge(ordinals) { onEvent(.focusAcknowledged(number: number)) }
            answerNext()
            onEvent(.progress(estimate.progress))
            if !roiChunks.isEmpty {
                roiChunks.subtract(ordinals)
                if roiChunks.isEmpty {
                    summary.roiAcknowledged = clock.seconds
                    onEvent(.roiAcknowledged)
                }
            }
        case .pace: break
        case .alreadyComplete:
            summary.wasComplete = true
            onEvent(.alreadyComplete)
        case .resumedAt(let byteCount):
            // Before this program has had anything confirmed, what is there is an earlier one's.
            if acknowledgedByteCount == 0 { summary.resumedByteCount = byteCount }
            onEvent(.resumedAt(byteCount: byteCount))
        case .stalled(let stall):
            meter.state = .stalled
            onEvent(.stalled(reason: stall.rawValue, message: stall.message(datagramByteCount: datagramByteCount)))
        case .resumed:
            meter.state = .transferring
            onEvent(.resumed)
        case .narrow(let byteCount):
            datagramByteCount = byteCount
            isNarrowing = true
            onEvent(.narrowed(byteCount: byteCount))
        case .reconnect:
            meter.state = .connecting
            // A connection that gives way to one of shorter datagrams is not lost.
            if !isNarrowing { onEvent(.reconnecting) }
            isNarrowing = false
        case .altered: onEvent(.altered)
        case .focus(let focus):
            if answers.take(focus) { onEvent(.focus(focus, .asked)) }
            answerNext()
        case .finished(let receipt):
            summary.done = clock.seconds
            outcome = .success(receipt)
        case .failed(let error): outcome = .failure(error)
        }
    }

    /// Shows how the session stands.
    mutating func show(_ session: SenderSession) {
        guard meter.isDue(clock.elapsed) else { return }
        if meter.state == .connecting { meter.state = .transferring }
        meter.show(
            now: clock.elapsed, datagramCount: summary.datagramCount, rate: session.bitsPerSecond, roundTrip: session.roundTrip,
            queueDelay: session.queueDelay, retransmitRatio: session.retransmitRatio)
    }

    /// Returns the outcome of the transfer.
    /// - Throws: why it failed.
    mutating func finish(_ runner: SenderRunner) throws -> SendingSite.Summary {
        let traffic = runner.traffic
        summary.retransmitRatio = traffic.sentCount > 0 ? Double(traffic.repeatedCount) / Double(traffic.sentCount) : 0
        summary.connectionCount = traffic.connectionCount
        summary.resentByteCount = runner.session.resentByteCount
        summary.rateBitsPerSecond = runner.session.bitsPerSecond
        if let first = summary.timeToFirstDatagram, let done = summary.done, done > first {
            summary.goodputBitsPerSecond = Double(acknowledgedByteCount - summary.resumedByteCount) * 8 / (done - first)
        }
        meter.end(isFinished: (try? outcome?.get()) != nil, now: clock.elapsed)
        if let failure { throw failure }
        if isCancelled { throw TransferError(.cancelled, "stopped; go on later with the same --session") }
        let receipt = try outcome?.get()
        guard let receipt, let prepared, let expected = expectedOutcomes, receipt.volumes == expected else {
            throw TransferError(.receiptMismatch, "the receiver's receipt does not have the digests of what was sent")
        }
        summary.receipt = receipt
        summary.fidelity = LayerFidelity.byLayer(prepared.encoder)
        return summary
    }

    /// The outcomes that the receiver must have: what was coded, or, where nothing had to be, this very input.
    private var expectedOutcomes: [Receipt.Volume]? {
        if let table { return table.outcomes }
        guard summary.wasComplete else { return nil }
        return prepared?.encoder.manifest.volumes.map { Receipt.Volume(state: .lossless, digest: $0.sourceDigest) }
    }
}
