import Faults
import NetSim
import StreamSession
import Testing
import WireFormat

@Suite("Endings before the end")
struct EndingTests {
    /// Moments of a session, in their order.
    enum Moment: String, CaseIterable, Sendable {
        case beforeConnecting, connecting, sending, decoding, ending, storing, stored

        func hasCome(_ pair: SessionPair) -> Bool {
            switch self {
            case .beforeConnecting: true
            case .connecting: !pair.sent(from: .client).isEmpty
            case .sending: pair.arrivals.count > 3 && pair.sender.hasQueued
            case .decoding: pair.arrivals.count == pair.setup.chunks.count && pair.acknowledged.count < pair.setup.chunks.count
            case .ending: pair.sent(from: .client).contains { if case .end = $0.datagram { true } else { false } }
            case .storing: pair.receiverTime(.store(tableDigest: pair.tableDigest)) != nil
            case .stored: pair.sent(from: .server).contains { if case .receipt = $0.datagram { true } else { false } }
            }
        }
    }

    private func makePair(at moment: Moment) throws -> SessionPair {
        var setup = SessionPair.Setup(link: try Link.rural4G.parameters(), chunks: try makeSession(seed: 2))
        setup.connectedAt = .milliseconds(10)
        var pair = try SessionPair(setup)
        pair.run(until: .seconds(60), or: { moment.hasCome($0) })
        #expect(moment.hasCome(pair) && !pair.isOver, "\(moment)")
        return pair
    }

    @Test(
        "A sender whose connection goes asks at every moment for another, and says after ten minutes that there is none",
        arguments: Moment.allCases)
    func senderDisconnected(moment: Moment) throws {
        var pair = try makePair(at: moment)
        let before = pair.senderActions.count
        let gone = pair.now
        pair.tell(sender: .disconnected)
        pair.tell(sender: .disconnected)
        #expect(!pair.sender.isOver)
        // Where there has been no connection none is missed: whoever makes the first one says when it cannot be had.
        #expect(pair.senderActions.dropFirst(before).map(\.action) == (moment == .beforeConnecting ? [] : [.reconnect]))
        #expect(pair.sender.nextTick == (moment == .beforeConnecting ? nil : gone + .seconds(600)))
        guard moment != .beforeConnecting else { return }
        var sender = pair.sender
        #expect(sender.handle(.tick, now: gone + .milliseconds(599_999)).isEmpty)
        guard case .failed(let error)? = sender.handle(.tick, now: gone + .seconds(600)).last else {
            Issue.record("no failure at \(moment)")
            return
        }
        #expect(error.code == .peerSilent && error.message.contains("600 s"))
        #expect(sender.isOver && sender.nextTick == nil)
    }

    @Test("A sender that can have no connection any more says why, at every moment", arguments: Moment.allCases)
    func unreachable(moment: Moment) throws {
        var pair = try makePair(at: moment)
        let before = pair.senderActions.count
        pair.tell(sender: .disconnected)
        pair.tell(sender: .unreachable("no route to the host"))
        #expect(pair.senderActions.count == before + (moment == .beforeConnecting ? 1 : 2))
        #expect(pair.senderFailure == SessionError(.unreachable, "no route to the host"))
        #expect(pair.sender.isOver && pair.sender.nextTick == nil)
    }

    @Test("A receiver whose connection goes fails at every moment but once everything is stored", arguments: Moment.allCases)
    func receiverDisconnected(moment: Moment) throws {
        var pair = try makePair(at: moment)
        let before = pair.receiverActions.count
        pair.tell(receiver: .disconnected)
        #expect(pair.receiverActions.count == before + 1)
        #expect(pair.receiver.isOver && pair.receiver.nextTick == nil)
        if moment == .stored {
            #expect(pair.receiverActions.last?.action == .closed)
        } else {
            #expect(pair.receiverFailure?.code == .peerGone)
        }
    }

