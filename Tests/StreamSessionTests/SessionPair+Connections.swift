import Congestion
import NetSim
import StreamSession
import Testing
import WireFormat

/// The pieces that are handed to a transport, over all connections and lives of both ends.
struct Traffic: Sendable {
    private struct Place: Hashable, Sendable {
        let ordinal: UInt32
        let offset: UInt32
    }
    private var sent: [Place: Int] = [:]
    private var kept: Set<Place> = []
    /// Bytes of all pieces, each time they were handed over.
    private(set) var sentByteCount = 0
    /// Bytes of pieces that had been handed over before.
    private(set) var twiceByteCount = 0
    /// Bytes of pieces that were handed over although they were on disk.
    private(set) var keptAndSentByteCount = 0
    /// Bytes that were handed over and not on disk when a connection went, over all of them.
    private(set) var inFlightByteCount = 0

    mutating func send(_ fragment: Fragment) {
        let place = Place(ordinal: fragment.ordinal, offset: fragment.offset)
        sentByteCount += fragment.payload.count
        if sent.updateValue(fragment.payload.count, forKey: place) != nil { twiceByteCount += fragment.payload.count }
        if kept.contains(place) { keptAndSentByteCount += fragment.payload.count }
    }

    mutating func keep(_ fragment: Fragment) { kept.insert(Place(ordinal: fragment.ordinal, offset: fragment.offset)) }

    mutating func drop(_ ordinal: UInt32) { kept = kept.filter { $0.ordinal != ordinal } }

    mutating func lose() { inFlightByteCount += sent.reduce(0) { kept.contains($1.key) ? $0 : $0 + $1.value } }
}

extension SessionPair.Setup {
    func sender(mayBeKnown: Bool) throws -> SenderSession.Setup {
        var begun = SenderSession.Setup(
            session: try Name("pair"), goal: .lossless,
            rate: rateShare.map { .fixed(link.up.rateBitsPerSecond * $0) } ?? .automatic(ceiling: ceiling))
        begun.timing = timing
        begun.secret = senderSecret ?? secret
        begun.parityRatio = parityRatio
        begun.mayBeKnown = mayBeKnown
        return begun
    }

    /// Its losses are its own.
    func freshLink(_ number: Int) throws -> SimulatedPair {
        try SimulatedPair(
            link: link, seed: seed &+ UInt64(number) &* 1_000_003,
            maximumBitsPerSecond: link.up.rateBitsPerSecond * (rateShare ?? 0.97))
    }
}

/// Connections that come and go, and ends that begin anew.
extension SessionPair {
    /// Random bytes of a connection's end: others with every connection, and always the same.
    private func nonce(_ end: UInt8) -> [UInt8] {
        [end, UInt8(truncatingIfNeeded: connectionCount)] + [UInt8](repeating: end, count: Hello.nonceByteCount - 2)
    }

    mutating func planChunks(from start: Duration) {
        for chunk in setup.chunks { plan(start + chunk.readyAt, .chunk(chunk)) }
        plan(start + (setup.chunks.map(\.readyAt).max() ?? .zero), .supplied)
    }

    mutating func connect() {
        guard !isConnected, !sender.isOver else { return }
        if connectionCount > 0 || receiver.isOver {
            if !receiver.isOver { tell(receiver: .disconnected) }
            receiver = ReceiverSession(secret: setup.secret, timing: setup.timing, now: now)
        }
        connectionCount += 1
        isConnected = true
        tell(sender: .connected(roundTrip: link.roundTrip, nonce: nonce(1)))
    }

    /// The receiver's end has looked for what it has of the session.
    mutating func open() {
        if let stored {
            tell(receiver: .openedComplete(stored, nonce: nonce(2)))
            return
        }
        tell(receiver: .opened(disk, nonce: nonce(2)))
        guard let delay = setup.decodeDelay else { return }
        for ordinal in whole.sorted() { plan(now + delay, .applied(connectionCount, ordinal)) }
    }

    /// Loses all datagrams on their way; nothing comes any more.
    mutating func part() {
        guard isConnected else { return }
        isConnected = false
        traffic.lose()
        do { link = try setup.freshLink(connectionCount) } catch { Issue.record("\(error)") }
        for heading in cut { link.setOutage(true, direction: heading) }
    }

    /// The connection goes, and both ends notice.
    mutating func loseConnection() {
        guard isConnected else { return }
        part()
        tell(receiver: .disconnected)
        tell(sender: .disconnected)
    }

    /// The sending program ends without a word, and is begun again after a while: it makes all chunks anew.
    mutating func restartSender(after delay: Duration) {
        guard !sender.isOver else { return }
        part()
        tell(receiver: .disconnected)
        do { sender = SenderSession(try setup.sender(mayBeKnown: true), now: now) } catch { Issue.record("\(error)") }
        lifeStart = log.count
        agenda.removeAll {
            switch $0.job {
            case .connect, .supplied, .chunk: true
            default: false
            }
        }
        plan(now + delay, .connect)
        planChunks(from: now + delay)
    }
}
