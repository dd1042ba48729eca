internal import Concurrency
internal import Congestion
internal import WireFormat

/// The pieces that the receiver says it holds, page by page.
struct RemoteHoldings: Sendable {
    /// True when the receiver knew the session when the connection was made.
    var isResumed = false
    /// True when the receiver has answered the hello.
    var isWelcomed = false
    /// True when all that the welcome announced of holdings has come.
    var isKnown = false
    private var answer: UInt32?
    private var pages: [UInt16: [Holdings.Run]] = [:]
    /// Pieces held, and the record's bytes, by chunk.
    private(set) var held: [UInt32: (totalByteCount: Int, pieces: [Range<UInt32>])] = [:]

    /// Takes a page; true when it completes its answer.
    mutating func take(_ page: Holdings) -> Bool {
        if let answer, page.answer < answer { return false }
        if page.answer != answer {
            answer = page.answer
            pages = [:]
        }
        pages[page.page] = page.runs
        guard pages.count == Int(page.pageCount) else { return false }
        held = [:]
        for run in pages.values.joined() {
            held[run.ordinal, default: (Int(run.totalByteCount), [])].pieces.append(run.pieces)
        }
        pages = [:]
        return true
    }

    mutating func forget() { self = RemoteHoldings() }
}

extension SenderSession {
    /// A connection stands, the first or another one.
    mutating func connect(_ roundTrip: Duration, _ nonce: [UInt8], now: Duration) -> [Action] {
        guard phase == .apart else { return [] }
        let resumes = hasSpoken || setup.mayBeKnown
        hasSpoken = true
        channel.begin(senderNonce: nonce)
        remote.forget()
        early = []
        focuses = []
        urgent = [
            .hello(
                Hello(
                    session: setup.session, goal: setup.goal, elapsedMicroseconds: UInt64(max(0, now.microseconds)),
                    roundTripMicroseconds: UInt32(clamping: roundTrip.microseconds), resumes: resumes, nonce: nonce))
        ]
        saidHello = urgent.first
        // With a secret nothing but the hello can be said before the receiver's random bytes are known.
        phase = resumes || channel.isSealed ? .greeting : .sending
        silence = SilenceWatch(now: now)
        progress = ProgressWatch(now: now)
        nextHeartbeat = now + timing.keepaliveInterval
        quietSince = nil
        transport = TransportState()
        repeatedCount = 0
        var control = setup.rate
        if case .automatic(let ceiling, let hint) = control { control = .automatic(ceiling: ceiling, hint: lastRate ?? hint) }
        rate = control.controller(roundTrip: roundTrip, now: now)
        pacer = Pacer(bitsPerSecond: rate.pacingBitsPerSecond, capacity: unsentLimit * RateControl.wireByteCount, now: now)
        announcedRate = 0
        let queued = phase == .sending ? queueAll() : []
        return queued + paceIfChanged(now: now) + endIfDone()
    }

    /// The connection is gone; what was on its way may not have come.
    mutating func part(now: Duration) {
        // A peer that takes connections and never answers is as good as none.
        apartSince = apartSince ?? now
        lastRate = rate.bitsPerSecond
        phase = .apart
        urgent = []
        queue.removeAll()
        sent = []
    }

    /// The receiver gave up. One that is restarted, or full, is tried again.
    mutating func end(by abort: Abort, now: Duration) -> [Action] {
        switch abort.reason {
        case .restarting:
            part(now: now)
            return [.reconnect]
        case .full:
            let isNews = fullSince == nil
            let since = fullSince ?? now
            fullSince = since
            guard now - since < (hasBeenTaken ? timing.resumeTimeout : timing.fullTimeout) else {
                return fail(.busy, "The receiver is full: \(abort.message)")
            }
            part(now: now)
            // Its own patience ends it: being answered, though with a refusal, the receiver is not gone.
            apartSince = since
            fullRetry = now + min(timing.fullPause * (1 << min(fullCount, 4)), .seconds(5))
            fullCount += 1
            return isNews ? [.stalled(.full)] : []
        case .undecodable:
            return fail(.undecodable, "the receiver gave up: \(abort.message)")
        case .cancelled, .refused, .failed:
            return fail(.peerAborted, "the receiver gave up: \(abort.message)")
        }
    }

