public import Bytes
public import Faults

/// One message of a session: what an SRT message carries.
public enum Datagram: Sendable, Equatable {
    /// The sender begins.
    case hello(Hello)
    /// A piece of a chunk record.
    case data(Fragment)
    /// The sender lives; it also makes a lost tail known.
    case heartbeat(Heartbeat)
    /// The receiver's measurements of the link.
    case report(Report)
    /// Which chunks the receiver has applied.
    case acknowledgement([Range<UInt32>])
    /// The sender has had every chunk acknowledged.
    case end(tableDigest: Digest)
    /// The receiver's statement of what it has on disk.
    case receipt(Receipt)
    /// The sender has the receipt.
    case bye
    /// Either end gives up.
    case abort(Abort)
    /// The receiver answers a hello.
    case welcome(Welcome)
    /// The pieces of unfinished chunks that the receiver holds.
    case holdings(Holdings)
    /// Parity from which lost pieces of a chunk can be made.
    case parity(Parity)
    /// The box that the receiver wants to see next.
    case focus(Focus)

    static let magic: UInt8 = 0xF5
    /// The version this code writes and reads.
    public static let version: UInt8 = 2
    static let headerByteCount = 3
    /// Room that pieces of chunks leave for the seal of an authenticated session.
    public static let sealByteCount = 16
    /// The most ranges one acknowledgement holds.
    public static let rangeLimit = (WireLimits.datagramByteCount - headerByteCount - 2 - sealByteCount) / 8

    private var kind: UInt8 {
        switch self {
        case .hello: 1
        case .data: 2
        case .heartbeat: 3
        case .report: 4
        case .acknowledgement: 5
        case .end: 6
        case .receipt: 7
        case .bye: 8
        case .abort: 9
        case .welcome: 10
        case .holdings: 11
        case .parity: 12
        case .focus: 13
        }
    }

    /// The message's bytes, at most ``WireLimits/datagramByteCount``.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: WireLimits.datagramByteCount)
        writer.put(Self.magic)
        writer.put(Self.version)
        writer.put(kind)
        switch self {
        case .hello(let hello): hello.write(to: &writer)
        case .data(let fragment): fragment.write(to: &writer)
        case .heartbeat(let heartbeat): heartbeat.write(to: &writer)
        case .report(let report): report.write(to: &writer)
        case .acknowledgement(let ranges):
            writer.put(UInt16(min(ranges.count, Self.rangeLimit)))
            for range in ranges.prefix(Self.rangeLimit) {
                writer.put(range.lowerBound)
                writer.put(range.upperBound)
            }
        case .end(let digest): writer.put(digest)
        case .receipt(let receipt): receipt.write(to: &writer)
        case .bye: break
        case .abort(let abort): abort.write(to: &writer)
        case .welcome(let welcome): welcome.write(to: &writer)
        case .holdings(let holdings): holdings.write(to: &writer)
        case .parity(let parity): parity.write(to: &writer)
        case .focus(let focus): focus.write(to: &writer)
        }
        return writer.bytes
    }

    /// Reads a message.
    /// - Throws: `FormatError`; nothing is allocated beyond the message's own size.
    public init(decoding bytes: [UInt8]) throws(FormatError) {
        guard bytes.count <= WireLimits.datagramByteCount else {
            throw FormatError(.limitExceeded, "a datagram of \(bytes.count) bytes, above \(WireLimits.datagramByteCount)")
        }
        var reader = ByteReader(bytes)
        guard try reader.take(UInt8.self, "magic") == Self.magic else { throw FormatError(.notFovea, "not a Fovea datagram") }
        let version = try reader.take(UInt8.self, "version")
        guard version == Self.version else {
            throw FormatError(.unsupportedVersion, "the peer speaks version \(version) of the format, this program \(Self.version)")
        }
        let kind = try reader.take(UInt8.self, "kind")
        switch kind {
        case 1: self = .hello(try Hello(from: &reader))
        case 2: self = .data(try Fragment(from: &reader))
        case 3: self = .heartbeat(try Heartbeat(from: &reader))
        case 4: self = .report(try Report(from: &reader))
        case 5: self = .acknowledgement(try Self.ranges(from: &reader))
        case 6: self = .end(tableDigest: try reader.takeDigest("table digest"))
        case 7: self = .receipt(try Receipt(from: &reader))
        case 8: self = .bye
        case 9: self = .abort(try Abort(from: &reader))
        case 10: self = .welcome(try Welcome(from: &reader))
        case 11: self = .holdings(try Holdings(from: &reader))
        case 12: self = .parity(try Parity(from: &reader))
        case 13: self = .focus(try Focus(from: &reader))
        default: throw FormatError(.unknownKind, "datagram kind \(kind) is unknown to this version")
        }
        try reader.requireEnd()
    }

    private static func ranges(from reader: inout ByteReader) throws(FormatError) -> [Range<UInt32>] {
        let count = try reader.take(UInt16.self, "range count")
        var ranges: [Range<UInt32>] = []
        for _ in 0..<count {
            let start = try reader.take(UInt32.self, "range start")
            let end = try reader.take(UInt32.self, "range end")
            guard start < end, end <= UInt32(WireLimits.chunkCount) else {
                throw FormatError(.invalidField, "an acknowledgement of chunks \(start) to \(end)")
            }
            ranges.append(start..<end)
        }
        return ranges
    }
}
