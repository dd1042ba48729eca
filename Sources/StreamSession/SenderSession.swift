package import Congestion
package import Bytes
internal import Faults
package import Secrecy
package import WireFormat

/// The sending end of a session: what to say next, given what has happened. It has no socket, no clock and no thread; time comes
/// in with every event, counted from the session's beginning.
package struct SenderSession: Sendable {
    /// An event that can happen to the session.
    package enum Event: Sendable {
        /// The transport is connected, for the first time or again; `nonce` is fresh random bytes, ``Hello/nonceByteCount`` of them.
        case connected(roundTrip: Duration, nonce: [UInt8])
        /// A chunk is ready. Lower ranks go first; a protected one goes with parity where the link loses.
        case chunk(ordinal: UInt32, rank: UInt64, record: [UInt8], isProtected: Bool)
        /// There will be no more chunks but those that the receiver asks for.
        case supplied(tableDigest: Digest)
        /// Chunks, also those still to come, go by this rank if it is lower than their own.
        case promote([UInt32], rank: UInt64)
        /// A datagram came.
        case datagram([UInt8])
        /// The state of the transport; what may go now is sent.
        case transport(TransportState)
        /// Time has passed.
        case tick
        /// The connection is gone.
        case disconnected
        /// No connection can be had any more.
        case unreachable(String)
        /// The receiver lets this sender in no further.
        case rejected(SessionError)
        /// This end is asked to stop.
        case cancel(Abort)
    }

    /// An action to take in answer to an event.
    package enum Action: Sendable, Equatable {
        /// Hand this datagram to the transport.
        case send([UInt8])
        /// Let the transport send no faster than this, in bits a second on the wire.
        case pace(Double)
        /// The receiver has these chunks, applied and on disk; those it asked for are shown only.
        case acknowledged([UInt32])
        /// The receiver has had all of this very session on disk since an earlier connection: nothing need be coded any more.
        case alreadyComplete
        /// The receiver had so many bytes already.
        case resumedAt(byteCount: Int)
        /// Nothing new has been confirmed for a while, for this reason; the session goes on.
        case stalled(Stall)
        /// Something has come again, or is confirmed again.
        case resumed
        /// The connection is gone, or of no use; make another.
        case reconnect
        /// Full-size datagrams do not arrive: let those of connections from now on have no more bytes than this.
        case narrow(to: Int)
        /// Datagrams come that are altered, replayed or not the receiver's; said once.
        case altered
        /// The receiver wants to see a box next; each number once a connection.
        case focus(Focus)
        /// The receiver has everything on disk. The session is over; a farewell is on its way.
        case finished(Receipt)
        /// The session is over, unfinished.
        case failed(SessionError)
    }

    enum Phase: Sendable, Equatable {
        /// No connection.
        case apart
        /// The hello is said, and what the receiver holds is not known yet.
        case greeting
        case sending, ending, over
    }

    let setup: Setup
    var phase = Phase.apart
    var channel: Channel
    var queue = ChunkQueue()
    var urgent: [Datagram] = []
    var supplied: Digest?
    /// Chunks the receiver has not confirmed, whatever of them is sent.
    var chunks: [UInt32: ChunkQueue.Chunk] = [:]
    var submitted: Set<UInt32> = []
    var unacknowledged: Set<UInt32> = []
    /// Ranks that chunks go by instead of their own.
    private var promotions: [UInt32: UInt64] = [:]
    /// Requests of this connection, by their numbers.
    var focuses: Set<UInt32> = []
    /// Chunks the receiver may confirm: sent whole, or held by it.
    var sent: Set<UInt32> = []
    /// Confirmed before they were made again here.
    var confirmedEarly: Set<UInt32> = []
    var manifestDigest: Digest?
    var remote = RemoteHoldings()
    var remoteManifest: Digest?
    var hasSpoken = false
    /// Since when there is no connection to go on with.
    var apartSince: Duration?
    /// Since when the receiver has been full, by its own word, and how often it has said so.
    var fullSince: Duration?
    var fullCount = 0
    /// When to ask a full receiver again.
    var fullRetry: Duration?
    /// True when a receiver has taken the session, on this connection or an earlier one.
    var hasBeenTaken = false
    /// True when the receiver has everything, by its own word.
    var isComplete = false
    /// True when the receipt is asked for by the manifest's digest, since there is no table.
    var endsByManifest = false
    /// The longest datagram there may be; nil where that is not this session's affair.
    var datagramByteCount: Int?
    /// True when a piece that fills its datagram has come to the receiver.
    var hasFullSizeArrived = false
    var early: [[UInt8]] = []
    var saidAltered = false

    var rate: any Controller
    var pacer: Pacer
    var announcedRate = 0.0
    var lastRate: Double?
    var transport = TransportState()
    var repeatedCount = 0
    var saidHello: Datagram?
    /// Messages other than pieces that have gone since the last piece: those on their way say nothing of it.
    var trailingCount = 0
    var sentPieces: [UInt32: Set<UInt32>] = [:]
    /// Bytes of pieces that were handed to the transport more than once.
    public internal(set) var resentByteCount = 0

    var nextHeartbeat: Duration
    var heartbeatCount: UInt32 = 0
    var quietSince: Duration?
    var silence: SilenceWatch
    var progress: ProgressWatch

    /// The settings that a session is begun with.
    package struct Setup: Sendable {
        /// Names the transfer.
        package var session: Name
        /// The goal of the transfer: how far it goes.
        package var goal: Goal
        /// The way its rate comes about.
        package var rate: RateControl
        /// Parity pieces over pieces, for chunks that are protected; nil: an eighth where the link loses, none where it does not.
        package var parityRatio: Double?
        /// The secret that both ends share; nil leaves datagrams unsealed.
        package var secret: Secret?
        /// True when the receiver may know the session already.
        package var mayBeKnown = false
        /// The longest datagram, in bytes without headers, where the session may ask for shorter ones; nil where it may not.
        package var datagramByteCount: Int?
        /// Intervals.
        package var timing = SessionTiming()

        /// A session by name.
        package init(session: Name, goal: Goal, rate: RateControl) {
            self.session = session
            self.goal = goal
            self.rate = rate
        }
    }

    /// Begins a session.
    package init(_ setup: Setup, now: Duration) {
        self.setup = setup
        datagramByteCount = setup.datagramByteCount
        channel = Channel(secret: setup.secret, role: .sender)
        rate = setup.rate.controller(roundTrip: .milliseconds(100), now: now)
        pacer = Pacer(bitsPerSecond: rate.pacingBitsPerSecond, capacity: 2 * RateControl.wireByteCount, now: now)
        nextHeartbeat = now
        silence = SilenceWatch(now: now)
        progress = ProgressWatch(now: now)
    }

    var timing: SessionTiming { setup.timing.scaled(toRoundTrip: rate.estimate.roundTrip) }

    /// When time itself is the next event, if nothing else happens first; nil when the session is over.
    package var nextTick: Duration? {
        switch phase {
        case .over: nil
        case .apart: [apartSince.map { $0 + timing.resumeTimeout }, fullRetry].compactMap { $0 }.min()
        case .greeting, .sending, .ending: min(silence.nextCheck(timing), nextHeartbeat)
        }
    }
    /// True when chunks or messages wait for room.
    package var hasQueued: Bool { !urgent.isEmpty || (phase == .sending || phase == .ending) && !queue.isEmpty }
    /// When the pace lets the next datagram go.
    package var nextAllowance: Duration { pacer.nextAllowance(datagramByteCount: RateControl.wireByteCount) }
    /// True when nothing has come for a while.
    package var isStalled: Bool { silence.isStalled }
    /// True when the session has ended, well or not.
    package var isOver: Bool { phase == .over }
    /// Bits a second on the wire, as of now.
    package var bitsPerSecond: Double { rate.bitsPerSecond }
    /// Time that datagrams wait in the link's queue, by the receiver's reports.
    package var queueDelay: Duration { rate.estimate.queueDelay }
    /// By the receiver's reports.
    package var roundTrip: Duration { rate.estimate.roundTrip }
    /// The least of late, by the same.
    package var minRoundTrip: Duration { rate.estimate.minRoundTrip }
    /// Retransmissions over first transmissions on this connection.
    package var retransmitRatio: Double { rate.flight.retransmitRatio }
    /// True when the receiver has answered this connection's hello.
    package var isWelcomed: Bool { phase != .greeting }
    /// True when nothing has come for so long that the peer may hear nothing on this connection any more: its address may have changed on the way.
    /// - Parameter caution: as many times as long as usual.
    package func isSuspect(now: Duration, caution: Int = 1) -> Bool {
        isWelcomed && !isOver && phase != .apart
            && silence.duration(now: now) > timing.suspicion(roundTrip: roundTrip, hasHeard: silence.hasHeard) * caution
    }
    /// True when it is known what the receiver has of the session.
    package var knowsStanding: Bool { phase == .sending || phase == .ending || phase == .over }

    /// Takes one event and says what to do.
    package mutating func handle(_ event: Event, now: Duration) -> [Action] {
        guard phase != .over else { return [] }
        switch event {
        case .connected(let roundTrip, let nonce): return connect(roundTrip, nonce, now: now)
        case .chunk(let ordinal, let rank, let record, let isProtected):
            return add(ChunkQueue.Chunk(ordinal: ordinal, rank: rank, record: record, isProtected: isProtected))
        case .supplied(let digest):
            guard !endsByManifest else { return [] }
            supplied = digest
            return endIfDone()
        case .promote(let ordinals, let rank):
            promote(ordinals, rank)
            return []
        case .datagram(let bytes): return take(bytes, now: now)
        case .transport(let state): return send(state, now: now)
        case .tick: return tick(now: now)
        case .disconnected:
            guard phase != .apart else { return [] }
            part(now: now)
            return [.reconnect]
        case .unreachable(let message): return fail(.unreachable, message)
        case .rejected(let error): return fail(error.code, error.message)
        case .cancel(let abort):
            let isConnected = phase != .apart
            let bytes = channel.encode(.abort(abort))
            phase = .over
            return (isConnected ? [.send(bytes)] : []) + [.failed(SessionError(.cancelled, abort.message))]
        }
    }

    private mutating func add(_ chunk: ChunkQueue.Chunk) -> [Action] {
        // What was asked for and is there only now comes too late once all is there.
        guard phase != .ending, submitted.insert(chunk.ordinal).inserted else { return [] }
        let chunk = promotions[chunk.ordinal].map(chunk.promoted) ?? chunk
        if chunk.ordinal == 0 {
            manifestDigest = ChunkRecord.digest(of: chunk.record)
            if let failure = checkManifest() { return failure }
        }
        if confirmedEarly.remove(chunk.ordinal) != nil { return [.acknowledged([chunk.ordinal])] + endIfDone() }
        chunks[chunk.ordinal] = chunk
        unacknowledged.insert(chunk.ordinal)
        return enqueue(chunk) + endIfComplete()
    }

    private mutating func promote(_ ordinals: [UInt32], _ rank: UInt64) {
        for ordinal in ordinals {
            promotions[ordinal] = min(rank, promotions[ordinal] ?? .max)
            guard let chunk = chunks[ordinal] else { continue }
            chunks[ordinal] = chunk.promoted(to: rank)
            queue.promote(ordinal, to: rank)
        }
    }

    private mutating func focus(_ focus: Focus) -> [Action] {
        // A request may overtake the welcome, or come while pages of holdings are awaited; it can be coded meanwhile.
        guard phase != .ending, focuses.insert(focus.number).inserted else { return [] }
        return [.focus(focus)]
    }

    mutating func take(_ bytes: [UInt8], now: Duration) -> [Action] {
        // What still comes on a connection that was given up.
        guard phase != .apart else { return [] }
        let datagram: Datagram?
        do {
            datagram = try channel.decode(bytes)
        } catch {
            return violate(error.message)
        }
        guard let datagram else {
            // What the receiver says may overtake its welcome, and cannot be read before.
            if !channel.isBound, early.count < 256 {
                early.append(bytes)
            } else if channel.isBound, !saidAltered {
                saidAltered = true
                return [.altered]
            }
            return []
        }
        var actions = heard(now: now)
        apartSince = nil
        // Either may overtake the welcome, which says what they mean.
        if phase == .greeting, !remote.isWelcomed {
            switch datagram {
            case .acknowledgement, .holdings:
                if early.count < 256 { early.append(bytes) }
                return actions
            default: break
            }
        }
        switch datagram {
        case .report(let report):
            rate.take(report, now: now)
            actions += note(report, now: now) + paceIfChanged(now: now)
        case .acknowledgement(let ranges): actions += acknowledge(ranges, now: now)
        case .welcome(let welcome): actions += greet(welcome, now: now)
        case .holdings(let holdings): actions += take(holdings)
        case .focus(let request): actions += focus(request)
        case .receipt(let receipt):
            guard phase == .ending, endsByManifest || receipt.tableDigest == supplied else {
                return actions + violate("the receiver sends a receipt for what it was not sent")
            }
            let bye = channel.encode(.bye)
            phase = .over
            return actions + [.send(bye), .finished(receipt)]
        case .abort(let abort): return actions + end(by: abort, now: now)
        case .hello, .data, .parity, .heartbeat, .end, .bye:
            return actions + violate("the receiver sends what only a sender may")
        }
        return actions
    }

    private mutating func acknowledge(_ ranges: [Range<UInt32>], now: Duration) -> [Action] {
        var fresh: [UInt32] = []
        for ordinal in ranges.joined() {
            if unacknowledged.contains(ordinal) {
                // A receiver that resumes has what was sent on an earlier connection, also by a program that is gone.
                guard sent.contains(ordinal) || remote.isResumed else {
                    return violate("the receiver acknowledges chunks that were never sent")
                }
                unacknowledged.remove(ordinal)
                chunks[ordinal] = nil
                sentPieces[ordinal] = nil
                queue.remove(ordinal)
                fresh.append(ordinal)
            } else if !submitted.contains(ordinal) {
                guard remote.isResumed else { return violate("the receiver acknowledges chunks that were never sent") }
                confirmedEarly.insert(ordinal)
            }
        }
        guard !fresh.isEmpty else { return endIfDone() }
        quietSince = nil
        return noteProgress(now: now) + [.acknowledged(fresh)] + endIfDone()
    }

    mutating func endIfDone() -> [Action] {
        guard phase == .sending, let supplied else { return [] }
        guard isComplete || unacknowledged.isEmpty && queue.isEmpty else { return [] }
        phase = .ending
        queue.removeAll()
        urgent.append(.end(tableDigest: supplied))
        guard isComplete, !unacknowledged.isEmpty else { return [] }
        // What is on disk complete needs no chunk to be confirmed one by one.
        let all = unacknowledged.sorted()
        unacknowledged = []
        chunks = [:]
        return [.acknowledged(all)]
    }

    mutating func violate(_ message: String) -> [Action] {
        let bytes = channel.encode(.abort(Abort(reason: .refused, message: message)))
        phase = .over
        return [.send(bytes), .failed(SessionError(.protocolViolation, message))]
    }

    mutating func fail(_ code: SessionError.Code, _ message: String) -> [Action] {
        phase = .over
        return [.failed(SessionError(code, message))]
    }
}
