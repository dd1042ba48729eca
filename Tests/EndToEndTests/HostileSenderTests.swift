import Foundation
import SRTTransport
import Testing
import WireFormat

/// A sender that follows the wire format and lies in it.
@Suite("A hostile sender", .serialized)
struct HostileSenderTests {
    /// Starts a receiver, connects, sends these records and the end, and gives what the receiver says before it leaves.
    private func send(_ records: [(UInt32, [UInt8])], end: Digest?, to scratch: Scratch) async throws -> (
        receiver: Program, answers: [Datagram]
    ) {
        let receiver = try Program(
            "fovea", ["receive", "--listen", "127.0.0.1:0", "--out", scratch.file("in"), "--once", "--json"])
        let port = UInt16(try await Transfer.port(of: receiver))
        let connection = try await SRTConnection.connect(
            to: HostPort(host: "127.0.0.1", port: port), options: SRTOptions(maximumBitsPerSecond: 50e6))
        var messages = [
            Datagram.hello(
                Hello(
                    session: try Name("s"), goal: .lossless, elapsedMicroseconds: 0, roundTripMicroseconds: 0, resumes: false,
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
        for round in 0..<400 {
            let turn = await connection.turn(
                sending: round == 0 ? messages : [Datagram.heartbeat(Heartbeat(sequence: 0, departureMicroseconds: 0)).encoded()],
                patience: .milliseconds(10))
            answers += turn.received.compactMap { try? Datagram(decoding: $0) }
            if !turn.isConnected || !receiver.isRunning { break }
            if answers.contains(where: { if case .abort = $0 { true } else { false } }) { break }
        }
        await connection.close(patience: .zero)
        return (receiver, answers)
    }

    private func header() -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 348)
        func put(_ bytes: [UInt8], _ offset: Int) { header.replaceSubrange(offset..<offset + bytes.count, with: bytes) }
        put([0x5c, 1, 0, 0], 0)
        put([3, 0, 8, 0, 8, 0, 8, 0, 1, 0, 1, 0, 1, 0, 1, 0], 40)
        put([4, 0, 16, 0], 70)
        put([0, 0, 0xb0, 0x43], 108)
        put([0x6e, 0x2b, 0x31, 0], 344)
        return header
    }

    private func manifest(plan: [PlannedChunk] = []) throws -> Manifest {
        Manifest(
            goal: .lossless,
            volumes: [
                VolumeManifest(
                    name: try Name("v"), header: header(), extensionByteCount: 4, trailerByteCount: 0, sourceDigest: Digest(of: []),
                    low: 0, high: 0,
                    bitDepth: 12, fill: 0, content: nil, regionSource: .box, regions: [], plan: plan)
            ])
    }

    private func expectRefusal(_ result: (receiver: Program, answers: [Datagram])) async throws {
        let code = try await result.receiver.exitCode(seconds: 20)
        // A trap would end it by a signal.
        #expect(code == 65 || code == 75 || code == 76, "\(String(describing: code)): \(result.receiver.standardError)")
        #expect(result.receiver.standardError.split(separator: "\n").count == 1)
    }

    @Test("A table without the volumes of its manifest is refused, and the receiver lives")
    func emptyTable() async throws {
        let scratch = try Scratch()
        let manifest = try manifest()
        let table = try ChunkRecord(coder: 1, payload: ChunkTable(entries: [], outcomes: []).encoded()).encoded()
        let end = try #require(ChunkRecord.digest(of: table))
        try await expectRefusal(
            try await send(
                [(0, ChunkRecord(coder: 1, payload: manifest.encoded()).encoded()), (manifest.tableOrdinal, table)], end: end,
                to: scratch))
    }

    @Test("An end before anything else is refused")
    func endOnly() async throws {
        let scratch = try Scratch()
        try await expectRefusal(try await send([], end: Digest(of: [1]), to: scratch))
    }

    @Test("A chunk beyond the plan is refused")
    func unplanned() async throws {
        let scratch = try Scratch()
        let record = try ChunkRecord(coder: 1, payload: [1, 2, 3]).encoded()
        try await expectRefusal(
            try await send(
                [(0, ChunkRecord(coder: 1, payload: try manifest().encoded()).encoded()), (9, record)], end: nil, to: scratch))
    }

    @Test("A manifest of garbage is refused")
    func garbage() async throws {
        let scratch = try Scratch()
        let record = try ChunkRecord(coder: 1, payload: (0..<900).map { UInt8(truncatingIfNeeded: $0 &* 7) }).encoded()
        try await expectRefusal(try await send([(0, record)], end: nil, to: scratch))
    }
}