    /// Takes the receiver's answer to the hello.
    mutating func greet(_ welcome: Welcome, now: Duration) -> [Action] {
        // Said again because the hello was, it says nothing new; and keys that are bound twice would count from the start again.
        guard !remote.isWelcomed else { return [] }
        channel.bind(receiverNonce: welcome.nonce)
        remote.isWelcomed = true
        hasBeenTaken = true
        (fullSince, fullCount) = (nil, 0)
        var actions: [Action] = []
        if phase == .greeting {
            remote.isResumed = welcome.standing != .fresh
            remoteManifest = welcome.hasManifest ? welcome.manifestDigest : nil
            isComplete = welcome.standing == .complete
            if let failure = checkManifest() { return failure }
            if welcome.pageCount == 0 { remote.isKnown = true }
            actions += startIfKnown()
        }
        let waiting = early
        early = []
        for bytes in waiting { actions += take(bytes, now: now) }
        return actions
    }

    mutating func take(_ page: Holdings) -> [Action] {
        guard remote.take(page) else { return [] }
        if phase == .greeting {
            remote.isKnown = true
            return startIfKnown()
        }
        // An answer to what was asked because nothing happened any more: what it does not name has to go again.
        guard phase == .sending, queue.isEmpty, transport.inFlightCount <= trailingCount else { return [] }
        quietSince = nil
        return queueAll()
    }

    private mutating func startIfKnown() -> [Action] {
        guard phase == .greeting, remote.isWelcomed, remote.isKnown else { return [] }
        phase = .sending
        let byteCount = remote.held.values.reduce(0) { sum, held in
            sum + min(held.totalByteCount, held.pieces.reduce(0) { $0 + $1.count } * Fragment.payloadLimit)
        }
        return (byteCount > 0 ? [.resumedAt(byteCount: byteCount)] : []) + queueAll() + endIfComplete() + endIfDone()
    }

    /// Asks for the receipt of a session that the receiver completed earlier. Of a lossless one the manifest says what must be in it.
    mutating func endIfComplete() -> [Action] {
        guard phase == .sending, isComplete, supplied == nil, setup.goal == .lossless, let manifestDigest,
            manifestDigest == remoteManifest
        else { return [] }
        endsByManifest = true
        supplied = manifestDigest
        return [.alreadyComplete] + endIfDone()
    }

    private mutating func queueAll() -> [Action] {
        queue.removeAll()
        var actions: [Action] = []
        for ordinal in unacknowledged.sorted() {
            guard let chunk = chunks[ordinal] else { continue }
            actions += enqueue(chunk)
            if phase == .over { break }
        }
        return actions
    }

    /// Queues what the receiver lacks of a chunk.
    mutating func enqueue(_ chunk: ChunkQueue.Chunk) -> [Action] {
        guard phase == .sending, !isComplete else { return [] }
        let held = remote.held[chunk.ordinal]
        if let held, held.totalByteCount != chunk.record.count { return otherSession() }
        // Only now, when there is a chunk of that size: runs alone could name far more pieces than there are.
        let pieces = Set((held?.pieces ?? []).joined().map(Int.init))
        if pieces.count == Fragment.count(of: chunk.record.count) {
            sent.insert(chunk.ordinal)
        } else {
            queue.add(chunk, without: pieces)
        }
        return []
    }

    /// Checks that what the receiver has was begun with this manifest.
    mutating func checkManifest() -> [Action]? {
        guard let manifestDigest, let remoteManifest, manifestDigest != remoteManifest else { return nil }
        return otherSession()
    }

    private mutating func otherSession() -> [Action] {
        violate(
            "the receiver's session '\(setup.session)' was begun with another volume, another region or other settings; choose another --session"
        )
    }
}
