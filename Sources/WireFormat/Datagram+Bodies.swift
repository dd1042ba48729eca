public import Bytes
internal import Faults

/// The message that begins a connection of a session.
public struct Hello: Sendable, Equatable {
    /// The session's name; the receiver's folder for it.
    public let session: Name
    /// The goal of the transfer: how far it goes.
    public let goal: Goal
    /// Microseconds from the start of the sender's command to this message.
    public let elapsedMicroseconds: UInt64
    /// The round trip the sender measured while it connected.
    public let roundTripMicroseconds: UInt32
    /// True when the sender goes on with a session that the receiver may know.
    public let resumes: Bool
    /// Random bytes of this connection, ``nonceByteCount`` of them: keys are derived from them.
    public let nonce: [UInt8]

    /// Bytes of a nonce.
    public static let nonceByteCount = 16

    /// Makes a hello; a nonce of another length is filled or cut.
    public init(
        session: Name, goal: Goal, elapsedMicroseconds: UInt64, roundTripMicroseconds: UInt32, resumes: Bool, nonce: [UInt8]
    ) {
        self.session = session
        self.goal = goal
        self.elapsedMicroseconds = elapsedMicroseconds
        self.roundTripMicroseconds = roundTripMicroseconds
        self.resumes = resumes
        self.nonce = Welcome.fitted(nonce)
    }

    init(from reader: inout ByteReader) throws(FormatError) {
        let goal = try reader.take(UInt8.self, "goal")
        guard let goal = Goal(rawValue: goal) else { throw FormatError(.invalidField, "goal \(goal) is unknown") }
        self.goal = goal
        elapsedMicroseconds = try reader.take(UInt64.self, "elapsed")
        roundTripMicroseconds = try reader.take(UInt32.self, "round trip")
        let resumes = try reader.take(UInt8.self, "resumes")
        guard resumes <= 1 else { throw FormatError(.invalidField, "'resumes' is \(resumes), neither 0 nor 1") }
        self.resumes = resumes == 1
        nonce = Array(try reader.take(Self.nonceByteCount, "nonce"))
        session = try Name(try reader.takeText("session", limit: WireLimits.nameByteCount))
    }
    func write(to writer: inout ByteWriter) {
        writer.put(goal.rawValue)
        writer.put(elapsedMicroseconds)
        writer.put(roundTripMicroseconds)
        writer.put(UInt8(resumes ? 1 : 0))
        writer.put(nonce)
        writer.put(text: session.text)
    }
}

/// A piece of a chunk record. All pieces but the last hold ``payloadLimit`` bytes.
public struct Fragment: Sendable, Equatable {
    /// The chunk's place in the manifest's plan; 0 is the manifest itself.
    public let ordinal: UInt32
    /// Bytes of the whole chunk record.
    public let totalByteCount: UInt32
    /// The offset at which this piece begins; a whole number of ``payloadLimit``.
    public let offset: UInt32
    /// When it was handed to the transport, in microseconds of the sender's clock, modulo 2^32.
    public let departureMicroseconds: UInt32
    /// The bytes.
    public let payload: ArraySlice<UInt8>

    /// Bytes a datagram has for a chunk.
    public static let payloadLimit = WireLimits.datagramByteCount - Datagram.headerByteCount - 16 - Datagram.sealByteCount

    /// A piece from elsewhere than the network; nil when it breaks the rules that hold there.
    public init?(ordinal: UInt32, checkedTotal: UInt32, offset: UInt32, payload: ArraySlice<UInt8>) {
        guard ordinal < UInt32(WireLimits.chunkCount), checkedTotal > 0, checkedTotal <= UInt32(WireLimits.chunkByteCount),
            offset < checkedTotal, Int(offset) % Self.payloadLimit == 0,
            payload.count == min(Self.payloadLimit, Int(checkedTotal - offset))
        else { return nil }
        self.init(
            ordinal: ordinal, totalByteCount: checkedTotal, offset: offset, departureMicroseconds: 0, payload: payload)
    }

    /// Pieces of a record of so many bytes.
    public static func count(of totalByteCount: Int) -> Int { (totalByteCount + payloadLimit - 1) / payloadLimit }

    /// Makes a fragment.
    public init(ordinal: UInt32, totalByteCount: UInt32, offset: UInt32, departureMicroseconds: UInt32, payload: ArraySlice<UInt8>)
    {
        self.ordinal = ordinal
        self.totalByteCount = totalByteCount
        self.offset = offset
        self.departureMicroseconds = departureMicroseconds
        self.payload = payload
    }

