internal import Concurrency
internal import Congestion
package import Bytes
internal import Faults
package import Secrecy
package import WireFormat

/// The receiving end of one connection of a session: what to say next, given what has happened. It has no socket, no clock and no thread; time
/// comes in with every event, counted from the connection's beginning.
package struct ReceiverSession: Sendable {
    /// An event that can happen to the session.
    package enum Event: Sendable {
        /// A datagram came.
        case datagram([UInt8])
        /// The pieces on disk of the session that was begun, if any; whole chunks among them are to be applied like those that come.
        /// `nonce` is fresh random bytes, ``Hello/nonceByteCount`` of them.
        case opened(Reassembler, nonce: [UInt8])
        /// The session that was begun is complete on disk, and this is its receipt; the digest is that of the manifest's record, where it is known.
        case openedComplete(Receipt, manifestDigest: Digest? = nil, nonce: [UInt8])
        /// A chunk has been decoded and put in its place, and its bytes are on disk.
        case applied(UInt32)
        /// A chunk turned out wrong: it has to come again.
        case dropped(UInt32)
        /// Somebody wants to see a box next.
        case focus(Focus)
        /// This end cannot go on, or will not.
        case giveUp(Abort)
        /// Everything is on disk, checked.
        case stored(Receipt)
        /// Time has passed.
        case tick
        /// The connection is gone.
        case disconnected
    }

    /// An action to take in answer to an event.
    package enum Action: Sendable, Equatable {
        /// Hand this datagram to the transport.
        case send([UInt8])
        /// The sender has said who it is: find what there is of its session.
        case begun(Hello)
        /// The first bytes of a chunk have come.
        case firstByte(UInt32)
        /// Put this piece on disk.
        case keep(Fragment)
        /// A chunk is whole.
        case chunk(UInt32, record: [UInt8])
        /// Every chunk is applied and the sender is done: check against the table of this digest, store, and say so.
        case store(tableDigest: Digest)
        /// Nothing has come for a while; the session goes on.
        case stalled
        /// Something has come again.
        case resumed
        /// Datagrams come that are altered, replayed or not the sender's; said once.
        case altered
        /// The sender has the receipt.
        case closed
        /// The connection is over, and the session unfinished.
        case failed(SessionError)
    }

    private enum Phase: Sendable, Equatable {
        /// No hello yet.
        case waiting
        /// The phase in which what is on disk is being found.
        case opening
        case receiving, storing, stored, over
    }

    /// The most bytes that wait until what is on disk is found.
    private static let heldByteLimit = 64 << 20

    private let timing: SessionTiming
    private var phase = Phase.waiting
    private var channel: Channel
    private var reassembler = Reassembler()
    private var seen: Set<UInt32> = []
    private var applied: [Range<UInt32>] = []
    private var unapplied: Set<UInt32> = []
    private var pendingEnd: Digest?
    private var receipt: Receipt?
    /// The manifest of a session that was complete before this connection.
    private var completeManifest: Digest?
    private var held: [Datagram] = []
    /// The hello that a sealed session began with: its sender may say it again until it is welcomed.
    private var begunHello: Hello?
    private var lastWelcome: Welcome?
    private var heldByteCount = 0
    private var saidAltered = false
    private var observer: ArrivalObserver
    private var answerCount: UInt32 = 0
    private var nextAnswer: Duration = .zero
    private let begun: Duration
    private var silence: SilenceWatch

    /// Begins on a fresh connection.
    /// - Parameter secret: what both ends share; nil takes datagrams without a seal.
    package init(secret: Secret? = nil, timing: SessionTiming = SessionTiming(), now: Duration) {
        self.timing = timing
        channel = Channel(secret: secret, role: .receiver)
        begun = now
        observer = ArrivalObserver(timing: timing, now: now)
        silence = SilenceWatch(now: now)
    }

    /// When time itself is the next event; nil when the session is over.
    package var nextTick: Duration? {
        switch phase {
        case .over: nil
        case .waiting: begun + timing.helloLimit
        case .opening: silence.nextCheck(timing)
        case .receiving, .storing, .stored: min(observer.nextReport, silence.nextCheck(timing))
        }
    }
    /// True when the session has ended, well or not.
    package var isOver: Bool { phase == .over }
    /// Bytes of datagrams that have come.
    package var receivedByteCount: UInt64 { observer.receivedByteCount }

    /// Takes one event and says what to do.
    package mutating func handle(_ event: Event, now: Duration) -> [Action] {
        guard phase != .over else { return [] }
        switch event {
        case .datagram(let bytes): return take(bytes, now: now)
        case .opened(let reassembler, let nonce): return open(reassembler, nonce, now: now)
        case .openedComplete(let receipt, let manifestDigest, let nonce):
            guard phase == .opening else { return [] }
            self.receipt = receipt
            completeManifest = manifestDigest
            phase = .receiving
            return welcome(.complete, nonce, pages: []) + replayHeld(now: now)
        case .applied(let ordinal):
            Self.insert(ordinal, into: &applied)
            unapplied.remove(ordinal)
            // When there are more ranges than a datagram holds, later ones wait until the gaps close.
            return [send(.acknowledgement(Array(applied.prefix(Datagram.rangeLimit))))] + storeIfDone()
        case .dropped(let ordinal):
            reassembler.drop(ordinal)
            return []
        case .focus(let focus):
            // Complete or not begun, there is nothing to put first.
            return phase == .receiving && receipt == nil && pendingEnd == nil ? [send(.focus(focus))] : []
        case .giveUp(let abort):
            let farewell = send(.abort(abort))
            phase = .over
            let code: SessionError.Code = [.cancelled, .restarting].contains(abort.reason) ? .cancelled : .failed
            return [farewell, .failed(SessionError(code, abort.message))]
        case .stored(let receipt):
            guard phase == .storing else { return [] }
            phase = .stored
            self.receipt = receipt
            return [send(.receipt(receipt))]
        case .tick: return tick(now: now)
        case .disconnected:
            let isDone = phase == .stored
            phase = .over
            // The farewell may be lost with the connection; what was promised is on disk all the same.
            return isDone ? [.closed] : [.failed(SessionError(.peerGone, "the sender is gone before it was done"))]
        }
    }

    private mutating func send(_ datagram: Datagram) -> Action { .send(channel.encode(datagram)) }

    private mutating func take(_ bytes: [UInt8], now: Duration) -> [Action] {
        let datagram: Datagram?
        do {
            datagram = try channel.decode(bytes)
        } catch {
            return violate(error.message)
        }
        guard let datagram else {
            // A stranger's connection is not worth an answer, and a line of a log only once.
            if saidAltered { return [] }
            saidAltered = true
            return [.altered]
        }
        var actions: [Action] = silence.heard(now: now) ? [.resumed] : []
        observer.note(byteCount: bytes.count, departure: datagram.departure, now: now)
        if case .hello(let hello) = datagram {
            if phase != .waiting, hello == begunHello {
                // A sender that waits for its welcome says so again.
                return actions + (lastWelcome.map { [send(.welcome($0))] } ?? [])
            }
            guard phase == .waiting else { return actions + violate("the sender begins twice") }
            begunHello = channel.isSealed ? hello : nil
            phase = .opening
            silence = SilenceWatch(now: now)
            return actions + [.begun(hello)]
        }
        guard phase != .waiting, phase != .opening else {
            heldByteCount += bytes.count
            guard heldByteCount <= Self.heldByteLimit else {
                return actions + violate("more than \(Self.heldByteLimit) bytes before the hello")
            }
            held.append(datagram)
            return actions
        }
        actions += take(datagram, now: now)
        return actions + report(now: now)
    }

    private mutating func take(_ datagram: Datagram, now: Duration) -> [Action] {
        do throws(SessionError) {
            switch datagram {
            case .data(let fragment):
                let first = noteFirst(fragment.ordinal)
                return first + (try take(fragment)) + storeIfDone()
            case .parity(let parity):
                let first = noteFirst(parity.ordinal)
                var made: [Action] = []
                for fragment in try reassembler.take(parity) { made += try take(fragment) }
                return first + made + storeIfDone()
            case .heartbeat(let heartbeat):
                guard heartbeat.asksForHoldings, now >= nextAnswer else { return [] }
                nextAnswer = now + .milliseconds(500)
                var answer = pages().map { send(.holdings($0)) }
                answer.append(send(.acknowledgement(Array(applied.prefix(Datagram.rangeLimit)))))
                if phase == .stored, let receipt { answer.append(send(.receipt(receipt))) }
                return answer
            case .end(let digest):
                // Datagrams may overtake each other: the end waits for what is still on its way or being decoded.
                pendingEnd = digest
                if let receipt, phase == .receiving {
                    // A sender that has coded nothing knows no table, but which manifest it is.
                    guard receipt.tableDigest == digest || completeManifest == digest else {
                        return violate("the session is complete here, and its table is another one")
                    }
                    phase = .stored
                    return [send(.receipt(receipt))]
                }
                return storeIfDone()
            case .bye:
                guard phase == .stored else { return violate("the sender leaves before it has a receipt") }
                phase = .over
                return [.closed]
            case .abort(let abort):
                // What was promised is on disk, whatever the sender says after it.
                defer { phase = .over }
                // Of a session that was complete before there is nothing that does not decode.
                let code: SessionError.Code = abort.reason == .undecodable && receipt == nil ? .undecodable : .peerAborted
                return [phase == .stored ? .closed : .failed(SessionError(code, "the sender gave up: \(abort.message)"))]
            case .hello: return violate("the sender begins twice")
            case .report, .acknowledgement, .receipt, .welcome, .holdings, .focus:
                return violate("the sender sends what only a receiver may")
            }
        } catch {
            return violate(error.message)
        }
    }

    private mutating func noteFirst(_ ordinal: UInt32) -> [Action] {
        guard seen.insert(ordinal).inserted else { return [] }
        if !applied.contains(where: { $0.contains(ordinal) }) { unapplied.insert(ordinal) }
        return [.firstByte(ordinal)]
    }

    private mutating func take(_ fragment: Fragment) throws(SessionError) -> [Action] {
        let (isNew, record) = try reassembler.take(fragment)
        guard isNew, receipt == nil else { return [] }
        var actions: [Action] = [.keep(fragment)]
        if let record {
            actions.append(.chunk(fragment.ordinal, record: record))
        } else {
            for made in reassembler.recovered(after: fragment) { actions += try take(made) }
        }
        return actions
    }

    private mutating func storeIfDone() -> [Action] {
        guard phase == .receiving, receipt == nil, let pendingEnd, unapplied.isEmpty else { return [] }
        phase = .storing
        return [.store(tableDigest: pendingEnd)]
    }

    private mutating func tick(now: Duration) -> [Action] {
        var actions: [Action] = []
        // A connection without a session must not hold a place; and before one there is nobody to miss.
        if phase == .waiting {
            guard now < begun + timing.helloLimit else {
                phase = .over
                return [.failed(SessionError(.peerSilent, "a connection came, but no sender said who it is"))]
            }
            return []
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
                        "nothing came from the sender for \(Int(silent.inSeconds.rounded())) s; it may be gone, or the link is down"
                    ))
            ]
        case nil: break
        }
        return actions + report(now: now)
    }

    private mutating func report(now: Duration) -> [Action] {
        guard phase != .opening, phase != .over, let report = observer.report(now: now) else { return [] }
        return [send(.report(report))]
    }

    private mutating func violate(_ message: String) -> [Action] {
        let farewell = send(.abort(Abort(reason: .refused, message: message)))
        phase = .over
        return [farewell, .failed(SessionError(.protocolViolation, message))]
    }
}

