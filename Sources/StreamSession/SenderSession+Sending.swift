internal import Concurrency
internal import Congestion
internal import WireFormat

extension SenderSession {
    /// The most that the transport may hold unsent: 5 ms of the rate, and no more than two datagrams where that is less, since what it
    /// holds goes first.
    var unsentLimit: Int {
        max(2, Int((rate.pacingBitsPerSecond * 0.005 / Double(8 * RateControl.wireByteCount)).rounded(.up)))
    }

    private var parityRatio: Double { setup.parityRatio ?? (rate.flight.lossShare > 0.005 ? 0.125 : 0) }

    /// Sends what may go now.
    mutating func send(_ state: TransportState, now: Duration) -> [Action] {
        transport = state
        if state.repeatedCount > repeatedCount {
            pacer.spend(byteCount: (state.repeatedCount - repeatedCount) * RateControl.wireByteCount)
            repeatedCount = state.repeatedCount
        }
        rate.note(state, now: now)
        guard phase == .greeting || phase == .sending || phase == .ending else { return [] }
        let room = min(
            unsentLimit - state.unsentCount, pacer.allowance(datagramByteCount: RateControl.wireByteCount, now: now),
            rate.burstLimit)
        let open = min(room, rate.inFlightLimit - rate.inFlightCount)
        var actions: [Action] = []
        // Messages other than data go also when as much is under way as may be: they are what gets lost datagrams repeated.
        while actions.count < (urgent.isEmpty ? open : room) {
            guard let bytes = next(now: now) else {
                if queue.isEmpty { rate.starved(now: now) }
                break
            }
            pacer.spend(byteCount: bytes.count + RateControl.overheadByteCount)
            rate.sent(byteCount: bytes.count, now: now)
            actions.append(.send(bytes))
        }
        if !actions.isEmpty { nextHeartbeat = now + heartbeatInterval }
        noteQuiet(now: now)
        return actions + noteTransport(now: now) + paceIfChanged(now: now)
    }

    /// Tells whether a datagram carries a piece of a chunk other than the manifest, sealed or not.
    package static func carriesVoxels(_ bytes: [UInt8]) -> Bool {
        // Magic, version, kind 2, and an ordinal above 0.
        bytes.count > 7 && bytes[2] == 2 && bytes[3..<7].contains { $0 != 0 }
    }

    private mutating func next(now: Duration) -> [UInt8]? {
        if !urgent.isEmpty {
            trailingCount += 1
            let bytes = channel.encode(urgent.removeFirst())
            progress.handed(byteCount: bytes.count)
            return bytes
        }
        guard phase == .sending,
            let (piece, isLast) = queue.next(departure: now.wrappedMicroseconds, parityRatio: parityRatio)
        else { return nil }
        trailingCount = 0
        let bytes: [UInt8]
        let payloadByteCount: Int
        switch piece {
        case .data(let fragment):
            if !sentPieces[fragment.ordinal, default: []].insert(fragment.offset).inserted {
                resentByteCount += fragment.payload.count
            }
            if isLast { sent.insert(fragment.ordinal) }
            (bytes, payloadByteCount) = (channel.encode(.data(fragment)), fragment.payload.count)
        case .parity(let parity):
            if isLast { sent.insert(parity.ordinal) }
            (bytes, payloadByteCount) = (channel.encode(.parity(parity)), parity.payload.count)
        }
        progress.handed(pieceOf: bytes.count, isFull: payloadByteCount == Fragment.payloadLimit)
        return bytes
    }

    mutating func paceIfChanged(now: Duration) -> [Action] {
        let wanted = rate.transportBitsPerSecond
        guard abs(wanted - announcedRate) > 0.005 * announcedRate else { return [] }
        announcedRate = wanted
        pacer.change(bitsPerSecond: rate.pacingBitsPerSecond, capacity: unsentLimit * RateControl.wireByteCount, now: now)
        return [.pace(wanted)]
    }

    /// Everything is sent, the transport is done with it, and still nothing is confirmed: something was lost above the transport.
    private mutating func noteQuiet(now: Duration) {
        let awaits = phase == .sending && !unacknowledged.isEmpty || phase == .ending
        guard awaits, queue.isEmpty, urgent.isEmpty, transport.inFlightCount <= trailingCount else {
            quietSince = nil
            return
        }
        quietSince = quietSince ?? now
    }

    /// As much is under way as may be.
    private var isHeldBack: Bool { rate.inFlightCount >= rate.inFlightLimit }

    /// SRT learns of a lost datagram by the next one: while an answer is awaited there has to be a next one soon.
    private var heartbeatInterval: Duration {
        let awaits = queue.isEmpty && (!unacknowledged.isEmpty || phase == .ending) || phase == .greeting || isHeldBack
        return awaits ? max(timing.minHeartbeatInterval, rate.estimate.roundTrip / 2) : timing.keepaliveInterval
    }

    mutating func tick(now: Duration) -> [Action] {
        if phase == .apart {
            if let retry = fullRetry, now >= retry {
                fullRetry = nil
                return [.reconnect]
            }
            guard let apartSince, now >= apartSince + timing.resumeTimeout else { return [] }
            return fail(
                .peerSilent,
                "the receiver is gone; no connection to go on with for \(Int((now - apartSince).inSeconds.rounded())) s")
        }
        var actions: [Action] = []
        silence.timeout = isAwaitedAnswer(now: now) ? timing.busyAfter : nil
        switch silence.check(timing, now: now) {
        case .stalled: actions.append(.stalled(phase == .greeting && silence.timeout != nil ? .unanswered : .silent))
        case .tooLong:
            // The connection is of no use; another one may be.
            part(now: now)
            return actions + [.reconnect]
        case nil: break
        }
        guard phase == .greeting || phase == .sending || phase == .ending else { return actions }
        actions += checkProgress(now: now)
        guard phase != .apart else { return actions }
        if now >= nextHeartbeat {
            // Before the receiver's random bytes are known only the hello itself can make a lost hello known.
            if phase == .greeting, !channel.isBound, urgent.isEmpty, let saidHello { urgent.append(saidHello) }
            if queue.isEmpty || isHeldBack, urgent.isEmpty, channel.isBound {
                let timeout = max(.milliseconds(1500), rate.estimate.roundTrip * 4)
                let asks = quietSince.map { now - $0 > timeout } ?? false
                if asks { quietSince = now }
                if asks, phase == .ending, let supplied { urgent.append(.end(tableDigest: supplied)) }
                urgent.append(
                    .heartbeat(
                        Heartbeat(
                            sequence: heartbeatCount, departureMicroseconds: now.wrappedMicroseconds, asksForHoldings: asks)))
                heartbeatCount &+= 1
            }
            nextHeartbeat = now + heartbeatInterval
        }
        return actions
    }
}
