import Bytes
import Concurrency
import Receiver
import Foundation
import Profiles
import SRTTransport
import Testing
import VolumeModel
import WireFormat

@Suite("A receiver in trouble", .serialized)
struct CrowdTests {
    /// A sender that follows the wire format, says what it is told to, and goes on until the receiver has had enough.
    private func attack(_ port: UInt16, _ records: [(UInt32, [UInt8])], session: String = "hostile", rounds: Int = 6000)
        async throws -> Abort?
    {
        let connection = try await SRTConnection.connect(
            to: HostPort(host: "127.0.0.1", port: port), options: SRTOptions(maximumBitsPerSecond: 200e6))
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
        var abort: Abort?
        for round in 0..<rounds where abort == nil {
            let turn = await connection.turn(sending: messages, timeout: .milliseconds(10))
            messages = []
            if turn.waitingCount == 0, round % 10 == 0 {
                messages = [Datagram.heartbeat(Heartbeat(sequence: 0, departureMicroseconds: 0)).encoded()]
            }
            for bytes in turn.received {
                if case .abort(let said)? = try? Datagram(decoding: bytes) { abort = said }
            }
            if !turn.isConnected { break }
        }
        await connection.close(timeout: .zero)
        return abort
    }

    /// One slice of 8192 x 8192 bytes and so many mask chunks over it.
    private func heavyManifest(_ count: Int) throws -> Manifest {
        var header = [UInt8](repeating: 0, count: 348)
        func put(_ bytes: [UInt8], _ offset: Int) { header.replaceSubrange(offset..<offset + bytes.count, with: bytes) }
        put([0x5c, 1, 0, 0], 0)
        put([3, 0, 0, 32, 0, 32, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0], 40)
        put([2, 0, 8, 0], 70)
        put([0, 0, 0xb0, 0x43], 108)
        put([0x6e, 0x2b, 0x31, 0], 344)
        let box = try Box(x: 0..<8192, y: 0..<8192, z: 0..<1)
        return Manifest(
            goal: .lossless,
            volumes: [
                VolumeManifest(
                    name: try Name("v"), header: header, extensionByteCount: 4, trailerByteCount: 0, sourceDigest: Digest(of: []),
                    low: 0, high: 255, bitDepth: 8, fill: 0, content: box, regionSource: .box, regions: [],
                    plan: try Array(
                        repeating: PlannedChunk(layer: .mask, box: StackedBox(x: box.x, y: box.y, z: box.z)), count: count))
            ])
    }

    private func receiver(_ scratch: Scratch) throws -> Program {
        try Program("fovea", ["receive", "--listen", "127.0.0.1:0", "--out", scratch.file("in"), "--json"])
    }

    /// The decoders of a receiver.
    private func decoders(of receiver: Program) -> [pid_t] {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(receiver.pid)/task")) ?? []
        return tasks.flatMap { task in
            ((try? String(contentsOfFile: "/proc/\(receiver.pid)/task/\(task)/children", encoding: .utf8)) ?? "").split(
                separator: " "
            )
            .compactMap { pid_t($0) }
        }
    }

    private func send(_ volume: String, _ mask: String, to port: Int, session: String) async throws -> Int32? {
        try await Program.run(
            "fovea", ["send", volume, "--mask", mask, "--session", session, "--to", "127.0.0.1:\(port)", "--encoding", "fast"]
        ).code
    }

    @Test("A session that is refused takes its decoders with it, whatever it has waiting, and the next transfer ends exact")
    func refused() async throws {
        let scratch = try Scratch()
        let receiver = try receiver(scratch)
        let port = try await Transfer.port(of: receiver)
        let manifest = try heavyManifest(40)
        var source = SystemRandomNumberGenerator()
        let chunks = try (1...40).map { ordinal in
            let payload = (0..<2000).map { _ in UInt8.random(in: 0...255, using: &source) }
            return (UInt32(ordinal), try ChunkRecord(coder: 2, payload: payload).encoded())
        }
        let abort = try await attack(
            UInt16(port), [(0, try ChunkRecord(coder: 1, payload: manifest.encoded()).encoded())] + chunks)
        #expect(abort?.reason == .refused)
        // Forty chunks of two seconds each: whoever decoded them all would take more than this.
        for _ in 0..<1500 where !decoders(of: receiver).isEmpty { try await Task.sleep(for: .milliseconds(10)) }
        #expect(decoders(of: receiver).isEmpty)
        let head = try Transfer.phantom(scratch)
        #expect(try await send(head.volume, head.mask, to: port, session: "s") == 0)
        #expect(receiver.isRunning)
    }

    @Test("Decoders that are killed in the middle of a transfer cost a second try each, not the session")
    func killed() async throws {
        let scratch = try Scratch()
        let head = try Transfer.phantom(scratch, columns: 160, rows: 160, slices: 96)
        let transfer = try await Transfer.start(scratch, volumes: [head.volume], arguments: ["--mask", head.mask])
        var killed = 0
        // All at one moment: a chunk whose decoder dies again, however slow this machine is, would be refused.
        for _ in 0..<3000 where transfer.sender.isRunning && killed == 0 {
            let found = decoders(of: transfer.receiver)
            for process in found { kill(process, SIGKILL) }
            killed += found.count
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(killed >= 1)
        let codes = try await transfer.finish()
        #expect(codes == (0, 0), "\(transfer.receiver.standardError)")
    }

    @Test("Strangers that say nothing start no decoders")
    func strangers() async throws {
        let scratch = try Scratch()
        let receiver = try receiver(scratch)
        let port = UInt16(try await Transfer.port(of: receiver))
        var connections: [SRTConnection] = []
        for _ in 0..<6 {
            connections.append(
                try await SRTConnection.connect(
                    to: HostPort(host: "127.0.0.1", port: port), options: SRTOptions(maximumBitsPerSecond: 1e6)))
        }
        for _ in 0..<50 {
            #expect(decoders(of: receiver).isEmpty)
            try await Task.sleep(for: .milliseconds(10))
        }
        for connection in connections { await connection.close(timeout: .zero) }
    }

    @Test("A sender whose chunks wait for what it never sends is refused once they hold more bytes than a session may")
    func waitingBytes() async throws {
        let scratch = try Scratch()
        var site = ReceivingSite(folder: scratch.file("in"), transport: TransportProfile())
        site.limits.waitingByteCount = 1 << 20
        let listener = try site.listen(on: "127.0.0.1:0")
        let running = Task { [site] in try await site.run(listener, once: false, clock: Stopwatch()) { _ in } }
        // They come before the manifest, which never comes.
        let chunks = try (1...20).map {
            (UInt32($0), try ChunkRecord(coder: 1, payload: [UInt8](repeating: 0, count: 60_000)).encoded())
        }
        let few = try await attack(listener.port, Array(chunks.prefix(15)), session: "few", rounds: 100)
        #expect(few == nil)
        let abort = try await attack(listener.port, chunks)
        #expect(abort?.reason == .undecodable)
        #expect(abort?.message.contains("wait for others they rest on") == true)
        running.cancel()
        _ = await running.result
        await listener.close()
    }
}
