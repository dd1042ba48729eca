import Congestion
import Faults
import StreamSession
import Testing
import WireFormat

@Suite("A receiver that is full, or started again, is waited for")
struct WaitingTests {
    private func sender(_ change: (inout SessionTiming) -> Void = { _ in }) throws -> SenderSession {
        var setup = SenderSession.Setup(session: try Name("s"), goal: .lossless, rate: .fixed(1e6))
        change(&setup.timing)
        return SenderSession(setup, now: .zero)
    }

    private func connect(_ sender: inout SenderSession, at seconds: Double) {
        _ = sender.handle(.connected(roundTrip: .milliseconds(20), nonce: [UInt8](repeating: 1, count: 16)), now: .seconds(seconds))
    }

    private func hear(_ sender: inout SenderSession, _ datagram: Datagram, at seconds: Double) -> [SenderSession.Action] {
        sender.handle(.datagram(datagram.encoded()), now: .seconds(seconds))
    }

    private func abort(_ reason: Abort.Reason) -> Datagram { .abort(Abort(reason: reason, message: "it has 16 sessions already")) }

    private func failure(_ actions: [SenderSession.Action]) -> SessionError? {
        actions.lazy.compactMap { if case .failed(let error) = $0 { error } else { nil } }.first
    }

    @Test("One that is started again is connected to again at once, and given up when its patience is over")
    func restarting() throws {
        var sender = try sender { $0.resumeTimeout = .seconds(60) }
        connect(&sender, at: 0)
        #expect(hear(&sender, abort(.restarting), at: 1) == [.reconnect])
        #expect(!sender.isOver)
        #expect(failure(sender.handle(.tick, now: .seconds(60))) == nil)
        #expect(failure(sender.handle(.tick, now: .seconds(61)))?.code == .peerSilent)
    }

    @Test("A full one is asked again after a pause, and in the end said to be full")
    func full() throws {
        var sender = try sender {
            $0.fullTimeout = .seconds(3)
            $0.fullPause = .seconds(1)
        }
        connect(&sender, at: 0)
        #expect(hear(&sender, abort(.full), at: 0) == [.stalled(.full)])
        #expect(sender.nextTick == .seconds(1))
        #expect(sender.handle(.tick, now: .milliseconds(999)) == [])
        #expect(sender.handle(.tick, now: .seconds(1)) == [.reconnect])
        connect(&sender, at: 1)
        #expect(hear(&sender, abort(.full), at: 1) == [])
        #expect(sender.handle(.tick, now: .seconds(3)) == [.reconnect])
        connect(&sender, at: 3)
        let error = failure(hear(&sender, abort(.full), at: 3))
        #expect(error?.code == .busy)
        #expect(error?.message.contains("it has 16 sessions already") == true)
        #expect(sender.isOver)
    }

    @Test("What still comes on the connection that was given up changes nothing")
    func stray() throws {
        var sender = try sender()
        connect(&sender, at: 0)
        _ = hear(&sender, abort(.full), at: 0)
        #expect(hear(&sender, .acknowledgement([0..<1]), at: 0) == [])
        #expect(!sender.isOver)
    }

    @Test("A session that a receiver had taken waits for its place as long as for its receiver")
    func taken() throws {
        var sender = try sender {
            $0.fullTimeout = .seconds(3)
            $0.resumeTimeout = .seconds(600)
        }
        connect(&sender, at: 0)
        let welcome = Welcome(standing: .fresh, nonce: [UInt8](repeating: 2, count: 16), manifestDigest: nil, pageCount: 0)
        _ = hear(&sender, .welcome(welcome), at: 0.1)
        _ = sender.handle(.disconnected, now: .seconds(1))
        connect(&sender, at: 2)
        _ = hear(&sender, abort(.full), at: 2)
        _ = sender.handle(.tick, now: .seconds(10))
        connect(&sender, at: 10)
        #expect(failure(hear(&sender, abort(.full), at: 10)) == nil)
        #expect(!sender.isOver)
    }

    @Test("A refusal of the transport's ends the session with its own reason", arguments: [SessionError.Code.notPermitted, .busy])
    func rejected(code: SessionError.Code) throws {
        var sender = try sender()
        let error = SessionError(code, "The receiver rejected the secret.")
        #expect(sender.handle(.rejected(error), now: .zero) == [.failed(error)])
        #expect(sender.isOver)
    }

    @Test("A reason that this version does not know is one for being done")
    func unknownReason() throws {
        var bytes = abort(.full).encoded()
        bytes[4] = 99
        #expect(try Datagram(decoding: bytes) == abort(.failed))
    }
}
