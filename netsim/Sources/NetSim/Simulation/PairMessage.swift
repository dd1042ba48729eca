/// A message that one end of a ``SimulatedPair`` sends to the other, with the sizes SRT would give it.
enum PairMessage: Sendable {
    case data(sequence: Int, payload: [UInt8])
    /// The ranges that the receiver misses (NAK).
    case lossReport([ClosedRange<Int>])
    /// Everything below `position` has arrived (ACK).
    case acknowledgement(number: Int, position: Int, roundTrip: Duration)
    /// The acknowledgement of that number has arrived (ACKACK), from which the receiver measures the round trip.
    case acknowledgementEcho(number: Int)
    /// A packet of somebody else's.
    case foreign(byteCount: Int)

    /// The longest payload of one datagram, and the longest list in one loss report.
    static let maximumPayloadByteCount = 1456

    private static let acknowledgementFieldByteCount = 28

    /// Size at the IP level.
    var byteCount: Int {
        switch self {
        case .data(_, let payload): WireOverhead.srtByteCount + payload.count
        case .lossReport(let ranges): WireOverhead.srtByteCount + ranges.reduce(0) { $0 + Self.byteCount(of: $1) }
        case .acknowledgement: WireOverhead.srtByteCount + Self.acknowledgementFieldByteCount
        case .acknowledgementEcho: WireOverhead.srtByteCount
        case .foreign(let byteCount): byteCount
        }
    }

    var isData: Bool {
        if case .data = self { true } else { false }
    }

    /// A loss report of as many of the first ranges as fit into one datagram.
    static func lossReport(firstOf ranges: [ClosedRange<Int>]) -> PairMessage {
        var room = maximumPayloadByteCount
        let fitting = ranges.prefix { range in
            room -= byteCount(of: range)
            return room >= 0
        }
        return .lossReport(Array(fitting))
    }

    private static func byteCount(of range: ClosedRange<Int>) -> Int { range.count == 1 ? 4 : 8 }
}

extension PairMessage: BitFlippable {
    mutating func flipBit(_ draw: UInt64) {
        guard case .data(let sequence, var payload) = self else { return }
        payload.flipBit(draw)
        self = .data(sequence: sequence, payload: payload)
    }
}
