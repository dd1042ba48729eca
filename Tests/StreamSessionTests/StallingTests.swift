import Congestion
import NetSim
import StreamSession
import Testing
import WireFormat

/// A sender alone, against a path that is told what it lets through; acknowledgements of the transport count up to the first gap, as SRT's.
private struct Path {
    var sender: SenderSession
    var lets: ([UInt8]) -> Bool
    private(set) var now = Duration.zero
    private(set) var said: [SenderSession.Action] = []
    private var messages: [(bytes: [UInt8], hasCome: Bool)] = []
    private var comeByteCount: UInt64 = 0

    init(byteCount: Int = 200_000, datagramByteCount: Int? = nil, lets: @escaping ([UInt8]) -> Bool) throws {
        var setup = SenderSession.Setup(session: try Name("s"), goal: .lossless, rate: .fixed(1e6))
        setup.parityRatio = 0
        setup.datagramByteCount = datagramByteCount
        sender = SenderSession(setup, now: .zero)
        self.lets = lets
        take(sender.handle(.connected(roundTrip: .milliseconds(50), nonce: []), now: now))
        take(sender.handle(.chunk(ordinal: 0, rank: 0, record: try makeRecord(0, byteCount: 300)), now: now))
        take(sender.handle(.chunk(ordinal: 1, rank: 1, record: try makeRecord(1, byteCount: byteCount)), now: now))
    }

    private mutating func take(_ actions: [SenderSession.Action]) {
        for action in actions {
            switch action {
            case .send(let bytes):
                messages.append((bytes, lets(bytes)))
                if messages[messages.count - 1].hasCome { comeByteCount += UInt64(bytes.count) }
            case .stalled, .resumed, .failed, .reconnect, .narrow: said.append(action)
            default: break
            }
        }
    }

    /// Another connection, on which everything is to be sent again.
    mutating func connect() {
        messages = []
        comeByteCount = 0
        take(sender.handle(.connected(roundTrip: .milliseconds(50), nonce: []), now: now))
    }

    private var inFlightCount: Int { messages.count - (messages.firstIndex { !$0.hasCome } ?? messages.count) }

    /// Lets through all that was held back: the transport repeats it.
    mutating func mend() {
        lets = { _ in true }
        for index in messages.indices where !messages[index].hasCome {
            messages[index].hasCome = true
            comeByteCount += UInt64(messages[index].bytes.count)
        }
    }

    /// Runs on, the receiver reporting ten times a second.
    mutating func run(for time: Duration, reports: Bool = true) {
        let end = now + time
        while now < end {
            now += .milliseconds(10)
            take(sender.handle(.transport(TransportState(inFlightCount: inFlightCount)), now: now))
            if let tick = sender.nextTick, tick <= now { take(sender.handle(.tick, now: now)) }
            guard reports, now.components.attoseconds % 100_000_000_000_000_000 == 0 else { continue }
            var report = Report()
            report.receivedByteCount = comeByteCount
            report.holdMicroseconds = Report.noEcho
            take(sender.handle(.datagram(Datagram.report(report).encoded()), now: now))
        }
    }
}

@Suite("Stalling, and why")
struct StallingTests {
    @Test("A path that drops full-size datagrams is told of once, for what it is, and mended is told of too")
    func blackHole() throws {
        var path = try Path { $0.count <= 1200 }
        path.run(for: .milliseconds(1900))
        #expect(path.said.isEmpty, "two seconds are not over")
        path.run(for: .seconds(2))
        #expect(path.said == [.stalled(.onlySmallArrives)])
        path.run(for: .seconds(30))
        #expect(path.said.count == 1)
        path.mend()
        path.run(for: .seconds(1))
        #expect(path.said == [.stalled(.onlySmallArrives), .resumed])
    }

    @Test("A sender that may choose connects anew with datagrams that pass, once")
    func narrowing() throws {
        // The chunk's last piece is short of full, and passes.
        var path = try Path(byteCount: 1421 * 140 + 1300, datagramByteCount: 1456) { $0.count <= 1400 }
        path.run(for: .milliseconds(1900))
        #expect(path.said.isEmpty, "two seconds are not over")
        path.run(for: .milliseconds(500))
        #expect(path.said == [.narrow(to: 1200), .reconnect])
        path.connect()
        path.run(for: .seconds(10))
        #expect(path.said.filter { $0 == .narrow(to: 1200) }.count == 1, "\(path.said)")
    }

