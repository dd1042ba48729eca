public import Profiles
internal import ProgressiveCoding
internal import SRTTransport
internal import StreamSession
internal import VolumeModel
public import WireFormat

/// The sending end of a transfer: volumes in, SRT out.
public struct SendingSite: Sendable {
    /// What happens, as it happens.
    public enum Event: Sendable {
        /// The region of interest is known.
        case prepared(Preparation.Result)
        /// The first datagram with voxels has gone to the transport.
        case firstDatagram
        /// So many bytes of chunks are coded and so many acknowledged; the total is known once coding is done.
        case progress(codedByteCount: Int, acknowledgedByteCount: Int, isCoded: Bool)
        /// The receiver has applied every chunk of the regions of interest.
        case roiAcknowledged
        /// Nothing comes from the receiver.
        case stalled
        /// It comes again.
        case resumed
    }

    /// What came of it.
    public struct Summary: Sendable {
        /// Bytes of chunk records by layer.
        public var bytesByLayer: [Layer: Int] = [:]
        /// Messages handed to the transport.
        public var datagramCount = 0
        /// Retransmissions over first transmissions.
        public var retransmitRatio = 0.0
        /// Bits of chunk records a second, from the first datagram to the last acknowledgement.
        public var goodputBitsPerSecond = 0.0
        /// Seconds, as all times here from the start of the command.
        public var timeToFirstDatagram: Double?
        /// When the receiver had applied the regions of interest.
        public var roiAcknowledged: Double?
        /// When the receipt came.
        public var done: Double?
        /// Seconds it took to find the region.
        public var segmentationSeconds = 0.0
        /// Seconds from the plan to the last coded chunk.
        public var encodingSeconds = 0.0
        /// The boxes as sent.
        public var regions: [String] = []
        /// Greatest error and PSNR of the base layers of the first volume, as measured.
        public var fidelity: [Layer: LayerFidelity] = [:]
        /// What the receiver says it has, after it was compared with what it must have.
        public var receipt: Receipt?
    }

    /// What to send.
    public var preparation: Preparation
    /// Names the transfer and the receiver's folder.
    public var session: Name
    /// Where the receiver listens.
    public var destination: String
    /// How the link is used.
    public var transport: TransportProfile

    /// Makes a site.
    public init(preparation: Preparation, session: Name, destination: String, transport: TransportProfile) {
        self.preparation = preparation
        self.session = session
        self.destination = destination
        self.transport = transport
    }

    private enum Incoming: Sendable {
        case prepared(Preparation.Result)
        case chunk(EncodedChunk)
        case coded(ChunkTable, digest: Digest, seconds: Double)
        case failed(any Error)
    }

    /// Sends, and returns when the receiver has confirmed what it has on disk.
    /// - Parameters:
    ///   - clock: runs from the start of the command.
    ///   - onEvent: called from the site's own loop.
    /// - Throws: what the parts throw; `SessionError` when the session ends early; `SiteError.Code.receiptMismatch`.
    public func run(clock: Stopwatch, onEvent: @escaping @Sendable (Event) -> Void) async throws -> Summary {
        let address = try HostPort(parsing: destination)
        let mailbox = Mailbox<Incoming>()
        let coding = Task { await code(into: mailbox) }
        defer { coding.cancel() }
        var options = SRTOptions(maximumBitsPerSecond: transport.bitsPerSecond)
        options.connectTimeout = min(.seconds(3), transport.connectPatience)
        // The handshake takes two round trips: long enough to read and segment.
        let connecting = Task { [options] in
            try await SRTConnection.connect(to: address, options: options, patience: transport.connectPatience)
        }
        let connected = Mailbox<Result<SRTConnection, any Error>>()
        Task { connected.put(await connecting.result) }
        var early: [Incoming] = []
        var connection: SRTConnection?
        while connection == nil {
            early += mailbox.takeAll()
            // A volume that cannot be read is said at once, not after the handshake.
            if case .failed(let error)? = early.last {
                connecting.cancel()
                throw error
            }
            if Task.isCancelled {
                connecting.cancel()
                throw CancellationError()
            }
            connection = try connected.takeAll().first?.get()
            if connection == nil { try? await Task.sleep(for: .milliseconds(2)) }
        }
        guard let connection else { throw CancellationError() }
        var loop = Loop(site: self, connection: connection, clock: clock, onEvent: onEvent)
        do {
            try await loop.run(mailbox, early: early)
        } catch {
            await connection.close(patience: .milliseconds(500))
            throw error
        }
        await connection.close(patience: .seconds(1))
        return loop.summary
    }