    init(from reader: inout ByteReader) throws(FormatError) {
        ordinal = try reader.take(UInt32.self, "ordinal")
        totalByteCount = try reader.take(UInt32.self, "total")
        offset = try reader.take(UInt32.self, "offset")
        departureMicroseconds = try reader.take(UInt32.self, "departure")
        payload = try reader.take(reader.remaining, "payload")
        guard ordinal < UInt32(WireLimits.chunkCount), totalByteCount > 0, totalByteCount <= UInt32(WireLimits.chunkByteCount)
        else {
            throw FormatError(.limitExceeded, "chunk \(ordinal) of \(totalByteCount) bytes is beyond the limits")
        }
        guard offset < totalByteCount, Int(offset) % Self.payloadLimit == 0,
            payload.count == min(Self.payloadLimit, Int(totalByteCount - offset))
        else {
            throw FormatError(.invalidField, "\(payload.count) bytes at \(offset) are no piece of a chunk of \(totalByteCount)")
        }
    }
    func write(to writer: inout ByteWriter) {
        writer.put(ordinal)
        writer.put(totalByteCount)
        writer.put(offset)
        writer.put(departureMicroseconds)
        writer.put(payload)
    }
    public static func == (a: Fragment, b: Fragment) -> Bool {
        a.ordinal == b.ordinal && a.totalByteCount == b.totalByteCount && a.offset == b.offset
            && a.departureMicroseconds == b.departureMicroseconds && a.payload.elementsEqual(b.payload)
    }
}

/// A sign of life from the sender.
public struct Heartbeat: Sendable, Equatable {
    /// Counts up from 0.
    public let sequence: UInt32
    /// As in ``Fragment/departureMicroseconds``.
    public let departureMicroseconds: UInt32
    /// True when the receiver is to say what it holds.
    public let asksForHoldings: Bool
    /// Makes a heartbeat.
    public init(sequence: UInt32, departureMicroseconds: UInt32, asksForHoldings: Bool = false) {
        self.sequence = sequence
        self.departureMicroseconds = departureMicroseconds
        self.asksForHoldings = asksForHoldings
    }

    init(from reader: inout ByteReader) throws(FormatError) {
        sequence = try reader.take(UInt32.self, "sequence")
        departureMicroseconds = try reader.take(UInt32.self, "departure")
        let asks = try reader.take(UInt8.self, "asks")
        guard asks <= 1 else { throw FormatError(.invalidField, "'asks' is \(asks), neither 0 nor 1") }
        asksForHoldings = asks == 1
    }
    func write(to writer: inout ByteWriter) {
        writer.put(sequence)
        writer.put(departureMicroseconds)
        writer.put(UInt8(asksForHoldings ? 1 : 0))
    }
}

/// The receiver's measurements of the link.
public struct Report: Sendable, Equatable {
    /// Bytes of datagrams since the connection began.
    public var receivedByteCount: UInt64 = 0
    /// Datagrams since the connection began.
    public var receivedDatagramCount: UInt64 = 0
    /// When the last of them came, in microseconds of the receiver's clock.
    public var lastArrivalMicroseconds: UInt64 = 0
    /// Datagrams of the newest run since the last report: those that left less than 4 ms apart, without what was sent again.
    public var arrivalCount: UInt32 = 0
    /// Bytes of these, without the first.
    public var spanByteCount: UInt32 = 0
    /// From the first of these to the last.
    public var spanMicroseconds: UInt32 = 0
    /// The least (arrival - departure) of these, in microseconds modulo 2^32; the clocks' offset is in it.
    public var minDelayMicroseconds: UInt32 = 0
    /// When the last of these that says so had left the sender.
    public var echoMicroseconds: UInt32 = 0
    /// From that one's arrival to this report; ``noEcho`` where none said so: then least delay and echo mean nothing.
    public var holdMicroseconds: UInt32 = 0

    /// No datagram since the last report told when it had left, but for such as had left before others that came.
    public static let noEcho = UInt32.max

    /// Nothing seen yet.
    public init() {}

