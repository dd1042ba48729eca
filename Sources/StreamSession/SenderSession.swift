public import WireFormat

/// The sending end of a session: what to say next, given what has happened. It has no socket, no clock and no thread; time comes
/// in with every event, counted from the session's beginning.
public struct SenderSession: Sendable {
    /// What can happen.
    public enum Event: Sendable {
        /// The transport is connected.
        case connected(roundTrip: Duration)
        /// The transport has measured the round trip anew.
        case roundTrip(Duration)
        /// A chunk is ready. Lower ranks go first.
        case chunk(ordinal: UInt32, rank: UInt64, record: [UInt8])
        /// There will be no more chunks.
        case supplied(tableDigest: Digest)
        /// A datagram came.
        case datagram([UInt8])
        /// The transport can take so many datagrams.
        case room(Int)
        /// Time has passed.
        case tick
        /// The connection is gone.
        case disconnected
        /// This end is asked to stop.
        case cancel(Abort)
    }

    /// What to do about it.
    public enum Action: Sendable, Equatable {
        /// Hand this datagram to the transport.
        case send([UInt8])
        /// The receiver has applied these chunks.
        case acknowledged([UInt32])
        /// What the receiver sees.
        case report(Report)
        /// Nothing has come for a while; the session goes on.
        case stalled
        /// Something has come again.
        case resumed
        /// The receiver has everything on disk. The session is over; a farewell is on its way.
        case finished(Receipt)
        /// The session is over, unfinished.
        case failed(SessionError)
    }

    private enum Phase: Sendable, Equatable {
        case connecting, sending, ending, over
    }

    private let hello: (session: Name, goal: Goal)
    private let timing: SessionTiming
    private var phase = Phase.connecting
    private var queue = ChunkQueue()
    private var urgent: [Datagram] = []
    private var supplied: Digest?
    private var submitted: Set<UInt32> = []
    private var unacknowledged: Set<UInt32> = []
    private var sent: Set<UInt32> = []
    private var roundTrip: Duration = .milliseconds(100)
    private var nextHeartbeat: Duration
    private var heartbeatCount: UInt32 = 0
    private var silence: SilenceWatch

    /// Begins a session.
    public init(session: Name, goal: Goal, timing: SessionTiming = SessionTiming(), now: Duration) {
        hello = (session, goal)
        self.timing = timing
        nextHeartbeat = now
        silence = SilenceWatch(now: now)
    }

    /// When time itself is the next event, if nothing else happens first; nil when the session is over.
    public var nextTick: Duration? { phase == .over ? nil : min(silence.nextCheck(timing), nextHeartbeat) }
    /// Whether chunks or messages wait for room.
    public var hasQueued: Bool { !queue.isEmpty || !urgent.isEmpty }
    /// Whether the session has ended, well or not.
    public var isOver: Bool { phase == .over }

    /// Takes one event and says what to do.
    public mutating func handle(_ event: Event, now: Duration) -> [Action] {
        guard phase != .over else { return [] }
        switch event {
        case .connected(let roundTrip):
            guard phase == .connecting else { return [] }
            phase = .sending
            self.roundTrip = roundTrip
            silence = SilenceWatch(now: now)
            urgent.append(
                .hello(
                    Hello(
                        session: hello.session, goal: hello.goal, elapsedMicroseconds: UInt64(max(0, now.microseconds)),
                        roundTripMicroseconds: UInt32(clamping: roundTrip.microseconds))))
            return endIfDone()
        case .roundTrip(let roundTrip):
            self.roundTrip = roundTrip
            return []
        case .chunk(let ordinal, let rank, let record):
            guard submitted.insert(ordinal).inserted else { return [] }
            unacknowledged.insert(ordinal)
            queue.add(ordinal: ordinal, rank: rank, record: record)
            return []
        case .supplied(let digest):
            supplied = digest
            return endIfDone()
        case .datagram(let bytes): return take(bytes, now: now)
        case .room(let count): return send(upTo: count, now: now)
        case .tick: return tick(now: now)
        case .disconnected: return fail(.peerGone, "the receiver is gone before it confirmed what it has")
        case .cancel(let abort):
            phase = .over
            return [.send(Datagram.abort(abort).encoded()), .failed(SessionError(.cancelled, abort.message))]
        }
    }

