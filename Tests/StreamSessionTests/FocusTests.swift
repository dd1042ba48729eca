import Congestion
import Bytes
import Faults
import NetSim
import StreamSession
import Testing
import VolumeModel
import WireFormat

@Suite("A receiver asks for a box next")
struct FocusTests {
    /// Behind the regions of interest, ahead of the background.
    private static let focusRank: UInt64 = Kind.background.rawValue << 32 - 2
    private static let promotedRank: UInt64 = Kind.background.rawValue << 32 - 1

    private func request(_ number: UInt32 = 1) throws -> Focus {
        Focus(number: number, volume: 0, box: try StackedBox(x: 0..<9, y: 0..<9, z: 0..<9))
    }

    /// One Mbit/s each way and 80 ms there and back.
    private func thinLink(loss: Double = 0) throws -> LinkParameters {
        let direction = try LinkDirection(
            rateBitsPerSecond: 1e6, delay: .milliseconds(40), lossProbability: loss, queueByteCount: 128 << 10)
        return try LinkParameters(name: "thin", up: direction, down: direction)
    }

    /// A sender with one large chunk of background under way, which is told of a request at `time` and answers it at once.
    private func answering(
        _ link: LinkParameters, at time: Duration, background: Int = 400_000, focus byteCount: Int, rateShare: Double? = 0.97
    ) throws -> (pair: SessionPair, asked: Duration, answered: Duration) {
        var pair = try SessionPair(
            SessionPair.Setup(
                link: link,
                chunks: [
                    makeChunk(0, .manifest, byteCount: 500), makeChunk(1, .background, byteCount: background),
                    makeChunk(2, .table, byteCount: 200),
                ], rateShare: rateShare))
        let request = try request()
        pair.at(time) { $0.tell(receiver: .focus(request)) }
        pair.run(or: { $0.senderTime(.focus(request)) != nil })
        let answered = try #require(pair.senderTime(.focus(request)))
        pair.tell(
            sender: .chunk(ordinal: 3, rank: Self.focusRank, record: try makeRecord(3, byteCount: byteCount), isProtected: true))
        pair.run()
        return (pair, time, answered)
    }

    private func expectEnded(_ pair: SessionPair) {
        #expect(pair.senderActions.last?.action == .finished(pair.receipt))
        #expect(pair.receiverActions.last?.action == .closed)
        #expect(pair.senderFailure == nil && pair.receiverFailure == nil)
    }

    @Test("While the background saturates the link, the answer goes at the next datagram, and the background goes on behind it")
    func nextDatagram() throws {
        let (pair, _, answered) = try answering(try thinLink(), at: .seconds(1), focus: 20_000)
        expectEnded(pair)
        let fragments = pair.sentFragments
        let first = try #require(fragments.firstIndex { $0.fragment.ordinal == 3 })
        let last = try #require(fragments.lastIndex { $0.fragment.ordinal == 3 })
        #expect(first > 10)
        #expect(fragments[..<first].allSatisfy { $0.time <= answered })
        #expect(fragments[first...last].allSatisfy { $0.fragment.ordinal == 3 })
        #expect(fragments[last + 1].fragment.offset == fragments[first - 1].fragment.offset + UInt32(Fragment.payloadLimit))
        #expect(Set(pair.acknowledged) == [0, 1, 2, 3])
    }

    @Test(
        "Over 1 Mbit/s and 80 ms a box is there within one and a half times its bytes and two round trips, whether the rate is given or found",
        arguments: [0.97, nil], [8_000, 30_000, 120_000])
    func promptness(rateShare: Double?, byteCount: Int) throws {
        let link = try thinLink()
        let (pair, asked, _) = try answering(link, at: .seconds(5), background: 1_500_000, focus: byteCount, rateShare: rateShare)
        expectEnded(pair)
        let took = try #require(pair.arrival(of: 3)) - asked
        let ideal = Duration.seconds(Double(byteCount) * 8 / link.up.rateBitsPerSecond) + link.up.delay * 4
        #expect(took < ideal * 1.5, "\(took) where \(ideal) is ideal")
        #expect(try #require(pair.arrival(of: 1)) > #require(pair.arrival(of: 3)))
    }

