internal import Congestion
internal import Concurrency
internal import Transfer
internal import Bytes
internal import Faults
package import NetSim
package import Profiles
internal import StreamSession
package import WireFormat

/// One transfer in virtual time: the very sessions of `fovea send` and `fovea receive`, joined by netsim's model of SRT and of
/// the link.
///
/// It plays what stands around the sessions: a coder that has chunks ready at given times, the transport's handshake of two round
/// trips, a
/// receiver that decodes, keeps a journal and checks. Everything follows from the setup; the same one gives the same record.
package struct VirtualTransfer {
    /// A chunk and when the coder has it ready.
    package struct Chunk: Sendable {
        /// Its place in the plan.
        package let ordinal: UInt32
        /// Lower goes first.
        package let rank: UInt64
        /// The layer, which tells what the chunk is for.
        package let layer: Layer
        /// The record's bytes.
        package let record: [UInt8]
        /// From the start of the sender's command.
        package let readyAt: Duration

        /// Makes a chunk.
        package init(ordinal: UInt32, rank: UInt64, layer: Layer, record: [UInt8], readyAt: Duration) {
            self.ordinal = ordinal
            self.rank = rank
            self.layer = layer
            self.record = record
            self.readyAt = readyAt
        }
    }

    /// The parts that a transfer is made of.
    package struct Setup: Sendable {
        /// The link between the ends.
        package var link: LinkParameters
        /// Decides over what the link does at random.
        package var seed: UInt64
        /// The transport profile, which sets how the link is used.
        package var transport: TransportProfile
        /// The goal, which sets how far the transfer goes.
        package var goal: Goal
        /// Every chunk, the manifest and the table too.
        package var chunks: [Chunk]
        /// When the coder is done.
        package var suppliedAt: Duration
        /// The state of each volume in the end.
        package var outcomes: [Receipt.Volume]
        /// For each chunk, those that have to be in place before it.
        package var prerequisites: [UInt32: [UInt32]]
        /// The times that the receiver's own work takes.
        package var receiver: ReceiverTiming
        /// True to keep the link's log, a line a packet.
        package var recordsLink = false

        /// Makes a setup.
        package init(
            link: LinkParameters, seed: UInt64, transport: TransportProfile, goal: Goal, chunks: [Chunk], suppliedAt: Duration,
            outcomes: [Receipt.Volume], prerequisites: [UInt32: [UInt32]], receiver: ReceiverTiming
        ) {
            self.link = link
            self.seed = seed
            self.transport = transport
            self.goal = goal
            self.chunks = chunks
            self.suppliedAt = suppliedAt
            self.outcomes = outcomes
            self.prerequisites = prerequisites
            self.receiver = receiver
        }
    }

    /// The outcome of a transfer.
    package struct Outcome: Sendable {
        /// The record of what was seen.
        package let record: TransferRecord
        /// The link's log, where it was to be kept.
        package let linkLog: String?
    }

    private enum Job {
        case connect, supplied, open, exact
        case chunk(Chunk)
        case decoded(UInt32), durable(UInt32), stored(Digest)
    }

    private let setup: Setup
    private let tableDigest: Digest
    private let tableOrdinal: UInt32
    private var sender: SenderSession
    private var receiver: ReceiverSession
    private var link: SimulatedPair
    private var now = Duration.zero
    private var record = TransferRecord()
    private var agenda: [(time: Duration, job: Job)] = []
    /// Whole chunks that wait to be decoded, in the order of their coming.
    private var arrived: [UInt32] = []
    private var decodingCount = 0
    private var inPlace: Set<UInt32> = []
    private var stepCount = 0

    /// Far above what the longest transfer takes: sessions that ask for time without end are stopped here.
    private static let stepLimit = 50_000_000
    /// The longest a transfer may last.
    private static let timeLimit = Duration.seconds(24 * 3600)
    /// Bytes that each message of an SRT handshake takes on the wire.
    private static let handshakeByteCount = 120.0

    /// Runs a transfer to its end.
    /// - Throws: `ExperimentError.Code.simulationFailed`; `NetSimError` for a link out of range. A transfer that ends early is
    ///   none: its record says why.
    package static func run(_ setup: Setup) throws -> Outcome {
        var transfer = try VirtualTransfer(setup)
        try transfer.run()
        return Outcome(record: transfer.record, linkLog: transfer.link.log?.text)
    }

    private init(_ setup: Setup) throws {
        guard let table = setup.chunks.max(by: { $0.ordinal < $1.ordinal }), let digest = ChunkRecord.digest(of: table.record)
        else {
            throw ExperimentError(.simulationFailed, "a transfer without chunks")
        }
        self.setup = setup
        tableDigest = digest
        tableOrdinal = table.ordinal
        var begun = SenderSession.Setup(
            session: Name(cleaning: "experiment"), goal: setup.goal,
            rate: setup.transport.bitsPerSecond.map { .fixed($0) } ?? .automatic(ceiling: setup.transport.ceiling))
        begun.parityRatio = setup.transport.parityRatio
        begun.timing = SessionTiming(setup.transport)
        sender = SenderSession(begun, now: .zero)
        receiver = ReceiverSession(timing: begun.timing, now: .zero)
        link = try SimulatedPair(
            link: setup.link, seed: setup.seed, maximumBitsPerSecond: setup.transport.bitsPerSecond ?? 1e6,
            recordingLog: setup.recordsLink)
        for chunk in setup.chunks { plan(chunk.readyAt, .chunk(chunk)) }
        plan(setup.suppliedAt, .supplied)
        plan(Self.connectTime(setup.link), .connect)
    }

    /// Two round trips, and the handshake's own bytes on a thin link.
    private static func connectTime(_ link: LinkParameters) -> Duration {
        let bits = handshakeByteCount * 8
        let bytes = Duration.seconds(bits / link.up.rateBitsPerSecond + bits / link.down.rateBitsPerSecond)
        return (link.up.delay + link.down.delay + bytes) * 2
    }

    private mutating func plan(_ time: Duration, _ job: Job) {
        // After everything planned for the same time, so that the order is the order of planning.
        let index = agenda.firstIndex { $0.time > time } ?? agenda.endIndex
        agenda.insert((time, job), at: index)
    }

    private mutating func run() throws {
        while !(sender.isOver && receiver.isOver), record.failure == nil {
            guard let next = nextTime, next <= Self.timeLimit else {
                record.failure = "not over after \(Self.timeLimit)"
                break
            }
            stepCount += 1
            guard stepCount < Self.stepLimit else {
                throw ExperimentError(.simulationFailed, "the sessions ask for time without end at \(now)")
            }
            now = max(now, next)
            try step()
        }
        record.wireByteCountUp = link.counters(.up).arrivedByteCount
        record.wireByteCountDown = link.counters(.down).arrivedByteCount
        record.droppedPacketCount = link.counters(.up).droppedPacketCount + link.counters(.down).droppedPacketCount
        record.retransmitRatio = sender.retransmitRatio
        record.rateBitsPerSecond = sender.bitsPerSecond
    }

    private var nextTime: Duration? {
        // A sender that waits for its pace is asked again when that lets something go, as its loop does over a socket.
        let pace = sender.hasQueued ? max(sender.nextAllowance, now + .milliseconds(1)) : nil
        var time: Duration?
        for candidate in [link.nextEventTime, sender.nextTick, receiver.nextTick, agenda.first?.time, pace] {
            if let candidate { time = min(time ?? candidate, candidate) }
        }
        return time
    }

    private mutating func step() throws {
        for delivery in link.advance(to: now) {
            if delivery.endpoint == .server {
                try tell(receiver: .datagram(delivery.payload))
            } else {
                try tell(sender: .datagram(delivery.payload))
            }
        }
        while let first = agenda.first, first.time <= now {
            agenda.removeFirst()
            try perform(first.job)
        }
        if let tick = sender.nextTick, tick <= now { try tell(sender: .tick) }
        if let tick = receiver.nextTick, tick <= now { try tell(receiver: .tick) }
        try tell(
            sender: .transport(
                TransportState(
                    unsentCount: link.unsentDatagramCount(at: .client), repeatedCount: link.retransmissionCount(from: .client),
                    inFlightCount: link.unacknowledgedDatagramCount(at: .client))))
    }

    private mutating func perform(_ job: Job) throws {
        switch job {
        case .connect:
            record.connected = seconds
            try tell(sender: .connected(roundTrip: Self.connectTime(setup.link) / 2, nonce: nonce))
        case .chunk(let chunk):
            record.ready.append(TransferRecord.Moment(seconds: seconds, ordinal: chunk.ordinal))
            try tell(
                sender: .chunk(
                    ordinal: chunk.ordinal, rank: chunk.rank, record: chunk.record,
                    isProtected: chunk.layer == .roiBase || chunk.layer == .manifest))
        case .supplied: try tell(sender: .supplied(tableDigest: tableDigest))
        case .open: try tell(receiver: .opened(Reassembler(), nonce: nonce))
        case .decoded(let ordinal):
            decodingCount -= 1
            settle(ordinal)
        case .durable(let ordinal): try tell(receiver: .applied(ordinal))
        case .exact: record.exact = seconds
        case .stored(let digest): try tell(receiver: .stored(Receipt(tableDigest: digest, volumes: setup.outcomes)))
        }
    }

    private var nonce: [UInt8] { [UInt8](repeating: 0, count: Hello.nonceByteCount) }
    private var seconds: Double { TransferRecord.rounded(now.inSeconds) }

    private mutating func tell(sender event: SenderSession.Event) throws {
        for action in sender.handle(event, now: now) {
            switch action {
            case .send(let bytes):
                if record.firstDatagram == nil, SenderSession.carriesVoxels(bytes) { record.firstDatagram = seconds }
                link.send(bytes, from: .client, at: now)
            case .pace(let rate): try link.setMaximumBitsPerSecond(rate, from: .client)
            case .acknowledged: record.acknowledged = seconds
            case .reconnect: record.failure = "the connection was lost after \(seconds) s"
            case .finished: record.done = seconds
            case .failed(let error): record.failure = record.failure ?? error.message
            case .resumedAt, .alreadyComplete, .stalled, .resumed, .altered, .focus, .narrow: break
            }
        }
    }

    private mutating func tell(receiver event: ReceiverSession.Event) throws {
        for action in receiver.handle(event, now: now) {
            switch action {
            case .send(let bytes): link.send(bytes, from: .server, at: now)
            case .begun: plan(now + setup.receiver.open, .open)
            case .chunk(let ordinal, _):
                arrived.append(ordinal)
                decode()
            case .store(let digest): plan(now + setup.receiver.store, .stored(digest))
            case .failed(let error): record.failure = record.failure ?? error.message
            case .firstByte, .keep, .stalled, .resumed, .altered, .closed: break
            }
        }
    }
}

