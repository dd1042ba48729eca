internal import Congestion
internal import WireFormat

extension SenderSession {
    /// Why nothing new is confirmed, as far as this end can tell.
    package enum Stall: String, Sendable {
        /// Nothing comes from the receiver.
        case silent
        /// The receiver's transport answers, the receiver has not yet: it may be reading what it has of the session.
        case unanswered
        /// The receiver answers, and nothing of what is sent comes there.
        case nothingArrives = "nothing_arrives"
        /// Small messages come there, and pieces of chunks, which fill their datagrams, do not.
        case onlySmallArrives = "only_small_arrives"
        /// Everything sent has come, and none of it is confirmed: the receiver decodes, or waits for its disk.
        case unconfirmed
        /// The receiver has no room for another session.
        case full

        /// For a person.
        /// - Parameter datagramByteCount: what the transport profile has.
        package func message(datagramByteCount: Int) -> String {
            switch self {
            case .silent: "nothing comes from the receiver; the link may be down. Waiting"
            case .unanswered:
                "the receiver is there and has not answered yet; it may be reading what it has of the session. Waiting"
            case .nothingArrives:
                "the receiver answers, but nothing that is sent arrives there: the link may be down in that direction, or drop full-size datagrams; for those, try a transport profile with \(Self.advice(datagramByteCount)). Waiting"
            case .onlySmallArrives:
                "small datagrams reach the receiver and those of \(datagramByteCount) bytes do not: this path may drop them. Try a transport profile with \(Self.advice(datagramByteCount))"
            case .full: "the receiver is full; it is tried again until it has room. Waiting"
            case .unconfirmed:
                "everything sent has come, but the receiver confirms nothing; it may be busy decoding, or its disk slow. Waiting"
            }
        }

        private static func advice(_ datagramByteCount: Int) -> String {
            datagramByteCount > safeDatagramByteCount ? "datagram_bytes: \(safeDatagramByteCount)" : "fewer datagram_bytes"
        }
    }

    /// The bytes of a datagram that pass nearly every path: with IPv6's, UDP's and SRT's headers below the least MTU of IPv6 (1280, RFC 8200), and what
    /// QUIC begins with (RFC 9000, 14.1).
    package static let safeDatagramByteCount = 1200

    /// Something came from the receiver.
    mutating func heard(now: Duration) -> [Action] {
        guard silence.heard(now: now) else { return [] }
        // What was on its way during the silence has to be given time to come.
        progress.begin(now: now)
        return [.resumed]
    }

    /// Tells whether a hello has reached the receiver's transport of late, and only the receiver's answer is missing.
    func isAwaitedAnswer(now: Duration) -> Bool {
        phase == .greeting && progress.transportConfirmed.map { now - $0 < timing.stalledAfter } ?? false
    }

    /// The receiver says how many bytes have come.
    mutating func note(_ report: Report, now: Duration) -> [Action] {
        hasFullSizeArrived = hasFullSizeArrived || progress.holdsFullSize(receivedByteCount: report.receivedByteCount)
        return progress.count(receivedByteCount: report.receivedByteCount, now: now) ? noteProgress(now: now) : []
    }

    /// Something that was sent has come.
    mutating func noteProgress(now: Duration, expecting next: ProgressWatch.Expectation? = nil) -> [Action] {
        let wasStalled = progress.isStalled
        progress.begin(now: now)
        progress.expectation = next ?? progress.expectation
        return wasStalled && !silence.isStalled ? [.resumed] : []
    }

    /// Notes how the transport stands: where nothing is on its way and nothing is awaited, nothing can be confirmed.
    mutating func noteTransport(now: Duration) -> [Action] {
        progress.note(inFlightCount: transport.inFlightCount, now: now)
        let arePiecesUnderWay = phase == .sending && transport.inFlightCount > trailingCount
        let awaits = queue.isEmpty && (phase == .sending && !unacknowledged.isEmpty || phase == .ending)
        let next: ProgressWatch.Expectation = arePiecesUnderWay ? .arrival : awaits ? .confirmation : .nothing
        // That everything has come, or that something has to be sent again, is news too.
        return next == progress.expectation ? [] : noteProgress(now: now, expecting: next)
    }

