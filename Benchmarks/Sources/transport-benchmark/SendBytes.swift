import Bytes
internal import ArgumentParser
internal import Foundation
internal import SRTTransport
internal import SessionRunner
internal import StreamSession
internal import WireFormat

struct SendBytes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send", abstract: "Send random bytes in chunks, and say how long it took.",
        discussion: "Example: transport-benchmark send --to 127.0.0.1:9710 --bytes 2000000")

    @Option var to: String
    @Option(help: "Bytes of chunks.") var bytes = 2_000_000
    @Option(help: "Bytes of background that fill the link before a burst of high priority.") var background: Int?
    @Option(help: "Bytes of that burst.") var burst: Int?
    @Option(help: "Parity pieces over pieces, for the burst.") var fec: Double?
    @Option(help: "A fixed rate in bits a second; found out by default.") var rate: Double?
    @Option var seed: UInt64 = 1

    private static let chunkByteCount = 200_000

    /// The chunks that are sent, and when each was confirmed.
    private struct Progress {
        var first: Duration?
        var last = Duration.zero
        var burstHanded: Duration?
        var burstConfirmed: Duration?
        var queueSum = 0.0
        var queueCount = 0.0
        var result: Result<Void, SessionError>?
    }

    func run() async throws {
        let origin = ContinuousClock.now
        var setup = SenderSession.Setup(
            session: try Name("benchmark"), goal: .lossless, rate: rate.map { .fixed($0) } ?? .automatic())
        setup.parityRatio = fec ?? 0
        let chunks = try Self.chunks(byteCount: background ?? bytes, seed: seed)
        let table = UInt32(chunks.count)
        let burstRecord = try burst.map { try Self.record($0, seed: seed &+ 1000) }
        var runner = SenderRunner(
            SenderSession(setup, now: .zero), to: try HostPort(parsing: to), options: SRTOptions(maximumBitsPerSecond: 1e6),
            timeout: .seconds(20), origin: origin)
        var progress = Progress()
        var waiting: [SenderSession.Event] = chunks.enumerated().map { ordinal, record in
            .chunk(ordinal: UInt32(ordinal), rank: 1000 + UInt64(ordinal), record: record, isProtected: false)
        }
        if burstRecord == nil { waiting.append(.supplied(tableDigest: Digest(of: [1]))) }
        var queueDelay = 0.0
        var nextQueue = Duration.zero
        await runner.run(
            events: {
                let now = ContinuousClock.now - origin
                if let first = progress.first, progress.burstHanded == nil, now - first > .seconds(4), let burstRecord {
                    progress.burstHanded = now
                    waiting += [
                        .chunk(ordinal: table, rank: 1, record: burstRecord, isProtected: true),
                        .supplied(tableDigest: Digest(of: [1])),
                    ]
                }
                defer { waiting = [] }
                return waiting
            },
            onAction: { action in
                let now = ContinuousClock.now - origin
                switch action {
                case .send:
                    progress.first = progress.first ?? now
                case .acknowledged(let ordinals):
                    progress.last = now
                    if ordinals.contains(table) { progress.burstConfirmed = now }
                case .finished: progress.result = .success(())
                case .failed(let error): progress.result = .failure(error)
                default: break
                }
            },
            onTurn: { session in
                let now = ContinuousClock.now - origin
                guard now >= nextQueue, session.hasQueued else { return }
                nextQueue = now + .milliseconds(10)
                queueDelay += session.queueDelay / .milliseconds(1)
                progress.queueCount += 1
            })
        try progress.result?.get()
        progress.queueSum = queueDelay
        let byteCount = chunks.reduce(0) { $0 + $1.count } + (burstRecord?.count ?? 0)
        TransportBenchmark.say(Self.summary(runner, progress, byteCount: byteCount))
    }

    private static func summary(_ runner: SenderRunner, _ progress: Progress, byteCount: Int) -> [String: Any] {
        let total = Double(byteCount)
        let first = progress.first ?? .zero
        let traffic = runner.traffic
        var fields: [String: Any] = [
            "event": "summary", "seconds": progress.last / .seconds(1), "seconds_from_first": (progress.last - first) / .seconds(1),
            "goodput_bps": total * 8 / ((progress.last - first) / .seconds(1)), "connect_seconds": traffic.connectSeconds,
            "retransmit_ratio": Double(traffic.repeatedCount) / Double(max(1, traffic.sentCount)),
            "mean_queue_delay_ms": progress.queueSum / max(1, progress.queueCount), "bytes": byteCount,
        ]
        if let handed = progress.burstHanded, let confirmed = progress.burstConfirmed {
            // The word of its arrival took half a round trip.
            let back = runner.session.minRoundTrip / 2
            fields["burst_seconds"] = (confirmed - handed - back) / .seconds(1)
        }
        return fields
    }

    private static func chunks(byteCount: Int, seed: UInt64) throws -> [[UInt8]] {
        let count = max(1, byteCount / chunkByteCount)
        return try (0..<count).map { try record(byteCount / count, seed: seed &+ UInt64($0)) }
    }

    /// A record that does not compress, the same for the same seed.
    private static func record(_ byteCount: Int, seed: UInt64) throws -> [UInt8] {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        let payload = (0..<max(1, byteCount - 49)).map { _ in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return UInt8(truncatingIfNeeded: state >> 32)
        }
        return try ChunkRecord(coder: 1, payload: payload).encoded()
    }
}
