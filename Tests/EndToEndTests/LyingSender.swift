import Bytes
import SRTTransport
import Testing
import WireFormat

/// A sender that follows the wire format and says in it what it likes.
enum LyingSender {
    /// Connects, sends these records and the end, and gives what the receiver says before it leaves.
    /// - Parameter rounds: of at most 10 ms each; then it gives up.
    static func send(_ records: [(UInt32, [UInt8])], end: Digest?, session: String = "s", rounds: Int = 1500, to port: Int)
        async throws
        -> [Datagram]
    {
        let connection = try await SRTConnection.connect(
            to: HostPort(host: "127.0.0.1", port: UInt16(port)), options: SRTOptions(maximumBitsPerSecond: 50e6))
        var messages = [
            Datagram.hello(
                Hello(
                    session: try Name(session), goal: .lossless, elapsedMicroseconds: 0, roundTripMicroseconds: 0, resumes: false,
                    nonce: [])
            ).encoded()
        ]
        for (ordinal, record) in records {
            for offset in stride(from: 0, to: record.count, by: Fragment.payloadLimit) {
                let piece = record[offset..<min(offset + Fragment.payloadLimit, record.count)]
                let fragment = Fragment(
                    ordinal: ordinal, totalByteCount: UInt32(record.count), offset: UInt32(offset), departureMicroseconds: 0,
                    payload: piece)
                messages.append(Datagram.data(fragment).encoded())
            }
        }
        if let end { messages.append(Datagram.end(tableDigest: end).encoded()) }
        var answers: [Datagram] = []
        var outgoing = messages
        for round in 0..<rounds {
            // A lost last datagram would never be sent again without something behind it.
            if round > 0, round % 5 == 0 {
                outgoing = [Datagram.heartbeat(Heartbeat(sequence: UInt32(round), departureMicroseconds: 0)).encoded()]
            }
            let turn = await connection.turn(sending: outgoing, timeout: .milliseconds(10))
            outgoing = []
            answers += turn.received.compactMap { try? Datagram(decoding: $0) }
            if !turn.isConnected { break }
            let isOver = answers.contains { answer in
                switch answer {
                case .abort, .receipt: true
                default: false
                }
            }
            if isOver {
                _ = await connection.turn(sending: [Datagram.bye.encoded()], timeout: .milliseconds(50))
                break
            }
        }
        await connection.close(timeout: .milliseconds(200))
        return answers
    }

    /// Why the receiver gave up; nil when it did not.
    static func abort(_ answers: [Datagram]) -> Abort? {
        for case .abort(let abort) in answers { return abort }
        return nil
    }

    /// The receiver's receipt.
    static func receipt(_ answers: [Datagram]) -> Receipt? {
        for case .receipt(let receipt) in answers { return receipt }
        return nil
    }
}
