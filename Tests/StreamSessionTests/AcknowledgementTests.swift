import Bytes
import NetSim
import StreamSession
import Testing
import WireFormat

@Suite("Acknowledgement and end")
struct AcknowledgementTests {
    private func makePair(decodeDelay: Duration?, loss: Double = 0, seed: UInt64 = 1) throws -> SessionPair {
        var setup = SessionPair.Setup(
            link: try Link.rural4G.parameters(loss: loss), seed: seed, chunks: try makeSession(seed: seed))
        setup.decodeDelay = decodeDelay
        return try SessionPair(setup)
    }

    @Test("A chunk is acknowledged once it is applied and not before", arguments: [0, 0.05])
    func onlyAfterApplied(loss: Double) throws {
        for seed in 1...UInt64(10) {
            var pair = try makePair(decodeDelay: .milliseconds(700), loss: loss, seed: seed)
            pair.run()
            pair.expectComplete("seed \(seed)")
            var applied: Set<UInt32> = []
            for entry in pair.log {
                switch entry.what {
                case .applied(let ordinal): applied.insert(ordinal)
                case .receiver(.send(let bytes)):
                    guard case .acknowledgement(let ranges) = try Datagram(decoding: bytes) else { continue }
                    #expect(Set(ranges.joined()) == applied, "seed \(seed) at \(entry.time)")
                case .sender(.acknowledged(let ordinals)):
                    #expect(applied.isSuperset(of: ordinals), "seed \(seed) at \(entry.time)")
                default: break
                }
            }
        }
    }

    @Test("What is never applied is never acknowledged, and the session waits for it")
    func neverApplied() throws {
        var pair = try makePair(decodeDelay: nil)
        pair.run(until: .seconds(120))
        #expect(pair.arrivals.count == pair.setup.chunks.count)
        #expect(pair.acknowledged.isEmpty)
        #expect(!pair.sent(from: .client).contains { if case .end = $0.datagram { true } else { false } })
        #expect(pair.traffic.twiceByteCount == 0)
        #expect(!pair.sender.isOver && !pair.receiver.isOver)
        #expect(pair.senderTime(.stalled(.silent)) == nil && pair.receiverTime(.stalled) == nil)
    }

    @Test("The end goes after every acknowledgement, once, and the word to store comes after it", arguments: 1...UInt64(12))
    func endLast(seed: UInt64) throws {
        var pair = try makePair(decodeDelay: .milliseconds(Int(seed) * 60), loss: 0.05, seed: seed)
        pair.run()
        pair.expectComplete("seed \(seed)")
        var unacknowledged = Set(pair.setup.chunks.map(\.ordinal))
        var endCount = 0
        for (_, action) in pair.senderActions {
            switch action {
            case .acknowledged(let ordinals): unacknowledged.subtract(ordinals)
            case .send(let bytes):
                guard case .end(let digest) = try Datagram(decoding: bytes) else { continue }
                #expect(unacknowledged.isEmpty && digest == pair.tableDigest, "seed \(seed)")
                endCount += 1
            default: break
            }
        }
        #expect(endCount == 1, "seed \(seed)")
        let ended = try #require(pair.sent(from: .client).first { $0.datagram == .end(tableDigest: pair.tableDigest) }).time
        let stores = pair.receiverActions.filter { $0.action == .store(tableDigest: pair.tableDigest) }
        #expect(stores.count == 1 && stores[0].time > ended, "seed \(seed)")
        let receipts = pair.sent(from: .server).filter { if case .receipt = $0.datagram { true } else { false } }
        #expect(receipts.map(\.datagram) == [.receipt(pair.receipt)] && receipts[0].time > stores[0].time, "seed \(seed)")
    }

    @Test("There is no end while the coder may still bring chunks")
    func notBeforeSupplied() throws {
        var sender = SenderSession(session: try Name("open"), goal: .roi, now: .zero)
        _ = sender.handle(.connected(roundTrip: .zero), now: .zero)
        _ = sender.handle(.chunk(ordinal: 0, rank: 0, record: try makeRecord(0, byteCount: 100)), now: .zero)
        #expect(sender.handle(.room(9), now: .zero).count == 2)
        let answer = Datagram.acknowledgement([0..<1]).encoded()
        #expect(sender.handle(.datagram(answer), now: .zero) == [.acknowledged([0])])
        #expect(!sender.hasQueued)
        let digest = Digest(of: [1])
        #expect(sender.handle(.supplied(tableDigest: digest), now: .zero).isEmpty)
        #expect(sender.handle(.room(9), now: .zero) == [.send(Datagram.end(tableDigest: digest).encoded())])
    }