    @Test("A direction that goes down after full-size datagrams came is no narrow path")
    func down() throws {
        var path = try Path(byteCount: 2_000_000, datagramByteCount: 1456) { _ in true }
        path.run(for: .seconds(2))
        path.lets = { _ in false }
        path.run(for: .seconds(10))
        #expect(path.said == [.stalled(.nothingArrives)])
    }

    @Test("A path that becomes narrow on the way is found out too")
    func becomesNarrow() throws {
        var path = try Path(byteCount: 2_000_000, datagramByteCount: 1456) { _ in true }
        path.run(for: .seconds(2))
        path.lets = { $0.count <= 1200 }
        path.run(for: .seconds(5))
        #expect(path.said == [.narrow(to: 1200), .reconnect])
    }

    @Test("A direction in which nothing at all passes any more is told from one that drops full-size datagrams")
    func nothingArrives() throws {
        var path = try Path(byteCount: 2_000_000) { _ in true }
        path.run(for: .seconds(2))
        path.lets = { _ in false }
        path.run(for: .seconds(10))
        #expect(path.said == [.stalled(.nothingArrives)])
        path.mend()
        path.run(for: .seconds(1))
        #expect(path.said == [.stalled(.nothingArrives), .resumed])
    }

    @Test("A receiver of which nothing is heard is silent, whatever else may be")
    func silent() throws {
        var path = try Path { $0.count <= 1200 }
        path.run(for: .milliseconds(500))
        path.run(for: .seconds(10), reports: false)
        #expect(path.said == [.stalled(.silent)])
    }

    @Test("Everything sent has come and nothing is confirmed: the receiver is busy, which is said after ten seconds")
    func unconfirmed() throws {
        var path = try Path(byteCount: 5000) { _ in true }
        path.run(for: .seconds(9))
        #expect(path.said.isEmpty)
        path.run(for: .seconds(5))
        #expect(path.said == [.stalled(.unconfirmed)])
    }

    @Test("A slow link, a long way and a link that loses are no stalls", arguments: [0, 0.05], [true, false])
    func slow(loss: Double, isFound: Bool) throws {
        let direction = try LinkDirection(
            rateBitsPerSecond: 100e3, delay: .milliseconds(300), lossProbability: loss, queueByteCount: 64 << 10)
        for seed in 1...UInt64(2) {
            var setup = SessionPair.Setup(
                link: try LinkParameters(name: "slow", up: direction, down: direction), seed: seed,
                chunks: try makeSession(seed: seed, byteCount: 150_000))
            if isFound { setup.rateShare = nil }
            var pair = try SessionPair(setup)
            pair.run()
            pair.expectComplete("seed \(seed)")
            #expect(pair.stalls.isEmpty, "seed \(seed): \(pair.stalls)")
        }
    }

    @Test(
        "A receiver that reads a long journal is no stall; one that takes far longer is said to have not answered",
        arguments: [8, 30])
    func longJournal(seconds: Int) throws {
        var setup = SessionPair.Setup(link: try Link.rural4G.parameters(), chunks: try makeSession(seed: 3))
        setup.secret = try Secrets.shared()
        setup.openDelay = .seconds(seconds)
        var pair = try SessionPair(setup)
        pair.run()
        pair.expectComplete("\(seconds) s")
        #expect(pair.stalls == (seconds < 10 ? [] : [.unanswered]))
    }

    @Test("A coder that has nothing ready for a minute is no stall")
    func nothingReady() throws {
        var setup = SessionPair.Setup(link: try Link.rural4G.parameters(loss: 0.02), seed: 2, chunks: try makeSession(seed: 2))
        setup.chunks[6].readyAt = .seconds(60)
        var pair = try SessionPair(setup)
        pair.run()
        pair.expectComplete("seed 2")
        #expect(pair.stalls.isEmpty, "\(pair.stalls)")
    }

    @Test("The advice names a size below the one in use")
    func advice() {
        #expect(SenderSession.Stall.onlySmallArrives.message(datagramByteCount: 1456).contains("datagram_bytes: 1200"))
        #expect(!SenderSession.Stall.onlySmallArrives.message(datagramByteCount: 1200).contains("1200."))
        #expect(SenderSession.Stall.onlySmallArrives.message(datagramByteCount: 1200).contains("fewer datagram_bytes"))
    }
}

extension SessionPair {
    fileprivate var stalls: [SenderSession.Stall] {
        senderActions.compactMap { if case .stalled(let stall) = $0.action { stall } else { nil } }
    }
}
