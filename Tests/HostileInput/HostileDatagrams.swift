internal import Congestion
internal import Bytes
internal import StreamSession
internal import VolumeModel
internal import WireFormat

/// Datagrams as a hostile peer could send them, to either end of a session, made of any bytes.
///
/// The first byte chooses the end. Then events, one after another: a byte for the kind, a byte for the time since the last, a length of two bytes, and
/// the datagram without its magic and version.
package struct HostileDatagrams: Sendable {
    private let bytes: [UInt8]

    /// Takes any bytes.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Hands everything to a session.
    /// - Returns: the promises that were broken.
    package func receive() -> [String] {
        guard let end = bytes.first else { return [] }
        return end & 1 == 0 ? handToReceiver() : handToSender()
    }

    private struct Event {
        let kind: UInt8
        let wait: Duration
        let body: [UInt8]
        var datagram: [UInt8] { [0xf5, 2] + body.prefix(WireLimits.datagramByteCount - 2) }
    }

    private var events: [Event] {
        var events: [Event] = []
        var position = 1
        while bytes.count - position >= 4 {
            let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
            let wait = Duration.milliseconds(1 << Int(bytes[position + 1] % 20))
            let kind = bytes[position]
            let body = bytes[position + 4..<min(bytes.count, position + 4 + length)]
            events.append(Event(kind: kind, wait: wait, body: Array(body)))
            position = body.endIndex
        }
        return events
    }

    private func handToReceiver() -> [String] {
        var receiver = ReceiverSession(now: .zero)
        var now = Duration.zero
        var acknowledged = 0
        for event in events {
            now += event.wait
            var actions: [ReceiverSession.Action]
            switch event.kind % 8 {
            case 0...4: actions = receiver.handle(.datagram(event.datagram), now: now)
            case 5: actions = receiver.handle(.tick, now: now)
            case 6: actions = receiver.handle(.dropped(UInt32(event.body.first ?? 0)), now: now)
            default:
                guard let box = try? Focus(number: 1, volume: 0, box: .init(x: 0..<1, y: 0..<1, z: 0..<1)) else { continue }
                actions = receiver.handle(.focus(box), now: now)
            }
            // What a receiver's program does about it.
            while let action = actions.first {
                actions.removeFirst()
                switch action {
                case .begun: actions += receiver.handle(.opened(Reassembler(), nonce: []), now: now)
                case .chunk(let ordinal, let record):
                    acknowledged += record.count
                    actions += receiver.handle(.applied(ordinal), now: now)
                case .store(let digest):
                    actions += receiver.handle(.stored(Receipt(tableDigest: digest, volumes: [])), now: now)
                default: break
                }
            }
            _ = receiver.nextTick
        }
        return acknowledged <= bytes.count * 128 ? [] : ["more is whole than has come"]
    }

    private func handToSender() -> [String] {
        var setup = SenderSession.Setup(session: Name(cleaning: "s"), goal: .lossless, rate: .automatic(ceiling: 100e6))
        setup.mayBeKnown = bytes[0] & 2 != 0
        var sender = SenderSession(setup, now: .zero)
        var now = Duration.zero
        _ = sender.handle(.connected(roundTrip: .milliseconds(80), nonce: []), now: now)
        for ordinal in 0..<4 as Range<UInt32> {
            let record = [UInt8](repeating: UInt8(ordinal), count: 3000 * Int(ordinal + 1))
            _ = sender.handle(.chunk(ordinal: ordinal, rank: UInt64(ordinal), record: record, isProtected: ordinal == 1), now: now)
        }
        _ = sender.handle(.supplied(tableDigest: Digest(of: [])), now: now)
        for event in events {
            now += event.wait
            switch event.kind % 8 {
            case 0...4: _ = sender.handle(.datagram(event.datagram), now: now)
            case 5: _ = sender.handle(.tick, now: now)
            case 6: _ = sender.handle(.transport(TransportState(repeatedCount: event.body.count)), now: now)
            default:
                _ = sender.handle(.disconnected, now: now)
                _ = sender.handle(.connected(roundTrip: .milliseconds(80), nonce: []), now: now)
            }
            _ = sender.nextTick
            _ = sender.nextAllowance
        }
        return []
    }

    /// A session that goes well, to either end.
    package static func seed(toSender: Bool) throws -> [UInt8] {
        var bytes: [UInt8] = [toSender ? 1 : 0]
        func put(_ datagram: Datagram, kind: UInt8 = 0) {
            let body = datagram.encoded().dropFirst(2)
            bytes += [kind, 3, UInt8(body.count >> 8), UInt8(body.count & 255)] + body
        }
        if toSender {
            put(.welcome(Welcome(standing: .begun, nonce: [], manifestDigest: nil, pageCount: 1)))
            put(
                .holdings(
                    Holdings(
                        answer: 0, page: 0, pageCount: 1, runs: [Holdings.Run(ordinal: 1, totalByteCount: 6000, pieces: 0..<2)])))
            var report = Report()
            report.receivedByteCount = 4000
            report.receivedDatagramCount = 3
            report.arrivalCount = 3
            report.spanByteCount = 2900
            report.spanMicroseconds = 2000
            report.lastArrivalMicroseconds = 90_000
            put(.report(report))
            put(.focus(Focus(number: 1, volume: 0, box: try .init(x: 0..<4, y: 0..<4, z: 0..<4))))
            put(.acknowledgement([0..<4]))
            put(.report(report), kind: 6)
            put(.receipt(Receipt(tableDigest: Digest(of: []), volumes: [])))
        } else {
            put(
                .hello(
                    Hello(
                        session: Name(cleaning: "s"), goal: .lossless, elapsedMicroseconds: 1, roundTripMicroseconds: 2,
                        resumes: false,
                        nonce: [])))
            let limit = Fragment.payloadLimit
            for (offset, count) in [(0, limit), (limit, 579)] {
                put(
                    .data(
                        Fragment(
                            ordinal: 0, totalByteCount: 2000, offset: UInt32(offset), departureMicroseconds: 7,
                            payload: [UInt8](repeating: 1, count: count)[...])))
            }
            put(
                .parity(
                    Parity(
                        ordinal: 1, totalByteCount: 100, block: 0, index: 0, departureMicroseconds: 9,
                        payload: [UInt8](repeating: 3, count: limit)[...])))
            put(.heartbeat(Heartbeat(sequence: 1, departureMicroseconds: 12, asksForHoldings: true)))
            put(.end(tableDigest: Digest(of: [])))
            put(.bye)
        }
        return bytes
    }
}