    init(from reader: inout ByteReader) throws(FormatError) {
        receivedByteCount = try reader.take(UInt64.self, "received bytes")
        receivedDatagramCount = try reader.take(UInt64.self, "received datagrams")
        lastArrivalMicroseconds = try reader.take(UInt64.self, "last arrival")
        arrivalCount = try reader.take(UInt32.self, "arrivals")
        spanByteCount = try reader.take(UInt32.self, "span bytes")
        spanMicroseconds = try reader.take(UInt32.self, "span")
        minDelayMicroseconds = try reader.take(UInt32.self, "least delay")
        echoMicroseconds = try reader.take(UInt32.self, "echo")
        holdMicroseconds = try reader.take(UInt32.self, "hold")
        // Far beyond any link, and far from where sums would leave 64 bits.
        guard receivedByteCount < 1 << 52, receivedDatagramCount < 1 << 48, lastArrivalMicroseconds < 1 << 56 else {
            throw FormatError(.limitExceeded, "a report of \(receivedDatagramCount) datagrams")
        }
    }
    func write(to writer: inout ByteWriter) {
        writer.put(receivedByteCount)
        writer.put(receivedDatagramCount)
        writer.put(lastArrivalMicroseconds)
        writer.put(arrivalCount)
        writer.put(spanByteCount)
        writer.put(spanMicroseconds)
        writer.put(minDelayMicroseconds)
        writer.put(echoMicroseconds)
        writer.put(holdMicroseconds)
    }
}

/// The receiver's statement of what it has on disk.
public struct Receipt: Sendable, Equatable {
    /// One volume's outcome.
    public struct Volume: Sendable, Equatable {
        /// The state of the volume.
        public let state: VolumeState
        /// SHA-256 of the file's uncompressed bytes.
        public let digest: Digest
        /// Makes an outcome.
        public init(state: VolumeState, digest: Digest) {
            self.state = state
            self.digest = digest
        }
    }
    /// The chunk table the receiver checked its chunks against.
    public let tableDigest: Digest
    /// In the manifest's order.
    public let volumes: [Volume]
    /// Makes a receipt.
    public init(tableDigest: Digest, volumes: [Volume]) {
        self.tableDigest = tableDigest
        self.volumes = volumes
    }

    init(from reader: inout ByteReader) throws(FormatError) {
        tableDigest = try reader.takeDigest("table digest")
        let count = try reader.take(UInt8.self, "volume count")
        guard count <= WireLimits.volumeCount else { throw FormatError(.limitExceeded, "a receipt for \(count) volumes") }
        var volumes: [Volume] = []
        for _ in 0..<count {
            let state = try reader.take(UInt8.self, "state")
            guard let state = VolumeState(rawValue: state) else {
                throw FormatError(.invalidField, "volume state \(state) is unknown")
            }
            volumes.append(Volume(state: state, digest: try reader.takeDigest("volume digest")))
        }
        self.volumes = volumes
    }
    func write(to writer: inout ByteWriter) {
        writer.put(tableDigest)
        writer.put(UInt8(volumes.count))
        for volume in volumes {
            writer.put(volume.state.rawValue)
            writer.put(volume.digest)
        }
    }
}

/// Why an end gives up.
public struct Abort: Sendable, Equatable {
    /// Why, for a program.
    public enum Reason: UInt16, Sendable {
        /// A person or the system ended the program.
        case cancelled = 1
        /// The peer sent what this end cannot take.
        case refused = 2
        /// This end failed: disk, memory, a codec.
        case failed = 3
        /// This end has as many sessions as it takes; later there may be room.
        case full = 4
        /// This end's program ends, and is expected to be started again: the peer waits for it as after a crash.
        case restarting = 5
        /// A chunk does not decode, or not to what it must: sent as it is, it would be refused again.
        case undecodable = 6
    }
    /// Why, for a program.
    public let reason: Reason
    /// Why, for a person.
    public let message: String
    /// Makes an abort; a long message is cut.
    public init(reason: Reason, message: String) {
        self.reason = reason
        var text = ""
        for character in message where text.utf8.count + character.utf8.count <= WireLimits.messageByteCount {
            text.append(character)
        }
        self.message = text
    }

    init(from reader: inout ByteReader) throws(FormatError) {
        let reason = try reader.take(UInt16.self, "reason")
        guard reason > 0 else { throw FormatError(.invalidField, "abort reason 0 is none") }
        // A later version may know more reasons. Whatever it is, the peer is done.
        self.reason = Reason(rawValue: reason) ?? .failed
        let count = Int(try reader.take(UInt16.self, "message length"))
        message = Name.printable(
            try reader.takeText("message", count: count, limit: WireLimits.messageByteCount), limit: WireLimits.messageByteCount)
    }
    func write(to writer: inout ByteWriter) {
        writer.put(reason.rawValue)
        writer.put(UInt16(message.utf8.count))
        writer.put(Array(message.utf8))
    }
}
