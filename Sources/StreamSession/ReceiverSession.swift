public import WireFormat

/// The receiving end of a session: what to say next, given what has happened. It has no socket, no clock and no thread; time comes
/// in with every event, counted from the session's beginning.
public struct ReceiverSession: Sendable {
    /// What can happen.
    public enum Event: Sendable {
        /// A datagram came.
        case datagram([UInt8])
        /// A chunk has been decoded and put in its place.
        case applied(UInt32)
        /// This end cannot go on, or will not.
        case giveUp(Abort)
        /// Everything is on disk, checked.
        case stored(Receipt)
        /// Time has passed.
        case tick
        /// The connection is gone.
        case disconnected
    }

    /// What to do about it.
    public enum Action: Sendable, Equatable {
        /// Hand this datagram to the transport.
        case send([UInt8])
        /// The sender has said who it is.
        case begun(Hello)
        /// The first bytes of a chunk have come.
        case firstByte(UInt32)
        /// A chunk is whole.
        case chunk(UInt32, record: [UInt8])
        /// Every chunk is applied and the sender is done: check against the table of this digest, store, and say so.
        case store(tableDigest: Digest)
        /// Nothing has come for a while; the session goes on.
        case stalled
        /// Something has come again.
        case resumed
        /// The sender has the receipt.
        case closed
        /// The session is over, unfinished.
        case failed(SessionError)
    }

    private enum Phase: Sendable, Equatable {
        case waiting, receiving, storing, stored, over
    }

    /// The most bytes of whole chunks that wait for the hello.
    private static let heldByteLimit = 16 << 20

    private let timing: SessionTiming
    private var phase = Phase.waiting
    private var reassembler = Reassembler()
    private var seen: Set<UInt32> = []
    private var applied: [Range<UInt32>] = []
    private var unapplied: Set<UInt32> = []
    private var pendingEnd: Digest?
    private var held: [Action] = []
    private var heldByteCount = 0
    private var receivedByteCount: UInt64 = 0
    private var receivedDatagramCount: UInt64 = 0
    private var leastDelay: UInt32?
    private let begun: Duration
    private var nextReport: Duration
    private var silence: SilenceWatch

    /// Begins a session on a fresh connection.
    public init(timing: SessionTiming = SessionTiming(), now: Duration) {
        self.timing = timing
        begun = now
        nextReport = now + timing.reportInterval
        silence = SilenceWatch(now: now)
    }

    /// When time itself is the next event; nil when the session is over.
    public var nextTick: Duration? {
        switch phase {
        case .over: nil
        case .waiting: min(nextReport, begun + timing.helloLimit)
        case .receiving, .storing, .stored: min(nextReport, silence.nextCheck(timing))
        }
    }
    /// Whether the session has ended, well or not.
    public var isOver: Bool { phase == .over }

    /// Takes one event and says what to do.
    public mutating func handle(_ event: Event, now: Duration) -> [Action] {
        guard phase != .over else { return [] }
        switch event {
        case .datagram(let bytes): return take(bytes, now: now)
        case .applied(let ordinal):
            Self.insert(ordinal, into: &applied)
            unapplied.remove(ordinal)
            // When there are more ranges than a datagram holds, later ones wait until the gaps close.
            return [.send(Datagram.acknowledgement(Array(applied.prefix(Datagram.rangeLimit))).encoded())] + storeIfDone()
        case .giveUp(let abort):
            phase = .over
            let code: SessionError.Code = abort.reason == .cancelled ? .cancelled : .failed
            return [.send(Datagram.abort(abort).encoded()), .failed(SessionError(code, abort.message))]
        case .stored(let receipt):
            guard phase == .storing else { return [] }
            phase = .stored
            return [.send(Datagram.receipt(receipt).encoded())]
        case .tick: return tick(now: now)
        case .disconnected:
            let isDone = phase == .stored
            phase = .over
            // The farewell may be lost with the connection; what was promised is on disk all the same.
            return isDone ? [.closed] : [.failed(SessionError(.peerGone, "the sender is gone before it was done"))]
        }
    }

