import Secrecy
import TestSupport
import Testing

/// The number of counters that a datagram may come late by, as the documentation says.
private let span = 65_536

@Suite("Datagrams out of order, and late ones")
struct ReplayTests {
    @Test("In any order within the last 65536, each is taken once")
    func shuffled() throws {
        var sender = try Fixed.seal(.sender)
        var receiver = try Fixed.seal(.receiver)
        var random = Seeded(3)
        let all = (0..<span).map { _ in sender.seal([7]) }.shuffled(using: &random)
        #expect(all.allSatisfy { receiver.open($0) == [7] })
        #expect(all.allSatisfy { receiver.open($0) == nil })
    }

    @Test("The oldest of the last 65536 is taken, and the one before it no longer, wherever the counter stands")
    func edge() throws {
        for first in [0, 1, 63, 64, 65_535, 65_600, 1_000_003, .max - UInt32(span)] as [UInt32] {
            var sender = try Fixed.seal(.sender)
            var receiver = try Fixed.seal(.receiver)
            sender.skip(to: first)
            let (tooOld, oldest) = (sender.seal([1]), sender.seal([2]))
            sender.skip(to: first + UInt32(span))
            let newest = sender.seal([3])
            #expect(receiver.open(newest) == [3])
            #expect(receiver.open(tooOld) == nil, "from \(first)")
            #expect(receiver.open(oldest) == [2], "from \(first)")
            #expect(receiver.open(oldest) == nil, "from \(first)")

            // The other way round: that it has come is remembered as long.
            var another = try Fixed.seal(.receiver)
            #expect(another.open(oldest) == [2])
            #expect(another.open(newest) == [3])
            #expect(another.open(oldest) == nil, "from \(first)")
        }
    }

    @Test("With gaps and jumps, late and doubled datagrams, those are taken that were not before and are not too old")
    func model() throws {
        var sender = try Fixed.seal(.sender)
        var receiver = try Fixed.seal(.receiver)
        var random = Seeded(5)
        var sealed: [(counter: Int, bytes: [UInt8])] = []
        var counter = 0
        for _ in 0..<4000 {
            let jump = [1, 1, 2, 63, 64, 65, 900, 65_535, 65_536, 65_537, 65_600, 200_000].randomElement(using: &random) ?? 1
            counter += Int.random(in: 0..<20, using: &random) == 0 ? jump : 1
            sender.skip(to: UInt32(counter))
            sealed.append((counter, sender.seal([UInt8(counter & 0xff)])))
        }
        var newest = -1
        var taken: Set<Int> = []
        for end in sealed.indices {
            // Forward with some left out, and now and then back to any of the last.
            for index in [end, Int.random(in: max(0, end - 2000)...end, using: &random)] where Bool.random(using: &random) {
                let (counter, bytes) = sealed[index]
                let isExpected = !taken.contains(counter) && counter > newest - span
                #expect((receiver.open(bytes) != nil) == isExpected, "counter \(counter), newest \(newest)")
                if isExpected {
                    taken.insert(counter)
                    newest = max(newest, counter)
                }
            }
        }
        #expect(taken.count > 1000)
    }

    @Test("An altered datagram with a counter far ahead shuts nothing out")
    func alteredAhead() throws {
        var sender = try Fixed.seal(.sender)
        var receiver = try Fixed.seal(.receiver)
        let early = (0..<10).map { sender.seal([UInt8($0)]) }
        var altered = sender.seal([10])
        altered[1] = 0xff
        #expect(receiver.open(altered) == nil)
        for (index, datagram) in early.enumerated() { #expect(receiver.open(datagram) == [UInt8(index)]) }
    }

    @Test("After the last counter nothing is sealed, rather than a counter used again")
    func lastCounter() throws {
        var sender = try Fixed.seal(.sender)
        var receiver = try Fixed.seal(.receiver)
        let early = sender.seal([1])
        sender.skip(to: .max - 1)
        let last = (0..<2).map { _ in sender.seal([2]) }
        for _ in 0..<3 { #expect(sender.seal([3]) == []) }
        #expect(receiver.open(last[1]) == [2])
        #expect(receiver.open(last[0]) == [2])
        #expect(receiver.open(last[0]) == nil)
        #expect(receiver.open(last[1]) == nil)
        #expect(receiver.open(early) == nil)
        #expect(receiver.open([]) == nil)
    }
}