    /// Reads, plans and codes, while the loop already speaks to the receiver.
    private func code(into mailbox: Mailbox<Incoming>) async {
        do {
            let pool = CodingPool()
            let prepared = try await preparation.run(on: pool)
            mailbox.put(.prepared(prepared))
            let watch = Stopwatch()
            let (table, digest) = try await prepared.encoder.run(on: pool) { mailbox.put(.chunk($0)) }
            mailbox.put(.coded(table, digest: digest, seconds: watch.seconds))
        } catch {
            mailbox.put(.failed(error))
        }
    }

    /// The loop that joins coder, session and transport.
    private struct Loop {
        let site: SendingSite
        let connection: SRTConnection
        let clock: Stopwatch
        let onEvent: @Sendable (Event) -> Void
        var session: SenderSession
        var summary = Summary()
        var prepared: Preparation.Result?
        var chunkBytes: [UInt32: Int] = [:]
        var roiChunks: Set<UInt32> = []
        var table: ChunkTable?
        var acknowledgedByteCount = 0
        var codedByteCount = 0
        var outcome: Result<Receipt, SessionError>?
        var failure: (any Error)?

        init(site: SendingSite, connection: SRTConnection, clock: Stopwatch, onEvent: @escaping @Sendable (Event) -> Void) {
            self.site = site
            self.connection = connection
            self.clock = clock
            self.onEvent = onEvent
            session = SenderSession(
                session: site.session, goal: site.preparation.goal, timing: SessionTiming(site.transport), now: clock.elapsed)
        }

        /// IP, UDP and SRT headers of a datagram.
        private static let overheadByteCount = 44
        /// A full datagram on the wire.
        private static let wireByteCount = WireLimits.datagramByteCount + overheadByteCount
        /// What SRT may hold unsent: enough to keep it busy between two turns, and no more, since what it holds goes first.
        private var unsentLimit: Int { max(2, Int((site.transport.bitsPerSecond * 0.005 / 8 / 1500).rounded(.up))) }

        mutating func run(_ mailbox: Mailbox<Incoming>, early: [Incoming]) async throws {
            var outgoing: [[UInt8]] = []
            // What libsrt had no room for; it was paced when it was handed over first.
            var returned: [[UInt8]] = []
            take(session.handle(.connected(roundTrip: connection.initialRoundTrip), now: clock.elapsed), &outgoing)
            for event in early { receive(event, &outgoing) }
            var unsent = 0
            var retransmitted = 0
            var pacer = Pacer(
                bitsPerSecond: site.transport.bitsPerSecond, capacity: unsentLimit * Self.wireByteCount, now: clock.elapsed)
            var nextStatistics = Duration.zero
            while !session.isOver || !outgoing.isEmpty {
                if Task.isCancelled {
                    take(
                        session.handle(.cancel(Abort(reason: .cancelled, message: "the sender was stopped")), now: clock.elapsed),
                        &outgoing)
                }
                for event in mailbox.takeAll() { receive(event, &outgoing) }
                let now = clock.elapsed
                if let tick = session.nextTick, now >= tick { take(session.handle(.tick, now: now), &outgoing) }
                if returned.isEmpty {
                    let room = min(unsentLimit - unsent, pacer.allowance(datagramByteCount: Self.wireByteCount, now: now))
                    take(session.handle(.room(room - outgoing.count), now: now), &outgoing)
                }
                for bytes in outgoing { pacer.spend(byteCount: bytes.count + Self.overheadByteCount) }
                let sending = returned + outgoing
                outgoing = []
                let turn = await connection.turn(sending: sending, patience: .milliseconds(session.hasQueued ? 1 : 2))
                returned = turn.returned
                unsent = turn.unsentCount
                pacer.spend(byteCount: (turn.retransmittedCount - retransmitted) * Self.wireByteCount)
                retransmitted = turn.retransmittedCount
                for bytes in turn.received { take(session.handle(.datagram(bytes), now: clock.elapsed), &outgoing) }
                if !turn.isConnected { take(session.handle(.disconnected, now: clock.elapsed), &outgoing) }
                if clock.elapsed > nextStatistics {
                    nextStatistics = clock.elapsed + .milliseconds(500)
                    let roundTrip = await connection.statistics().roundTrip
                    take(session.handle(.roundTrip(roundTrip), now: clock.elapsed), &outgoing)
                }
            }
            try await finish()
        }

