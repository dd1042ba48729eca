internal import ArgumentParser
internal import Foundation
internal import SRTTransport
internal import SessionRunner
internal import StreamSession
internal import WireFormat

struct ReceiveBytes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receive", abstract: "Receive one session and throw it away.",
        discussion: "Example: transport-benchmark receive --listen 127.0.0.1:9710")

    @Option var listen: String

    func run() async throws {
        let origin = ContinuousClock.now
        let listener = try SRTListener(on: HostPort(parsing: listen), options: SRTOptions(maximumBitsPerSecond: 100e6))
        TransportBenchmark.say(["event": "listening", "port": Int(listener.port)])
        let connection = try await listener.accept()
        var runner = ReceiverRunner(ReceiverSession(now: ContinuousClock.now - origin), over: connection, origin: origin)
        var byteCount = 0
        var first: Double?
        var failure: SessionError?
        await runner.run(
            events: { [] },
            onActions: { actions in
                var events: [ReceiverSession.Event] = []
                for action in actions {
                    switch action {
                    case .begun:
                        first = TransportBenchmark.seconds(since: origin)
                        events.append(.opened(Reassembler(), nonce: []))
                    case .chunk(let ordinal, let record):
                        byteCount += record.count
                        events.append(.applied(ordinal))
                    case .store(let digest): events.append(.stored(Receipt(tableDigest: digest, volumes: [])))
                    case .failed(let error): failure = error
                    default: break
                    }
                }
                return events
            })
        let now = TransportBenchmark.seconds(since: origin)
        await connection.close(timeout: .milliseconds(500))
        await listener.close()
        if let failure { throw failure }
        TransportBenchmark.say([
            "event": "summary", "t": now, "received_bytes": byteCount, "seconds": now - (first ?? now),
        ])
    }
}