extension ReceiverSession {
    /// Takes what was on disk, which is known now, and tells the sender. Whole chunks among it are the caller's to apply.
    private mutating func open(_ found: Reassembler, _ nonce: [UInt8], now: Duration) -> [Action] {
        guard phase == .opening else { return [] }
        phase = .receiving
        reassembler = found
        for run in found.holdings() { seen.insert(run.ordinal) }
        unapplied = seen
        return welcome(found.isEmpty ? .fresh : .begun, nonce, pages: found.isEmpty ? [] : pages()) + replayHeld(now: now)
    }

    private mutating func welcome(_ standing: Welcome.Standing, _ nonce: [UInt8], pages: [Holdings]) -> [Action] {
        let welcome = Welcome(
            standing: standing, nonce: nonce, manifestDigest: completeManifest ?? reassembler.manifestDigest,
            pageCount: UInt32(pages.count))
        let bytes = channel.encode(.welcome(welcome))
        lastWelcome = welcome
        channel.bind(receiverNonce: welcome.nonce)
        return [.send(bytes)] + pages.map { send(.holdings($0)) }
    }

    private mutating func replayHeld(now: Duration) -> [Action] {
        let waiting = held
        held = []
        heldByteCount = 0
        var actions: [Action] = []
        for datagram in waiting where phase != .over { actions += take(datagram, now: now) }
        return actions
    }

    /// Everything held. What does not fit counts as not held, and is sent again.
    private mutating func pages() -> [Holdings] {
        let runs = reassembler.holdings().prefix(Holdings.runLimit * WireLimits.holdingsPageCount)
        let answer = answerCount
        answerCount += 1
        let count = max(1, (runs.count + Holdings.runLimit - 1) / Holdings.runLimit)
        return (0..<count).map { page in
            let first = runs.startIndex + page * Holdings.runLimit
            return Holdings(
                answer: answer, page: UInt16(page), pageCount: UInt16(count),
                runs: Array(runs[first..<min(runs.endIndex, first + Holdings.runLimit)]))
        }
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