    /// Tells of a stall while the receiver is heard; when it is not, that is what is told.
    mutating func checkProgress(now: Duration) -> [Action] {
        guard silence.duration(now: now) < timing.stalledAfter / 2, let stall = progress.check(timing, now: now) else { return [] }
        guard isOfSize(stall), let current = datagramByteCount, current > Self.safeDatagramByteCount else {
            return [.stalled(stall)]
        }
        datagramByteCount = Self.safeDatagramByteCount
        // The size belongs to a connection.
        part(now: now)
        return [.narrow(to: Self.safeDatagramByteCount), .reconnect]
    }

    /// Tells whether the size of datagrams may be to blame. A direction in which nothing passes any more, where full-size ones did, is down.
    private func isOfSize(_ stall: Stall) -> Bool {
        stall == .onlySmallArrives || stall == .nothingArrives && !hasFullSizeArrived
    }
}

/// Notices when nothing of what is sent is confirmed, though the peer is heard.
struct ProgressWatch: Sendable {
    enum Expectation: Sendable {
        /// Nothing is sent that is not confirmed: nothing to send, or the coder has nothing ready.
        case nothing
        /// Pieces are on their way.
        case arrival
        /// Everything has come, and is to be decoded and written.
        case confirmation
    }

    private var since: Duration
    /// The event that has to happen next.
    var expectation = Expectation.nothing
    private(set) var isStalled = false
    /// Bytes of messages that were handed to the transport and are no pieces: heartbeats come through where pieces do not.
    private var otherByteCount: UInt64 = 0
    /// Bytes of pieces that do not fill their datagram: how long the longest is that a path lets through, nobody knows.
    private var shortPieceByteCount: UInt64 = 0
    private var handedCount = 0
    private var maxPieceByteCount: UInt64 = 0
    private var lastReceivedByteCount: UInt64 = 0
    /// When the peer last counted more than before, of whatever kind.
    private var lastGrowth: Duration
    private var maxConfirmedCount = 0
    /// When the peer's transport last confirmed anything.
    private(set) var transportConfirmed: Duration?

    init(now: Duration) {
        since = now
        lastGrowth = now
    }

    /// A message that is no piece goes to the transport.
    mutating func handed(byteCount: Int) {
        handedCount += 1
        otherByteCount += UInt64(byteCount)
    }

    /// A piece goes to the transport.
    mutating func handed(pieceOf byteCount: Int, isFull: Bool) {
        handedCount += 1
        if !isFull { shortPieceByteCount += UInt64(byteCount) }
    }

    /// Tells whether among the bytes that have come there must be some of a full piece.
    func holdsFullSize(receivedByteCount: UInt64) -> Bool { receivedByteCount > otherByteCount + shortPieceByteCount }

    /// Takes the number of messages handed over that the transport has not confirmed.
    mutating func note(inFlightCount: Int, now: Duration) {
        guard handedCount - inFlightCount > maxConfirmedCount else { return }
        maxConfirmedCount = handedCount - inFlightCount
        transportConfirmed = now
    }

    /// Takes the number of bytes that the peer has received on this connection; true when more of them than before must be pieces.
    mutating func count(receivedByteCount: UInt64, now: Duration) -> Bool {
        if receivedByteCount > lastReceivedByteCount {
            lastReceivedByteCount = receivedByteCount
            lastGrowth = now
        }
        guard receivedByteCount > otherByteCount, receivedByteCount - otherByteCount > maxPieceByteCount else { return false }
        maxPieceByteCount = receivedByteCount - otherByteCount
        return true
    }

    /// Waiting starts afresh.
    mutating func begin(now: Duration) {
        since = now
        isStalled = false
    }

    mutating func check(_ timing: SessionTiming, now: Duration) -> SenderSession.Stall? {
        let timeout: Duration
        let stall: SenderSession.Stall
        switch expectation {
        case .nothing: return nil
        case .arrival:
            timeout = timing.stalledAfter
            stall = now - lastGrowth < timing.stalledAfter / 2 ? .onlySmallArrives : .nothingArrives
        case .confirmation: (timeout, stall) = (timing.busyAfter, .unconfirmed)
        }
        guard !isStalled, now - since >= timeout else { return nil }
        isStalled = true
        return stall
    }
}