    @Test("Promoted chunks go before the rest, also one that becomes ready later")
    func promotion() throws {
        let late = Duration.milliseconds(1200)
        var chunks = try [makeChunk(0, .manifest, byteCount: 500)]
        for ordinal in 1...5 as ClosedRange<UInt32> { chunks.append(try makeChunk(ordinal, .background, byteCount: 40_000)) }
        chunks.append(try makeChunk(6, .background, byteCount: 20_000, readyAt: late))
        let promoted = Duration.milliseconds(400)
        var pair = try SessionPair(SessionPair.Setup(link: thinLink(), chunks: chunks))
        pair.at(promoted) { $0.tell(sender: .promote([4, 6], rank: Self.promotedRank)) }
        pair.run()
        pair.expectComplete("promotion")
        var order: [UInt32] = []
        for (_, fragment) in pair.sentFragments where order.last != fragment.ordinal { order.append(fragment.ordinal) }
        let interrupted = order[order.firstIndex(of: 4).map { $0 - 1 } ?? 0]
        let overtaken = order[order.firstIndex(of: 6).map { $0 - 1 } ?? 0]
        // What was being sent goes on behind what goes ahead, and each of the others is sent in one go.
        #expect([1, 2].contains(interrupted) && [3, 5].contains(overtaken), "\(order)")
        #expect(order == expected(interrupted, overtaken), "\(order)")
        let fragments = pair.sentFragments
        let first = try #require(fragments.firstIndex { $0.fragment.ordinal == 6 })
        #expect(fragments[first - 1].time <= late)
    }

    private func expected(_ interrupted: UInt32, _ overtaken: UInt32) -> [UInt32] {
        ([0, 1, 2, 3, 5] as [UInt32]).flatMap { ordinal -> [UInt32] in
            switch ordinal {
            case interrupted: [ordinal, 4, ordinal]
            case overtaken: [ordinal, 6, ordinal]
            default: [ordinal]
            }
        }
    }

    @Test("A promoted chunk never falls behind its own rank, and what is acknowledged is not sent again")
    func noDemotion() throws {
        var chunks = try [makeChunk(0, .manifest, byteCount: 500), makeChunk(1, .roi, byteCount: 60_000)]
        chunks.append(try makeChunk(2, .background, byteCount: 60_000))
        var pair = try SessionPair(SessionPair.Setup(link: thinLink(), chunks: chunks))
        pair.at(.milliseconds(100)) { $0.tell(sender: .promote([0, 1, 2], rank: Self.promotedRank)) }
        pair.at(.milliseconds(1200)) { $0.tell(sender: .promote([0, 1, 2], rank: 0)) }
        pair.run()
        pair.expectComplete("no demotion")
        let order = pair.sentFragments.map { $0.fragment.ordinal }
        #expect(order == order.sorted())
        #expect(pair.sender.resentByteCount == 0)
    }

    @Test("Of several promotions the lowest rank counts, before a chunk is ready and after, and never one above its own")
    func lowestPromotion() throws {
        func order(_ promotions: [UInt64], whileWaiting: Bool) throws -> [UInt32] {
            var sender = SenderSession(session: try Name("p"), goal: .lossless, now: .zero)
            _ = sender.handle(.connected(roundTrip: .milliseconds(80)), now: .zero)
            func promote() { for rank in promotions { _ = sender.handle(.promote([2], rank: rank), now: .zero) } }
            if !whileWaiting { promote() }
            for (ordinal, rank) in [(1, 50), (2, 70), (3, 90)] as [(UInt32, UInt64)] {
                _ = sender.handle(.chunk(ordinal: ordinal, rank: rank, record: try makeRecord(ordinal, byteCount: 100)), now: .zero)
            }
            if whileWaiting { promote() }
            return sender.handle(.room(9), now: .seconds(1)).compactMap { action in
                guard case .send(let bytes) = action, case .data(let fragment)? = try? Datagram(decoding: bytes) else { return nil }
                return fragment.ordinal
            }
        }
        for whileWaiting in [false, true] {
            #expect(try order([10, 60], whileWaiting: whileWaiting) == [2, 1, 3])
            #expect(try order([60, 10], whileWaiting: whileWaiting) == [2, 1, 3])
            #expect(try order([95], whileWaiting: whileWaiting) == [1, 2, 3])
            #expect(try order([10, 95], whileWaiting: whileWaiting) == [2, 1, 3])
        }
    }

