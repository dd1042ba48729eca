import Congestion
import Bytes
import SRTTransport
import Secrecy
import SessionRunner
import StreamSession
import Synchronization
import Testing
import WireFormat

/// Sessions over real connections on loopback, one end a test's own.
@Suite("Sessions over sockets", .serialized)
struct RunnerTests {
    private let options = SRTOptions(maximumBitsPerSecond: 20e6)

    private func listen() throws -> SRTListener { try SRTListener(on: HostPort(host: "127.0.0.1", port: 0), options: options) }

    /// The datagrams of a connection until `isEnough`, or it is gone.
    private func receive(_ connection: SRTConnection, until isEnough: ([Datagram]) -> Bool) async -> [Datagram] {
        var datagrams: [Datagram] = []
        for _ in 0..<2000 where !isEnough(datagrams) {
            let turn = await connection.turn(sending: [], timeout: .milliseconds(10))
            datagrams += turn.received.compactMap { try? Datagram(decoding: $0) }
            if !turn.isConnected { break }
        }
        return datagrams
    }

    /// A sender that has nothing to send, until it is stopped.
    private func startSender(to port: UInt16) throws -> (Task<SenderRunner.Traffic, Never>, isStopped: Flag) {
        let setup = SenderSession.Setup(session: try Name("s"), goal: .lossless, rate: .fixed(1e6))
        let isStopped = Flag()
        let run = Task { [options] in
            var runner = SenderRunner(
                SenderSession(setup, now: .zero), to: HostPort(host: "127.0.0.1", port: port), options: options,
                timeout: .seconds(10),
                origin: .now)
            await runner.run(
                events: { isStopped.isSet ? [.cancel(Abort(reason: .cancelled, message: "the test is over"))] : [] },
                onAction: { _ in })
            return runner.traffic
        }
        return (run, isStopped)
    }

    private func hello(_ datagrams: [Datagram]) -> Hello? {
        datagrams.lazy.compactMap { if case .hello(let hello) = $0 { hello } else { nil } }.first
    }

    @Test("Each connection of a session begins with random bytes of its own, and figures of all are added up")
    func connections() async throws {
        let listener = try listen()
        let (run, isStopped) = try startSender(to: listener.port)
        var nonces: Set<[UInt8]> = []
        // What went last on a connection that is lost may not be counted.
        var comeCount = 0
        for _ in 0..<3 {
            let connection = try await listener.accept()
            let come = await receive(connection) { hello($0) != nil }
            nonces.insert(try #require(hello(come)).nonce)
            comeCount += come.count
            // Some turns more, in which the sender counts what has gone.
            for _ in 0..<10 { comeCount += await connection.turn(sending: [], timeout: .milliseconds(10)).received.count }
            await connection.close(timeout: .zero)
        }
        #expect(nonces.count == 3)
        isStopped.set()
        let traffic = await run.value
        #expect(traffic.connectionCount >= 3 && 3 * traffic.sentCount >= 2 * comeCount, "\(traffic), \(comeCount) came")
        await listener.close()
    }

    @Test("A sender that is stopped tells its receiver before it is gone")
    func farewell() async throws {
        let listener = try listen()
        let (run, isStopped) = try startSender(to: listener.port)
        let connection = try await listener.accept()
        _ = await receive(connection) { hello($0) != nil }
        isStopped.set()
        let come = await receive(connection) { $0.contains { if case .abort = $0 { true } else { false } } }
        #expect(come.contains { if case .abort(let abort) = $0 { abort.reason == .cancelled } else { false } }, "\(come)")
        _ = await run.value
        await connection.close(timeout: .zero)
        await listener.close()
    }

    @Test("A receiver that refuses a sender says why before it is gone")
    func refusal() async throws {
        // libsrt may close a connection ahead of what was said last; a sender then asks again.
        var come: [Datagram] = []
        for _ in 0..<4 where come.isEmpty { come = try await refused() }
        #expect(come.contains { if case .abort(let abort) = $0 { abort.reason == .refused } else { false } }, "\(come)")
    }

    /// The answer to a caller that breaks the protocol.
    private func refused() async throws -> [Datagram] {
        let listener = try listen()
        async let accepted = listener.accept()
        let client = try await SRTConnection.connect(to: HostPort(host: "127.0.0.1", port: listener.port), options: options)
        let server = try await accepted
        let run = Task {
            var runner = ReceiverRunner(ReceiverSession(now: .zero), over: server, origin: .now)
            await runner.run(events: { [] }, onActions: { _ in [] })
            await server.close(timeout: .seconds(2))
        }
        // Nothing a sender may say.
        _ = await client.turn(
            sending: [Datagram.receipt(Receipt(tableDigest: Digest(of: []), volumes: [])).encoded()], timeout: .zero)
        _ = await client.turn(
            sending: [
                Datagram.hello(
                    Hello(
                        session: try Name("s"), goal: .roi, elapsedMicroseconds: 0, roundTripMicroseconds: 0, resumes: false,
                        nonce: [])
                ).encoded(), [1, 2, 3],
            ], timeout: .zero)
        let come = await receive(client) { datagrams in datagrams.contains { if case .abort = $0 { true } else { false } } }
        await run.value
        await client.close(timeout: .zero)
        await listener.close()
        return come
    }
}

/// Set once.
private final class Flag: Sendable {
    private let state = Mutex(false)
    var isSet: Bool { state.withLock { $0 } }
    func set() { state.withLock { $0 = true } }
}
