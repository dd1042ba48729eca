import Bytes
import Concurrency
import Receiver
import Foundation
import Profiles
import SRTTransport
import Synchronization
import Testing
import WireFormat

/// A receiver in this process, whose limits and disk a test may choose.
final class OpenReceiver: Sendable {
    let port: Int
    private let log: Log
    private let task: Task<Void, Never>

    private final class Log: Sendable {
        let state = Mutex((endings: [String](), refusals: [SRTRefusal]()))
        func add(ending: String) { state.withLock { $0.endings.append(ending) } }
        func add(refusal: SRTRefusal) { state.withLock { $0.refusals.append(refusal) } }
    }

    init(_ scratch: Scratch, _ change: (inout ReceivingSite) -> Void = { _ in }) async throws {
        var site = ReceivingSite(folder: scratch.file("in"), transport: TransportProfile())
        change(&site)
        let listener = try site.listen(on: "127.0.0.1:0")
        port = Int(listener.port)
        let log = Log()
        self.log = log
        task = Task { [site] in
            try? await site.run(listener, once: false, clock: Stopwatch()) { event in
                switch event {
                case .ended(_, .success): log.add(ending: "")
                case .ended(_, .failure(let error)): log.add(ending: "\(error)")
                case .refused(let reason, _, _): log.add(refusal: reason)
                default: break
                }
            }
            await listener.close()
        }
    }

    /// The ends of sessions: empty when well, or the reason.
    var endings: [String] { log.state.withLock { $0.endings } }
    /// Why callers got no further.
    var refusals: [SRTRefusal] { log.state.withLock { $0.refusals } }

    /// Waits for so many endings.
    func endings(_ count: Int) async throws -> [String] {
        for _ in 0..<3000 where endings.count < count { try await Task.sleep(for: .milliseconds(10)) }
        return endings
    }

    func stop() async {
        task.cancel()
        await task.value
    }
}

/// A sender by hand: it says what a test wants, and notes what it is answered.
final class Peer {
    let connection: SRTConnection
    private(set) var answers: [Datagram] = []
    private(set) var isConnected = true

    init(port: Int) async throws {
        connection = try await SRTConnection.connect(
            to: HostPort(host: "127.0.0.1", port: UInt16(port)), options: SRTOptions(maximumBitsPerSecond: 50e6))
    }

    func say(_ datagrams: [Datagram]) async { await say(messages: datagrams.map { $0.encoded() }) }

    private func say(messages: [[UInt8]]) async {
        let turn = await connection.turn(sending: messages, timeout: .milliseconds(10))
        answers += turn.received.compactMap { try? Datagram(decoding: $0) }
        isConnected = turn.isConnected
    }

    func greet(_ session: String) async throws {
        let hello = Hello(
            session: try Name(session), goal: .lossless, elapsedMicroseconds: 0, roundTripMicroseconds: 0, resumes: false, nonce: []
        )
        await say([.hello(hello)])
        _ = try await wait { if case .welcome = $0 { true } else { false } }
    }

    /// Says a whole record.
    func say(_ ordinal: UInt32, _ record: [UInt8]) async {
        await say(
            stride(from: 0, to: record.count, by: Fragment.payloadLimit).map { offset in
                .data(
                    Fragment(
                        ordinal: ordinal, totalByteCount: UInt32(record.count), offset: UInt32(offset), departureMicroseconds: 0,
                        payload: record[offset..<min(offset + Fragment.payloadLimit, record.count)]))
            })
    }

    /// Waits for an answer, asking what is held; nil when the receiver leaves first.
    func wait(for isIt: (Datagram) -> Bool) async throws -> Datagram? {
        for _ in 0..<2000 {
            if let found = answers.first(where: isIt) { return found }
            guard isConnected else { return nil }
            await ask()
        }
        return nil
    }

    /// Asks what is held, and takes what comes.
    func ask() async {
        await say([.heartbeat(Heartbeat(sequence: 0, departureMicroseconds: 0, asksForHoldings: true))])
    }

    /// The acknowledgements, one answer after the other.
    var acknowledged: [[Range<UInt32>]] {
        answers.compactMap { if case .acknowledgement(let ranges) = $0 { ranges } else { nil } }
    }
    /// True when any chunk has been acknowledged.
    var hasAcknowledged: Bool { acknowledged.contains { !$0.isEmpty } }
    /// Why the receiver gave up.
    var farewell: Abort? {
        answers.lazy.compactMap { if case .abort(let abort) = $0 { abort } else { nil } }.first
    }

    /// A manifest of one volume of 8 x 8 x 8 voxels, all of one value.
    static func manifest() throws -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 348)
        func put(_ bytes: [UInt8], _ offset: Int) { header.replaceSubrange(offset..<offset + bytes.count, with: bytes) }
        put([0x5c, 1, 0, 0], 0)
        put([3, 0, 8, 0, 8, 0, 8, 0, 1, 0, 1, 0, 1, 0, 1, 0], 40)
        put([4, 0, 16, 0], 70)
        put([0, 0, 0xb0, 0x43], 108)
        put([0x6e, 0x2b, 0x31, 0], 344)
        let volume = VolumeManifest(
            name: try Name("v"), header: header, extensionByteCount: 4, trailerByteCount: 0, sourceDigest: Digest(of: []), low: 0,
            high: 0, bitDepth: 12, fill: 0, content: nil, regionSource: .box, regions: [], plan: [])
        return try ChunkRecord(coder: 1, payload: Manifest(goal: .lossless, volumes: [volume]).encoded()).encoded()
    }
}