extension VirtualTransfer {
    /// Begins on what may be decoded now: what waits longest first, nothing before the manifest that explains it.
    private mutating func decode() {
        var index = arrived.startIndex
        while index < arrived.endIndex {
            let ordinal = arrived[index]
            if ordinal == 0 || ordinal == tableOrdinal {
                arrived.remove(at: index)
                settle(ordinal)
                // The manifest lets the others begin, those that came before it too.
                index = arrived.startIndex
                continue
            }
            let isFree = setup.receiver.workerCount.map { decodingCount < $0 } ?? true
            guard isFree, inPlace.contains(0), setup.prerequisites[ordinal]?.allSatisfy(inPlace.contains) ?? true else {
                index += 1
                continue
            }
            arrived.remove(at: index)
            decodingCount += 1
            plan(now + (setup.receiver.decode[ordinal] ?? setup.receiver.otherDecode), .decoded(ordinal))
        }
    }

    /// A chunk is in its place.
    private mutating func settle(_ ordinal: UInt32) {
        guard inPlace.insert(ordinal).inserted else { return }
        record.applied.append(TransferRecord.Moment(seconds: seconds, ordinal: ordinal))
        plan(now + setup.receiver.durable, .durable(ordinal))
        // All but the table: what every voxel needs.
        if setup.goal == .lossless, (0..<tableOrdinal).allSatisfy(inPlace.contains), record.exact == nil {
            plan(now + setup.receiver.verify, .exact)
        }
        if ordinal != 0, ordinal != tableOrdinal { decode() }
    }
}
