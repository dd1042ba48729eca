import Congestion
import Bytes
import NetSim
import Secrecy
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
        /// True where parity goes with it, if there is parity.
        var isProtected = true
    }

    /// The parts that the pair is made of.
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
        /// The transport's rate over the link's, where it is not to be found out.
        var rateShare: Double? = 0.97
        /// The most the sender sends, where its rate is to be found out.
        var ceiling: Double?
        /// The secret that both ends share.
        var secret: Secret?
        /// The sender's secret where that is another one.
        var senderSecret: Secret?
        var parityRatio: Double? = 0
        /// From the word that a session is begun to what is on disk of it being found.
        var openDelay: Duration = .milliseconds(2)
        /// Chunks that turn out wrong the first time they are decoded.
        var wrongOnce: Set<UInt32> = []
        /// From the connection being gone to the next one; nil when there is none.
        var reconnectDelay: Duration?
    }

    /// The fate of a datagram that a session sends.
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

    /// An event of a connection: it carries the connection's number, and comes to nothing when that is gone by then.
    enum Job {
        case connect, supplied
        case open(Int), applied(Int, UInt32), stored(Int, Digest), close(Int)
        case chunk(Chunk)
        case script((inout SessionPair) -> Void)
    }

    let setup: Setup
    let tableDigest = Digest(of: Array("table".utf8))
    /// The receiver's receipt in the end.
    var receipt: Receipt {
        Receipt(tableDigest: tableDigest, volumes: [Receipt.Volume(state: .lossless, digest: Digest(of: [7]))])
    }
    var sender: SenderSession
    var receiver: ReceiverSession
    var link: SimulatedPair
    private(set) var now = Duration.zero
    private(set) var log: [Entry] = []
    /// The state on the receiver's disk.
    private(set) var disk = Reassembler()
    /// The chunks that are whole on disk.
    private(set) var whole: Set<UInt32> = []
    /// Chunks the receiver has handed on.
    private(set) var arrivalCount = 0
    /// The receipt, once everything is stored.
    var stored: Receipt?
    /// Connections made so far.
    var connectionCount = 0
    var isConnected = false
    /// The index at which the log of the sender's present life begins.
    var lifeStart = 0
    var cut: Set<Heading> = []
    var traffic = Traffic()
    private var dropped: Set<UInt32> = []
    /// When each end last heard from the other.
    private(set) var lastHeard: [Endpoint: Duration] = [:]
    /// Decides over every datagram at the moment its session sends it.
    var fate: (Endpoint, Datagram) -> Fate = { _, _ in .carried }
    /// The bytes that an end is given for those that the transport brings, by default these.
    var arrival: ((Endpoint, [UInt8]) -> [(Endpoint, [UInt8])])?
    var agenda: [(time: Duration, job: Job)] = []
    private var stepCount = 0

    /// Far above what any test needs: a session that asks for ticks without end is stopped here.
    private static let stepLimit = 4_000_000

    init(_ setup: Setup) throws {
        self.setup = setup
        sender = SenderSession(try setup.sender(mayBeKnown: false), now: .zero)
        receiver = ReceiverSession(secret: setup.secret, timing: setup.timing, now: .zero)
        link = try setup.freshLink(0)
        plan(setup.connectedAt, .connect)
        planChunks(from: .zero)
    }

    var isOver: Bool { sender.isOver && receiver.isOver }

    /// The state of the transport below the sender.
    private var transport: TransportState {
        TransportState(
            unsentCount: link.unsentDatagramCount(at: .client), repeatedCount: link.retransmissionCount(from: .client),
            inFlightCount: link.unacknowledgedDatagramCount(at: .client))
    }

    /// Does something at a time.
    mutating func at(_ time: Duration, _ body: @escaping (inout SessionPair) -> Void) { plan(time, .script(body)) }

    mutating func setOutage(_ on: Bool, _ headings: [Heading] = Heading.allCases) {
        for heading in headings {
            link.setOutage(on, direction: heading)
            if on { cut.insert(heading) } else { cut.remove(heading) }
        }
    }

    mutating func plan(_ time: Duration, _ job: Job) {
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
        // A sender that waits for its pace is asked again when that lets something go, and one that waits for the transport when
        // that moves.
        let pace = sender.hasQueued ? max(sender.nextAllowance, now + .milliseconds(1)) : nil
        return [link.nextEventTime, sender.nextTick, receiver.nextTick, agenda.first?.time, pace].compactMap { $0 }.min()
    }

    private mutating func step() {
        for delivery in link.advance(to: now) {
            lastHeard[delivery.endpoint] = delivery.time
            for (endpoint, bytes) in arrival?(delivery.endpoint, delivery.payload) ?? [(delivery.endpoint, delivery.payload)] {
                if endpoint == .server { tell(receiver: .datagram(bytes)) } else { tell(sender: .datagram(bytes)) }
            }
        }
        while let first = agenda.first, first.time <= now {
            agenda.removeFirst()
            perform(first.job)
        }
        if let tick = sender.nextTick, tick <= now { tell(sender: .tick) }
        if let tick = receiver.nextTick, tick <= now { tell(receiver: .tick) }
        tell(sender: .transport(transport))
    }

    private mutating func perform(_ job: Job) {
        switch job {
        case .connect: connect()
        case .supplied: tell(sender: .supplied(tableDigest: tableDigest))
        case .chunk(let chunk):
            tell(
                sender: .chunk(
                    ordinal: chunk.ordinal, rank: chunk.rank, record: chunk.record, isProtected: chunk.isProtected))
        case .script(let body): body(&self)
        case .close(let connection):
            if connection == connectionCount { loseConnection() }
        case .open(let connection), .applied(let connection, _), .stored(let connection, _):
            if connection == connectionCount, !receiver.isOver { perform(ofConnection: job) }
        }
    }

    private mutating func perform(ofConnection job: Job) {
        switch job {
        case .open: open()
        case .applied(_, let ordinal) where setup.wrongOnce.contains(ordinal) && dropped.insert(ordinal).inserted:
            disk.drop(ordinal)
            whole.remove(ordinal)
            traffic.drop(ordinal)
            tell(receiver: .dropped(ordinal))
        case .applied(_, let ordinal):
            log.append(Entry(time: now, what: .applied(ordinal)))
            tell(receiver: .applied(ordinal))
        case .stored(_, let digest):
            let receipt = Receipt(tableDigest: digest, volumes: receipt.volumes)
            stored = receipt
            tell(receiver: .stored(receipt))
        default: break
        }
    }

    /// Hands the sender an event and does what it says.
    mutating func tell(sender event: SenderSession.Event) {
        for action in sender.handle(event, now: now) {
            log.append(Entry(time: now, what: .sender(action)))
            switch action {
            case .send(let bytes): carry(bytes, from: .client)
            case .pace(let rate):
                do { try link.setMaximumBitsPerSecond(rate, from: .client) } catch { Issue.record("\(error)") }
            case .reconnect:
                part()
                if let delay = setup.reconnectDelay { plan(now + delay, .connect) }
            default: break
            }
        }
    }

    /// Hands the receiver an event and does what it says.
    mutating func tell(receiver event: ReceiverSession.Event) {
        for action in receiver.handle(event, now: now) {
            log.append(Entry(time: now, what: .receiver(action)))
            switch action {
            case .send(let bytes): carry(bytes, from: .server)
            case .begun: plan(now + setup.openDelay, .open(connectionCount))
            case .keep(let fragment):
                traffic.keep(fragment)
                do {
                    if try disk.take(fragment).record != nil { whole.insert(fragment.ordinal) }
                } catch {
                    Issue.record("\(error)")
                }
            case .chunk(let ordinal, _):
                arrivalCount += 1
                if let delay = setup.decodeDelay { plan(now + delay, .applied(connectionCount, ordinal)) }
            case .store(let digest):
                if let delay = setup.storeDelay { plan(now + delay, .stored(connectionCount, digest)) }
            case .failed:
                // The receiver's end closes the connection; what it has said last has time to come.
                if setup.reconnectDelay != nil { plan(now + link.roundTrip * 4, .close(connectionCount)) }
            default: break
            }
        }
    }

    private mutating func carry(_ bytes: [UInt8], from endpoint: Endpoint) {
        let plain = setup.secret == nil ? bytes : Array(bytes.dropLast(DatagramSeal.byteCount))
        guard let datagram = try? Datagram(decoding: plain) else {
            Issue.record("\(endpoint) sends what is no datagram of this version")
            return
        }
        if case .data(let fragment) = datagram { traffic.send(fragment) }
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