    @Test("Chunks promoted together go in the order of their ordinals, as they would have otherwise")
    func promotedTogether() throws {
        var sender = SenderSession(session: try Name("p"), goal: .lossless, now: .zero)
        _ = sender.handle(.connected(roundTrip: .milliseconds(80)), now: .zero)
        for ordinal in [1, 2, 3, 4] as [UInt32] {
            let record = try makeRecord(ordinal, byteCount: 100)
            _ = sender.handle(.chunk(ordinal: ordinal, rank: UInt64(ordinal), record: record), now: .zero)
        }
        _ = sender.handle(.promote([4, 2, 3], rank: 0), now: .zero)
        let sent = sender.handle(.room(9), now: .seconds(1)).compactMap { action -> UInt32? in
            guard case .send(let bytes) = action, case .data(let fragment)? = try? Datagram(decoding: bytes) else { return nil }
            return fragment.ordinal
        }
        #expect(sent == [2, 3, 4, 1])
    }

    @Test(
        "With losses, and an answer that turns out damaged, the answer still comes and the session still ends",
        arguments: 1...6 as ClosedRange<UInt64>)
    func lossAndDamage(seed: UInt64) throws {
        var pair = try SessionPair(
            SessionPair.Setup(
                link: thinLink(loss: 0.05), seed: seed, chunks: makeSession(seed: seed, byteCount: 200_000), parityRatio: 0.125,
                wrongOnce: [14]))
        let request = try request()
        pair.at(.milliseconds(700)) { $0.tell(receiver: .focus(request)) }
        pair.run(or: { $0.senderTime(.focus(request)) != nil })
        pair.tell(sender: .chunk(ordinal: 14, rank: Self.focusRank, record: try makeRecord(14, byteCount: 9000), isProtected: true))
        pair.run()
        expectEnded(pair)
        #expect(pair.acknowledged.contains(14), "seed \(seed)")
        #expect(pair.arrivals.filter { $0.ordinal == 14 }.count == 2, "seed \(seed): damaged once, so it comes twice")
    }

    // MARK: What a sender makes of requests

    private func connected(mayBeKnown: Bool = false) throws -> SenderSession {
        var setup = SenderSession.Setup(session: try Name("focus"), goal: .lossless, rate: .fixed(1e6))
        setup.mayBeKnown = mayBeKnown
        var sender = SenderSession(setup, now: .zero)
        _ = sender.handle(.connected(roundTrip: .milliseconds(80)), now: .zero)
        return sender
    }

    private func requests(_ actions: [SenderSession.Action]) -> [UInt32] {
        actions.compactMap { if case .focus(let focus) = $0 { focus.number } else { nil } }
    }

    @Test("A flood of requests is heard 256 times, and one that is asked again is the same one")
    func flood() throws {
        var sender = try connected()
        var heard: [UInt32] = []
        for round in 0..<20_000 as Range<UInt32> {
            let datagram = Datagram.focus(try request(round % 256 + 1)).encoded()
            heard += requests(sender.handle(.datagram(datagram), now: .zero))
        }
        #expect(heard == Array(1...256))
        #expect(!sender.isOver)
    }

    @Test("A request beyond the limit ends the session")
    func beyondLimit() throws {
        var sender = try connected()
        let actions = sender.handle(.datagram(Datagram.focus(try request(257)).encoded()), now: .zero)
        #expect(requests(actions).isEmpty && sender.isOver)
    }

    @Test("On another connection a request is heard again")
    func anotherConnection() throws {
        var sender = try connected()
        let datagram = Datagram.focus(try request(7)).encoded()
        #expect(requests(sender.handle(.datagram(datagram), now: .zero)) == [7])
        _ = sender.handle(.disconnected, now: .seconds(1))
        _ = sender.handle(.connected(roundTrip: .milliseconds(80)), now: .seconds(2))
        #expect(requests(sender.handle(.datagram(datagram), now: .seconds(3))) == [7])
        #expect(requests(sender.handle(.datagram(datagram), now: .seconds(3))) == [])
    }