    private mutating func take(_ bytes: [UInt8], now: Duration) -> [Action] {
        var actions: [Action] = silence.heard(now: now) ? [.resumed] : []
        receivedByteCount += UInt64(bytes.count)
        receivedDatagramCount += 1
        let datagram: Datagram
        do {
            datagram = try Datagram(decoding: bytes)
        } catch {
            return actions + violate(error.message)
        }
        switch datagram {
        case .hello(let hello):
            guard phase == .waiting else { return actions + violate("the sender begins twice") }
            phase = .receiving
            silence = SilenceWatch(now: now)
            actions.append(.begun(hello))
            actions += held
            held = []
            actions += storeIfDone()
        case .data(let fragment):
            note(departure: fragment.departureMicroseconds, now: now)
            var arrived: [Action] = []
            if seen.insert(fragment.ordinal).inserted {
                unapplied.insert(fragment.ordinal)
                arrived.append(.firstByte(fragment.ordinal))
            }
            do {
                if let record = try reassembler.take(fragment) {
                    heldByteCount += phase == .waiting ? record.count : 0
                    arrived.append(.chunk(fragment.ordinal, record: record))
                }
            } catch {
                return actions + violate(error.message)
            }
            guard phase == .waiting else { return actions + arrived }
            // Datagrams overtake each other: chunks that come before their session's beginning wait for it.
            guard heldByteCount <= Self.heldByteLimit else {
                return actions + violate("more than \(Self.heldByteLimit) bytes before the hello")
            }
            held += arrived
        case .heartbeat(let heartbeat): note(departure: heartbeat.departureMicroseconds, now: now)
        case .end(let digest):
            // Datagrams may overtake each other: the end waits for what is still on its way or being decoded.
            pendingEnd = digest
            actions += storeIfDone()
        case .bye:
            guard phase == .stored else { return actions + violate("the sender leaves before it has a receipt") }
            phase = .over
            actions.append(.closed)
        case .abort(let abort):
            // What was promised is on disk, whatever the sender says after it.
            actions.append(
                phase == .stored ? .closed : .failed(SessionError(.peerAborted, "the sender gave up: \(abort.message)")))
            phase = .over
        case .report, .acknowledgement, .receipt:
            return actions + violate("the sender sends what only a receiver may")
        }
        return actions
    }

    private mutating func storeIfDone() -> [Action] {
        guard phase == .receiving, let pendingEnd, unapplied.isEmpty else { return [] }
        phase = .storing
        return [.store(tableDigest: pendingEnd)]
    }

    private mutating func note(departure: UInt32, now: Duration) {
        let delay = now.wrappedMicroseconds &- departure
        // The clocks' offset is unknown, so only differences between delays mean anything: nearest below wins, modulo 2^32.
        if let least = leastDelay, Int32(bitPattern: delay &- least) >= 0 { return }
        leastDelay = delay
    }

    private mutating func tick(now: Duration) -> [Action] {
        var actions: [Action] = []
        // A connection without a session must not hold a place; and before one there is nobody to miss.
        if phase == .waiting {
            guard now < begun + timing.helloLimit else {
                phase = .over
                return [.failed(SessionError(.peerSilent, "a connection came, but no sender said who it is"))]
            }
            return report(now: now)
        }
        switch silence.check(timing, now: now) {
        case .stalled: actions.append(.stalled)
        case .tooLong(let silent):
            let isDone = phase == .stored
            phase = .over
            if isDone { return [.closed] }
            return [
                .failed(
                    SessionError(
                        .peerSilent,
                        "nothing came from the sender for \(Int(silent.seconds.rounded())) s; it may be gone, or the link is down"))
            ]
        case nil: break
        }
        return actions + report(now: now)
    }

    private mutating func report(now: Duration) -> [Action] {
        guard now >= nextReport else { return [] }
        let report = Report(
            receivedByteCount: receivedByteCount, receivedDatagramCount: receivedDatagramCount,
            receiverMicroseconds: UInt64(max(0, now.microseconds)), leastDelayMicroseconds: leastDelay ?? 0)
        leastDelay = nil
        // After a late tick one report is enough.
        nextReport += timing.reportInterval
        if nextReport <= now { nextReport = now + timing.reportInterval }
        return [.send(Datagram.report(report).encoded())]
    }

    private mutating func violate(_ message: String) -> [Action] {
        phase = .over
        return [
            .send(Datagram.abort(Abort(reason: .refused, message: message)).encoded()),
            .failed(SessionError(.protocolViolation, message)),
        ]
    }

    /// Adds a number to ascending ranges that do not touch.
    private static func insert(_ ordinal: UInt32, into ranges: inout [Range<UInt32>]) {
        let next = ranges.firstIndex { $0.upperBound >= ordinal } ?? ranges.endIndex
        guard next < ranges.endIndex, ranges[next].lowerBound <= ordinal + 1 else {
            ranges.insert(ordinal..<ordinal + 1, at: next)
            return
        }
        ranges[next] = min(ranges[next].lowerBound, ordinal)..<max(ranges[next].upperBound, ordinal + 1)
        if next + 1 < ranges.endIndex, ranges[next + 1].lowerBound == ranges[next].upperBound {
            ranges[next] = ranges[next].lowerBound..<ranges.remove(at: next + 1).upperBound
        }
    }
}
