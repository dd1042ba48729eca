import NetSim
import StreamSession
import Testing
import WireFormat

/// One sender and one receiver joined by a simulated link, in virtual time: after quinn-proto's `Pair`.
///
/// The pair plays what stands around the sessions: the transport's room, a coder that hands chunks over when they are ready, a
/// decoder and a disk that take their time. Whatever both ends are told to do goes into ``log``.
struct SessionPair {
    /// A chunk and when the coder has it ready.
    struct Chunk: Sendable {
        var ordinal: UInt32
        var rank: UInt64
        var record: [UInt8]
        var readyAt: Duration = .zero
    }

    /// What the pair is made of.
    struct Setup: Sendable {
        var link: LinkParameters
        var seed: UInt64 = 1
        var chunks: [Chunk]
        var timing = SessionTiming()
        var connectedAt: Duration = .zero
        /// From a whole chunk to its being applied; nil when that never happens.
        var decodeDelay: Duration? = .milliseconds(20)
        /// From the word to store to its being done; nil when that never happens.
        var storeDelay: Duration? = .milliseconds(50)
        /// The transport's rate over the link's.
        var rateShare = 0.97
    }

    /// What becomes of a datagram that a session sends.
    enum Fate: Sendable { case carried, lostOnLink, neverSent }

    enum What: Equatable, Sendable {
        case sender(SenderSession.Action)
        case receiver(ReceiverSession.Action)
        case applied(UInt32)
    }

    struct Entry: Equatable, Sendable {
        let time: Duration
        let what: What
    }

    private enum Job {
        case connect, supplied, applied(UInt32), stored(Digest)
        case chunk(Chunk)
        case script((inout SessionPair) -> Void)
    }

    let setup: Setup
    let tableDigest = Digest(of: Array("table".utf8))
    /// What the receiver says it has in the end.
    var receipt: Receipt { Receipt(tableDigest: tableDigest, volumes: [Receipt.Volume(state: .lossless, digest: Digest(of: [7]))]) }
    private(set) var sender: SenderSession
    private(set) var receiver: ReceiverSession
    private(set) var link: SimulatedPair
    private(set) var now = Duration.zero
    private(set) var log: [Entry] = []
    /// When each end last heard from the other.
    private(set) var lastHeard: [Endpoint: Duration] = [:]
    /// Decides over every datagram at the moment its session sends it.
    var fate: (Endpoint, Datagram) -> Fate = { _, _ in .carried }
    private var agenda: [(time: Duration, job: Job)] = []
    private var stepCount = 0

    /// Far above what any test needs: a session that asks for ticks without end is stopped here.
    private static let stepLimit = 4_000_000

    init(_ setup: Setup) throws {
        self.setup = setup
        sender = SenderSession(session: try Name("pair"), goal: .lossless, timing: setup.timing, now: .zero)
        receiver = ReceiverSession(timing: setup.timing, now: .zero)
        link = try SimulatedPair(
            link: setup.link, seed: setup.seed, maximumBitsPerSecond: setup.link.up.rateBitsPerSecond * setup.rateShare)
        plan(setup.connectedAt, .connect)
        for chunk in setup.chunks { plan(chunk.readyAt, .chunk(chunk)) }
        plan(setup.chunks.map(\.readyAt).max() ?? .zero, .supplied)
    }

    var isOver: Bool { sender.isOver && receiver.isOver }

    /// What the transport may hold unsent: 5 ms of its rate, and at least two datagrams.
    var unsentLimit: Int { max(2, Int((setup.link.up.rateBitsPerSecond * setup.rateShare * 0.005 / 8 / 1500).rounded(.up))) }

    /// Does something at a time.
    mutating func at(_ time: Duration, _ body: @escaping (inout SessionPair) -> Void) { plan(time, .script(body)) }

    mutating func setOutage(_ on: Bool, _ headings: [Heading] = Heading.allCases) {
        for heading in headings { link.setOutage(on, direction: heading) }
    }