    @Test("A request that overtakes the welcome, or comes before all holdings, is heard, and its answer goes once those are known")
    func overtaking() throws {
        var sender = try connected(mayBeKnown: true)
        #expect(requests(sender.handle(.datagram(Datagram.focus(try request(1)).encoded()), now: .zero)) == [1])
        let welcome = Welcome(standing: .begun, nonce: [], manifestDigest: nil, pageCount: 1)
        _ = sender.handle(.datagram(Datagram.welcome(welcome).encoded()), now: .zero)
        #expect(requests(sender.handle(.datagram(Datagram.focus(try request(2)).encoded()), now: .zero)) == [2])
        let record = try makeRecord(9, byteCount: 100)
        _ = sender.handle(.chunk(ordinal: 9, rank: Self.focusRank, record: record), now: .zero)
        func fragments() -> Int {
            sender.handle(.transport(TransportState()), now: .seconds(1)).filter {
                if case .send(let bytes) = $0, case .data? = try? Datagram(decoding: bytes) { true } else { false }
            }.count
        }
        #expect(fragments() == 0)
        let page = Holdings(answer: 0, page: 0, pageCount: 1, runs: [])
        _ = sender.handle(.datagram(Datagram.holdings(page).encoded()), now: .seconds(1))
        #expect(fragments() == 1)
    }

    @Test("A request that comes once all is acknowledged is not heard, and an answer that is ready only then is not sent")
    func tooLate() throws {
        var sender = try connected()
        _ = sender.handle(.chunk(ordinal: 0, rank: 0, record: try makeRecord(0, byteCount: 100)), now: .zero)
        #expect(requests(sender.handle(.datagram(Datagram.focus(try request(1)).encoded()), now: .zero)) == [1])
        for step in 1...4 { _ = sender.handle(.transport(TransportState()), now: .seconds(step)) }
        _ = sender.handle(.supplied(tableDigest: Digest(of: [])), now: .seconds(5))
        _ = sender.handle(.datagram(Datagram.acknowledgement([0..<1]).encoded()), now: .seconds(5))
        #expect(requests(sender.handle(.datagram(Datagram.focus(try request(2)).encoded()), now: .seconds(5))) == [])
        _ = sender.handle(.chunk(ordinal: 5, rank: 1, record: try makeRecord(5, byteCount: 100)), now: .seconds(5))
        let sent = sender.handle(.transport(TransportState()), now: .seconds(6))
        let datagrams = sent.compactMap { if case .send(let bytes) = $0 { try? Datagram(decoding: bytes) } else { nil } }
        #expect(datagrams == [.end(tableDigest: Digest(of: []))])
    }

    // MARK: What a receiver makes of them

    @Test("A receiver asks only in a session that has begun and is not complete")
    func receiver() throws {
        let hello = Hello(session: try Name("s"), goal: .lossless, elapsedMicroseconds: 0, roundTripMicroseconds: 0)
        let request = try request()
        var fresh = ReceiverSession(now: .zero)
        #expect(fresh.handle(.focus(request), now: .zero).isEmpty)
        var begun = ReceiverSession.begun(hello)
        #expect(begun.handle(.focus(request), now: .zero) == [.send(Datagram.focus(request).encoded())])
        var complete = ReceiverSession(now: .zero)
        _ = complete.handle(.datagram(Datagram.hello(hello).encoded()), now: .zero)
        let receipt = Receipt(tableDigest: Digest(of: []), volumes: [])
        _ = complete.handle(.openedComplete(receipt, nonce: []), now: .zero)
        #expect(complete.handle(.focus(request), now: .zero).isEmpty)
    }

    @Test("A sender that says what it wants to see is refused")
    func wrongDirection() throws {
        let hello = Hello(session: try Name("s"), goal: .lossless, elapsedMicroseconds: 0, roundTripMicroseconds: 0)
        var receiver = ReceiverSession.begun(hello)
        let actions = receiver.handle(.datagram(Datagram.focus(try request()).encoded()), now: .zero)
        #expect(receiver.isOver)
        #expect(actions.contains { if case .failed(let error) = $0 { error.code == .protocolViolation } else { false } })
    }
}
