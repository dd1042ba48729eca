import Congestion
import NetSim
import Secrecy
import StreamSession
import WireFormat

/// The figures of some shipped profiles and of two links between, with a loss of one's choosing in both directions.
enum Link: String, Sendable, CaseIterable {
    case rural4G = "rural-4g"
    case geoSatellite = "geo-satellite"
    case adslUplink = "adsl-uplink"
    case clinic
    case lan

    func parameters(loss: Double = 0) throws -> LinkParameters {
        let (rate, delay, queue): (Double, Int, Int) =
            switch self {
            case .rural4G: (2e6, 40, 128 << 10)
            case .geoSatellite: (1e6, 300, 256 << 10)
            case .adslUplink: (1e6, 20, 64 << 10)
            case .clinic: (10e6, 50, 256 << 10)
            case .lan: (100e6, 1, 256 << 10)
            }
        let direction = try LinkDirection(
            rateBitsPerSecond: rate, delay: .milliseconds(delay), lossProbability: loss, queueByteCount: queue)
        return try LinkParameters(name: rawValue, up: direction, down: direction)
    }
}

enum Secrets {
    static func shared() throws -> Secret { try Secret(text: "correct horse battery staple") }
}

/// The purpose of a chunk, as far as ranks go.
enum Kind: UInt64, Sendable {
    case manifest = 0
    case roi = 1
    case background = 2
    case table = 8

    /// The rank a sender gives layer by layer.
    func rank(_ ordinal: UInt32) -> UInt64 { rawValue << 32 | UInt64(ordinal) }
}

/// A record of that many bytes whose content follows from seed and ordinal.
func makeRecord(_ ordinal: UInt32, byteCount: Int, seed: UInt64 = 1) throws -> [UInt8] {
    var generator = SeededGenerator(seed: seed, stream: UInt64(ordinal) + 100)
    let payload = (0..<max(0, byteCount - 49)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    return try ChunkRecord(coder: 1, payload: payload).encoded()
}

func makeChunk(_ ordinal: UInt32, _ kind: Kind, byteCount: Int, readyAt: Duration = .zero, seed: UInt64 = 1) throws
    -> SessionPair.Chunk
{
    SessionPair.Chunk(
        ordinal: ordinal, rank: kind.rank(ordinal), record: try makeRecord(ordinal, byteCount: byteCount, seed: seed),
        readyAt: readyAt)
}

/// A small session as a sender plans it: manifest, regions of interest, background, table, ready one after another as from a coder
/// at work. Sizes and times follow from the seed; `byteCount` is about that of all chunks.
func makeSession(seed: UInt64, byteCount: Int = 60_000, chunkCount: Int = 12, codingTime: Duration = .milliseconds(600)) throws
    -> [SessionPair.Chunk]
{
    var generator = SeededGenerator(seed: seed, stream: 7)
    var chunks = [try makeChunk(0, .manifest, byteCount: Int.random(in: 300...3000, using: &generator), seed: seed)]
    for ordinal in 1...UInt32(chunkCount) {
        let mean = byteCount / chunkCount
        chunks.append(
            try makeChunk(
                ordinal, ordinal <= UInt32(chunkCount / 3) ? .roi : .background,
                byteCount: Int.random(in: mean / 4...mean * 7 / 4, using: &generator),
                readyAt: codingTime * Int.random(in: 0...1000, using: &generator) / 1000, seed: seed))
    }
    chunks.append(try makeChunk(UInt32(chunkCount) + 1, .table, byteCount: 53 + 52 * chunkCount, readyAt: codingTime, seed: seed))
    return chunks
}

// Sessions as most tests want them: no secret, and a pace that holds nothing back.
extension SenderSession {
    /// So fast that the transport may hold a thousand datagrams unsent.
    private static let swift = 2.4e9

    init(session: Name, goal: Goal, timing: SessionTiming = SessionTiming(), now: Duration) {
        var setup = Setup(session: session, goal: goal, rate: .fixed(Self.swift))
        setup.timing = timing
        self.init(setup, now: now)
    }
}

extension SenderSession.Event {
    static func connected(roundTrip: Duration) -> Self { .connected(roundTrip: roundTrip, nonce: []) }
    static func chunk(ordinal: UInt32, rank: UInt64, record: [UInt8]) -> Self {
        .chunk(ordinal: ordinal, rank: rank, record: record, isProtected: false)
    }
    /// The transport can take so many datagrams.
    static func room(_ count: Int) -> Self { .transport(TransportState(unsentCount: 1000 - count)) }
}

extension ReceiverSession {
    /// One whose session has begun, with nothing on disk.
    static func begun(_ hello: Hello, now: Duration = .zero) -> ReceiverSession {
        var receiver = ReceiverSession(now: now)
        _ = receiver.handle(.datagram(Datagram.hello(hello).encoded()), now: now)
        _ = receiver.handle(.opened(Reassembler(), nonce: []), now: now)
        return receiver
    }
}

extension Hello {
    init(session: Name, goal: Goal, elapsedMicroseconds: UInt64, roundTripMicroseconds: UInt32) {
        self.init(
            session: session, goal: goal, elapsedMicroseconds: elapsedMicroseconds, roundTripMicroseconds: roundTripMicroseconds,
            resumes: false, nonce: [])
    }
}