    private mutating func take(_ bytes: [UInt8], now: Duration) -> [Action] {
        var actions: [Action] = silence.heard(now: now) ? [.resumed] : []
        let datagram: Datagram
        do {
            datagram = try Datagram(decoding: bytes)
        } catch {
            return actions + violate(error.message)
        }
        switch datagram {
        case .report(let report): actions.append(.report(report))
        case .acknowledgement(let ranges):
            var fresh: [UInt32] = []
            for range in ranges {
                guard range.allSatisfy(sent.contains) else {
                    return actions + violate("the receiver acknowledges chunks that were never sent")
                }
                fresh += range.filter { unacknowledged.remove($0) != nil }
            }
            if !fresh.isEmpty { actions.append(.acknowledged(fresh)) }
            actions += endIfDone()
        case .receipt(let receipt):
            guard phase == .ending, receipt.tableDigest == supplied else {
                return actions + violate("the receiver sends a receipt for what it was not sent")
            }
            phase = .over
            return actions + [.send(Datagram.bye.encoded()), .finished(receipt)]
        case .abort(let abort):
            phase = .over
            return actions + [.failed(SessionError(.peerAborted, "the receiver gave up: \(abort.message)"))]
        case .hello, .data, .heartbeat, .end, .bye:
            return actions + violate("the receiver sends what only a sender may")
        }
        return actions
    }

    private mutating func endIfDone() -> [Action] {
        guard phase == .sending, let supplied, unacknowledged.isEmpty, queue.isEmpty else { return [] }
        phase = .ending
        urgent.append(.end(tableDigest: supplied))
        return []
    }

    private mutating func send(upTo count: Int, now: Duration) -> [Action] {
        guard phase == .sending || phase == .ending else { return [] }
        var actions: [Action] = []
        while actions.count < count {
            if !urgent.isEmpty {
                actions.append(.send(urgent.removeFirst().encoded()))
            } else if let fragment = queue.next(departure: now.wrappedMicroseconds) {
                if Int(fragment.offset) + fragment.payload.count == Int(fragment.totalByteCount) { sent.insert(fragment.ordinal) }
                actions.append(.send(Datagram.data(fragment).encoded()))
            } else {
                break
            }
        }
        if !actions.isEmpty { nextHeartbeat = now + heartbeatInterval }
        return actions
    }

    /// SRT learns of a lost datagram by the next one: while an answer is awaited there has to be a next one soon.
    private var heartbeatInterval: Duration {
        let awaits = queue.isEmpty && (!unacknowledged.isEmpty || phase == .ending)
        return awaits ? max(timing.leastHeartbeatInterval, roundTrip / 2) : timing.keepaliveInterval
    }

    private mutating func tick(now: Duration) -> [Action] {
        var actions: [Action] = []
        switch silence.check(timing, now: now) {
        case .stalled: actions.append(.stalled)
        case .tooLong(let silent):
            return fail(
                .peerSilent,
                "nothing came from the receiver for \(Int(silent.seconds.rounded())) s; it may be gone, or the link is down")
        case nil: break
        }
        guard phase == .sending || phase == .ending else {
            nextHeartbeat = now + timing.keepaliveInterval
            return actions
        }
        if now >= nextHeartbeat {
            if queue.isEmpty, urgent.isEmpty {
                urgent.append(.heartbeat(Heartbeat(sequence: heartbeatCount, departureMicroseconds: now.wrappedMicroseconds)))
                heartbeatCount &+= 1
            }
            nextHeartbeat = now + heartbeatInterval
        }
        return actions
    }

    private mutating func violate(_ message: String) -> [Action] {
        phase = .over
        return [
            .send(Datagram.abort(Abort(reason: .refused, message: message)).encoded()),
            .failed(SessionError(.protocolViolation, message)),
        ]
    }

    private mutating func fail(_ code: SessionError.Code, _ message: String) -> [Action] {
        phase = .over
        return [.failed(SessionError(code, message))]
    }
}