    private mutating func plan(_ time: Duration, _ job: Job) {
        // After everything planned for the same time, so that the order is the order of planning.
        let index = agenda.firstIndex { $0.time > time } ?? agenda.endIndex
        agenda.insert((time, job), at: index)
    }

    /// Runs until both ends are over, `limit` is reached, or `condition` holds.
    mutating func run(until limit: Duration = .seconds(600), or condition: (SessionPair) -> Bool = { _ in false }) {
        while !isOver, !condition(self) {
            guard let next = nextTime, next <= limit else {
                now = max(now, limit)
                return
            }
            stepCount += 1
            guard stepCount < Self.stepLimit else {
                Issue.record("the sessions ask for time without end at \(now)")
                return
            }
            now = max(now, next)
            step()
        }
    }

    private var nextTime: Duration? {
        [link.nextEventTime, sender.nextTick, receiver.nextTick, agenda.first?.time].compactMap { $0 }.min()
    }

    private mutating func step() {
        for delivery in link.advance(to: now) {
            lastHeard[delivery.endpoint] = delivery.time
            if delivery.endpoint == .server {
                tell(receiver: .datagram(delivery.payload))
            } else {
                tell(sender: .datagram(delivery.payload))
            }
        }
        while let first = agenda.first, first.time <= now {
            agenda.removeFirst()
            perform(first.job)
        }
        if let tick = sender.nextTick, tick <= now { tell(sender: .tick) }
        if let tick = receiver.nextTick, tick <= now { tell(receiver: .tick) }
        let room = unsentLimit - link.unsentDatagramCount(at: .client)
        if sender.hasQueued, room > 0 { tell(sender: .room(room)) }
    }

    private mutating func perform(_ job: Job) {
        switch job {
        case .connect: tell(sender: .connected(roundTrip: link.roundTrip))
        case .supplied: tell(sender: .supplied(tableDigest: tableDigest))
        case .chunk(let chunk): tell(sender: .chunk(ordinal: chunk.ordinal, rank: chunk.rank, record: chunk.record))
        case .applied(let ordinal):
            log.append(Entry(time: now, what: .applied(ordinal)))
            tell(receiver: .applied(ordinal))
        case .stored(let digest): tell(receiver: .stored(Receipt(tableDigest: digest, volumes: receipt.volumes)))
        case .script(let body): body(&self)
        }
    }

    /// Hands the sender an event and does what it says.
    mutating func tell(sender event: SenderSession.Event) {
        for action in sender.handle(event, now: now) {
            log.append(Entry(time: now, what: .sender(action)))
            if case .send(let bytes) = action { carry(bytes, from: .client) }
        }
    }

    /// Hands the receiver an event and does what it says.
    mutating func tell(receiver event: ReceiverSession.Event) {
        for action in receiver.handle(event, now: now) {
            log.append(Entry(time: now, what: .receiver(action)))
            switch action {
            case .send(let bytes): carry(bytes, from: .server)
            case .chunk(let ordinal, _):
                if let delay = setup.decodeDelay { plan(now + delay, .applied(ordinal)) }
            case .store(let digest):
                if let delay = setup.storeDelay { plan(now + delay, .stored(digest)) }
            default: break
            }
        }
    }

    private mutating func carry(_ bytes: [UInt8], from endpoint: Endpoint) {
        guard let datagram = try? Datagram(decoding: bytes) else {
            Issue.record("\(endpoint) sends what is no datagram of this version")
            return
        }
        switch fate(endpoint, datagram) {
        case .neverSent: return
        case .carried: link.send(bytes, from: endpoint, at: now)
        case .lostOnLink:
            // Only an idle transport puts a datagram on the wire at once, where the cut awaits it.
            let dropped = link.counters(endpoint.outgoing).droppedPacketCount
            link.setOutage(true, direction: endpoint.outgoing)
            link.send(bytes, from: endpoint, at: now)
            link.setOutage(false, direction: endpoint.outgoing)
            if link.counters(endpoint.outgoing).droppedPacketCount != dropped + 1 {
                Issue.record("a datagram that was to be lost was not put on the wire at once")
            }
        }
    }
}