        private mutating func receive(_ event: Incoming, _ outgoing: inout [[UInt8]]) {
            switch event {
            case .prepared(let result):
                prepared = result
                roiChunks = Set(
                    result.encoder.manifest.plan.enumerated().filter { $1.chunk.layer == .roiBase }.map { UInt32($0.offset + 1) })
                summary.segmentationSeconds = result.segmentationSeconds
                summary.regions = result.encoder.manifest.volumes.first?.regions.map(\.description) ?? []
                onEvent(.prepared(result))
            case .chunk(let chunk):
                chunkBytes[chunk.ordinal] = chunk.record.count
                codedByteCount += chunk.record.count
                summary.bytesByLayer[chunk.layer, default: 0] += chunk.record.count
                take(
                    session.handle(.chunk(ordinal: chunk.ordinal, rank: chunk.rank, record: chunk.record), now: clock.elapsed),
                    &outgoing)
            case .coded(let table, let digest, let seconds):
                self.table = table
                summary.encodingSeconds = seconds
                take(session.handle(.supplied(tableDigest: digest), now: clock.elapsed), &outgoing)
            case .failed(let error):
                failure = error
                take(
                    session.handle(.cancel(Abort(reason: .failed, message: "the sender failed: \(error)")), now: clock.elapsed),
                    &outgoing)
            }
        }

        private mutating func take(_ actions: [SenderSession.Action], _ outgoing: inout [[UInt8]]) {
            for action in actions {
                switch action {
                case .send(let bytes):
                    outgoing.append(bytes)
                    summary.datagramCount += 1
                    if summary.timeToFirstDatagram == nil, case .data(let fragment)? = try? Datagram(decoding: bytes),
                        fragment.ordinal != 0
                    {
                        summary.timeToFirstDatagram = clock.seconds
                        onEvent(.firstDatagram)
                    }
                case .acknowledged(let ordinals):
                    for ordinal in ordinals { acknowledgedByteCount += chunkBytes[ordinal] ?? 0 }
                    onEvent(
                        .progress(
                            codedByteCount: codedByteCount, acknowledgedByteCount: acknowledgedByteCount, isCoded: table != nil))
                    if !roiChunks.isEmpty {
                        roiChunks.subtract(ordinals)
                        if roiChunks.isEmpty {
                            summary.roiAcknowledged = clock.seconds
                            onEvent(.roiAcknowledged)
                        }
                    }
                case .report: break
                case .stalled: onEvent(.stalled)
                case .resumed: onEvent(.resumed)
                case .finished(let receipt):
                    summary.done = clock.seconds
                    outcome = .success(receipt)
                case .failed(let error): outcome = .failure(error)
                }
            }
        }

        private mutating func finish() async throws {
            if let failure { throw failure }
            let statistics = await connection.statistics()
            summary.retransmitRatio =
                statistics.sentUnique > 0 ? Double(statistics.retransmitted) / Double(statistics.sentUnique) : 0
            if let first = summary.timeToFirstDatagram, let done = summary.done, done > first {
                summary.goodputBitsPerSecond = Double(acknowledgedByteCount) * 8 / (done - first)
            }
            let receipt = try outcome?.get()
            guard let receipt, let table, let prepared, receipt.volumes == table.outcomes else {
                throw SiteError(.receiptMismatch, "the receiver's receipt does not have the digests of what was sent")
            }
            summary.receipt = receipt
            summary.fidelity = LayerFidelity.byLayer(table, prepared)
        }
    }
}