    @Test("An acknowledgement that comes again says nothing new")
    func repeated() throws {
        var sender = SenderSession(session: try Name("again"), goal: .roi, now: .zero)
        _ = sender.handle(.connected(roundTrip: .zero), now: .zero)
        for ordinal in 0..<4 as Range<UInt32> {
            _ = sender.handle(.chunk(ordinal: ordinal, rank: 0, record: try makeRecord(ordinal, byteCount: 100)), now: .zero)
        }
        _ = sender.handle(.room(9), now: .zero)
        func answer(_ ranges: [Range<UInt32>]) -> [SenderSession.Action] {
            sender.handle(.datagram(Datagram.acknowledgement(ranges).encoded()), now: .zero)
        }
        #expect(answer([1..<2, 3..<4]) == [.acknowledged([1, 3])])
        #expect(answer([1..<2, 3..<4]).isEmpty)
        #expect(answer([0..<4]) == [.acknowledged([0, 2])])
    }

    @Test("With more gaps than a datagram has room for, the first ranges go, and all of them once the gaps close")
    func manyRanges() throws {
        var receiver = ReceiverSession(now: .zero)
        func apply(_ ordinal: UInt32) throws -> [Range<UInt32>] {
            guard case .send(let bytes)? = receiver.handle(.applied(ordinal), now: .zero).first,
                case .acknowledgement(let ranges) = try Datagram(decoding: bytes)
            else { return [] }
            return ranges
        }
        var last: [Range<UInt32>] = []
        for index in 0..<400 as Range<UInt32> { last = try apply(index * 2) }
        let first = (0..<UInt32(Datagram.rangeLimit)).map { index -> Range<UInt32> in index * 2..<index * 2 + 1 }
        #expect(last == first)
        for index in 0..<400 as Range<UInt32> { last = try apply(index * 2 + 1) }
        #expect(last == [0..<800])
    }

    @Test("An end that overtakes the last chunks waits until they are applied")
    func endOvertakes() throws {
        var receiver = ReceiverSession.begun(
            Hello(session: try Name("end"), goal: .roi, elapsedMicroseconds: 0, roundTripMicroseconds: 0))
        let digest = Digest(of: [1])
        let record = try makeRecord(0, byteCount: Fragment.payloadLimit + 20)
        func fragment(_ range: Range<Int>) -> Fragment {
            Fragment(
                ordinal: 0, totalByteCount: UInt32(record.count), offset: UInt32(range.lowerBound), departureMicroseconds: 0,
                payload: record[range])
        }
        let first = fragment(0..<Fragment.payloadLimit)
        let rest = fragment(Fragment.payloadLimit..<record.count)
        #expect(receiver.handle(.datagram(Datagram.data(first).encoded()), now: .zero) == [.firstByte(0), .keep(first)])
        #expect(receiver.handle(.datagram(Datagram.end(tableDigest: digest).encoded()), now: .zero).isEmpty)
        #expect(
            receiver.handle(.datagram(Datagram.data(rest).encoded()), now: .zero) == [.keep(rest), .chunk(0, record: record)])
        let actions = receiver.handle(.applied(0), now: .zero)
        #expect(actions == [.send(Datagram.acknowledgement([0..<1]).encoded()), .store(tableDigest: digest)])
    }

    @Test("A beginning that comes last of all still lets the session end")
    func helloOvertakenByEnd() throws {
        var receiver = ReceiverSession(now: .zero)
        let digest = Digest(of: [1])
        let record = try makeRecord(0, byteCount: 60)
        let whole = Fragment(
            ordinal: 0, totalByteCount: 60, offset: 0, departureMicroseconds: 0, payload: record[...])
        let hello = Hello(session: try Name("late"), goal: .roi, elapsedMicroseconds: 0, roundTripMicroseconds: 0)
        var actions: [ReceiverSession.Action] = []
        var isApplied = false
        for datagram in [Datagram.data(whole), .end(tableDigest: digest), .hello(hello)] {
            actions += receiver.handle(.datagram(datagram.encoded()), now: .zero)
            if actions.contains(.begun(hello)) { actions += receiver.handle(.opened(Reassembler(), nonce: []), now: .zero) }
            guard !isApplied, actions.contains(.chunk(0, record: record)) else { continue }
            isApplied = true
            actions += receiver.handle(.applied(0), now: .zero)
        }
        #expect(actions.contains(.begun(hello)) && isApplied)
        #expect(actions.filter { $0 == .store(tableDigest: digest) }.count == 1)
    }
}