    @Test("A sender that is stopped tells the receiver why, at every moment after it is connected", arguments: Moment.allCases)
    func cancel(moment: Moment) throws {
        var pair = try makePair(at: moment)
        let text = "die Ärztin hat abgebrochen"
        pair.tell(sender: .cancel(Abort(reason: .cancelled, message: text)))
        #expect(pair.sender.isOver)
        #expect(pair.senderFailure == SessionError(.cancelled, text))
        guard moment != .beforeConnecting else {
            #expect(pair.sent(from: .client).isEmpty)
            return
        }
        #expect(pair.sent(from: .client).last?.datagram == .abort(Abort(reason: .cancelled, message: text)))
        pair.run(until: pair.now + .seconds(5), or: { $0.receiver.isOver })
        // Once the receiver has promised what it has, a sender that stops takes nothing back.
        if moment == .stored {
            #expect(pair.receiverActions.last?.action == .closed)
        } else {
            #expect(pair.receiverFailure?.code == .peerAborted)
            #expect(pair.receiverFailure?.message.contains(text) == true)
        }
    }

    @Test(
        "A receiver that gives up tells the sender why, at every moment until its receipt is on its way",
        arguments: Moment.allCases,
        [Abort.Reason.cancelled, .refused, .failed])
    func giveUp(moment: Moment, reason: Abort.Reason) throws {
        var pair = try makePair(at: moment)
        let text = "no room left on the disk"
        pair.tell(receiver: .giveUp(Abort(reason: reason, message: text)))
        #expect(pair.receiver.isOver)
        #expect(pair.receiverFailure == SessionError(reason == .cancelled ? .cancelled : .failed, text))
        #expect(pair.sent(from: .server).last?.datagram == .abort(Abort(reason: reason, message: text)))
        pair.run(until: pair.now + .seconds(5), or: { $0.sender.isOver })
        guard moment != .stored else {
            #expect(pair.senderActions.last?.action == .finished(pair.receipt))
            return
        }
        #expect(pair.senderFailure?.code == .peerAborted)
        #expect(pair.senderFailure?.message.contains(text) == true)
    }

    @Test("What comes after the end changes nothing")
    func afterTheEnd() throws {
        var pair = try makePair(at: .sending)
        pair.tell(sender: .unreachable("gone"))
        pair.tell(receiver: .disconnected)
        let count = pair.log.count
        for event in [
            SenderSession.Event.connected(roundTrip: .zero),
            .chunk(ordinal: 99, rank: 0, record: try makeRecord(99, byteCount: 100)),
            .supplied(tableDigest: pair.tableDigest), .datagram([1, 2, 3]),
            .datagram(Datagram.acknowledgement([0..<1]).encoded()),
            .room(50), .tick, .disconnected, .unreachable("gone"), .cancel(Abort(reason: .cancelled, message: "")),
        ] {
            pair.tell(sender: event)
        }
        for event in [
            ReceiverSession.Event.datagram([1, 2, 3]), .datagram(Datagram.bye.encoded()), .opened(Reassembler(), nonce: []),
            .openedComplete(pair.receipt, nonce: []), .applied(1), .dropped(1), .stored(pair.receipt), .tick, .disconnected,
            .giveUp(Abort(reason: .failed, message: "")),
        ] {
            pair.tell(receiver: event)
        }
        #expect(pair.log.count == count && pair.isOver)
    }

    @Test("Storing is confirmed only after the word to store", arguments: [Moment.connecting, .sending, .decoding, .ending])
    func storedTooEarly(moment: Moment) throws {
        var pair = try makePair(at: moment)
        if moment == .ending { #expect(pair.receiverTime(.store(tableDigest: pair.tableDigest)) == nil) }
        let count = pair.receiverActions.count
        pair.tell(receiver: .stored(pair.receipt))
        #expect(pair.receiverActions.count == count)
        pair.run()
        pair.expectComplete("\(moment)")
    }

    @Test("A session without chunks ends as soon as that is known, whether or not it is connected by then", arguments: [0, 50])
    func nothingToSend(connectedAtMilliseconds: Int) throws {
        var setup = SessionPair.Setup(link: try Link.rural4G.parameters(), chunks: [])
        setup.connectedAt = .milliseconds(connectedAtMilliseconds)
        var pair = try SessionPair(setup)
        pair.run(until: .seconds(60))
        #expect(pair.senderActions.last?.action == .finished(pair.receipt))
    }
}
