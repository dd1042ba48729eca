import Faults
import Foundation
import NetSim
import StreamSession
import Testing
import WireFormat

@Suite("Hostile fragments")
struct HostileFragmentTests {
    private let greatest = WireLimits.chunkByteCount

    /// A receiver whose session has begun.
    private func makeReceiver() throws -> ReceiverSession {
        .begun(Hello(session: try Name("hostile"), goal: .lossless, elapsedMicroseconds: 0, roundTripMicroseconds: 0))
    }

    private func fragment(_ ordinal: UInt32, total: Int, offset: Int) -> [UInt8] {
        let payload = [UInt8](repeating: 5, count: min(Fragment.payloadLimit, total - offset))
        return Datagram.data(
            Fragment(
                ordinal: ordinal, totalByteCount: UInt32(total), offset: UInt32(offset), departureMicroseconds: 0,
                payload: payload[...])
        ).encoded()
    }

    /// Bytes of address space and of memory this process has.
    private func footprint() throws -> (virtual: Int, resident: Int) {
        let text = try String(contentsOfFile: "/proc/self/statm", encoding: .ascii)
        let pages = text.split(separator: " ").compactMap { Int($0) }
        try #require(pages.count > 1)
        return (pages[0] * 4096, pages[1] * 4096)
    }

    @Test("Memory grows with what has arrived, never with what was announced")
    func announcements() throws {
        var receiver = try makeReceiver()
        let before = try footprint()
        for ordinal in 0..<16_000 as Range<UInt32> {
            // Their last fragments, so that room for all that should come before would have to be there.
            let offset = (greatest - 1) / Fragment.payloadLimit * Fragment.payloadLimit
            let actions = receiver.handle(.datagram(fragment(ordinal, total: greatest, offset: offset)), now: .zero)
            guard actions.count == 2, actions[0] == .firstByte(ordinal), case .keep(let kept) = actions[1],
                kept.ordinal == ordinal
            else {
                Issue.record("fragment \(ordinal): \(actions)")
                return
            }
            guard ordinal % 16 == 0 else { continue }
            let now = try footprint()
            // A terabyte is announced, 20 MB arrive. Other tests run beside this one, hence the width.
            guard now.virtual - before.virtual < 4 << 30, now.resident - before.resident < 1 << 30 else {
                Issue.record("after \(ordinal + 1) fragments \(now) bytes, where there were \(before)")
                return
            }
        }
        #expect(!receiver.isOver)
    }

    @Test("More than 256 MiB of unfinished chunks end the session")
    func unfinished() throws {
        var receiver = try makeReceiver()
        let total = 256 << 10
        var takenByteCount = 0
        var last: [ReceiverSession.Action] = []
        // All of every chunk but its first fragment.
        for ordinal in 0..<2000 as Range<UInt32> where !receiver.isOver {
            for offset in stride(from: Fragment.payloadLimit, to: total, by: Fragment.payloadLimit) {
                last = receiver.handle(.datagram(fragment(ordinal, total: total, offset: offset)), now: .zero)
                if receiver.isOver { break }
                takenByteCount += min(Fragment.payloadLimit, total - offset)
            }
        }
        #expect(takenByteCount <= 256 << 20 && takenByteCount > 255 << 20, "\(takenByteCount)")
        guard case .failed(let error)? = last.last else {
            Issue.record("\(takenByteCount) bytes of unfinished chunks are taken")
            return
        }
        #expect(error.code == .protocolViolation)
    }

    @Test("More than 256 MiB of parity of unfinished chunks end the session like pieces do")
    func parity() throws {
        var receiver = try makeReceiver()
        let payload = [UInt8](repeating: 5, count: Parity.payloadByteCount)[...]
        var takenByteCount = 0
        // No more than a chunk keeps of it, so that each one takes room.
        for ordinal in 0..<400 as Range<UInt32> where !receiver.isOver {
            for index in 0..<500 where !receiver.isOver {
                let parity = Parity(
                    ordinal: ordinal, totalByteCount: UInt32(greatest), block: UInt16(index / 125), index: UInt8(index % 125),
                    departureMicroseconds: 0, payload: payload)
                _ = receiver.handle(.datagram(Datagram.parity(parity).encoded()), now: .zero)
                takenByteCount += payload.count
            }
        }
        #expect(receiver.isOver && takenByteCount <= 257 << 20, "\(takenByteCount) bytes of parity are kept")
    }

    @Test("Parity that has done its work, and chunks that turned out wrong, give their room back", arguments: [true, false])
    func roomGivenBack(byParity: Bool) throws {
        var receiver = try makeReceiver()
        let pieces = byParity ? 14 : 99
        let total = pieces * Fragment.payloadLimit + (byParity ? 0 : 1)
        // Zeros all through, of which all parity is zeros too.
        let zeros = [UInt8](repeating: 0, count: Fragment.payloadLimit)[...]
        // 277 MB go through.
        for round in 0..<(byParity ? 15_000 : 2000) as Range<UInt32> where !receiver.isOver {
            let ordinal = byParity ? round : 1
            for place in 0..<(byParity ? 1 : pieces) {
                let piece = Fragment(
                    ordinal: ordinal, totalByteCount: UInt32(total), offset: UInt32(place * Fragment.payloadLimit),
                    departureMicroseconds: 0, payload: zeros)
                _ = receiver.handle(.datagram(Datagram.data(piece).encoded()), now: .zero)
            }
            guard byParity else {
                _ = receiver.handle(.dropped(ordinal), now: .zero)
                continue
            }
            for index in 0..<pieces - 1 {
                let piece = Parity(
                    ordinal: ordinal, totalByteCount: UInt32(total), block: 0, index: UInt8(index), departureMicroseconds: 0,
                    payload: zeros)
                _ = receiver.handle(.datagram(Datagram.parity(piece).encoded()), now: .zero)
            }
        }
        #expect(!receiver.isOver)
    }

    @Test("More than 64 MiB while what is on disk is being found end the session")
    func whileOpening() throws {
        var receiver = ReceiverSession(now: .zero)
        let hello = Hello(session: try Name("h"), goal: .roi, elapsedMicroseconds: 0, roundTripMicroseconds: 0)
        _ = receiver.handle(.datagram(Datagram.hello(hello).encoded()), now: .zero)
        let bytes = fragment(1, total: greatest, offset: 0)
        let count = (64 << 20) / bytes.count
        for _ in 0..<count - 1 { _ = receiver.handle(.datagram(bytes), now: .zero) }
        #expect(!receiver.isOver)
        let last = (0..<3).flatMap { _ in receiver.handle(.datagram(bytes), now: .zero) }
        guard case .failed(let error)? = last.last else {
            Issue.record("\(count + 2) datagrams wait")
            return
        }
        #expect(error.code == .protocolViolation)
    }

    @Test("A chunk that becomes whole frees its room: more than 256 MiB pass through")
    func finished() throws {
        var receiver = try makeReceiver()
        let total = 256 << 10
        var wholeCount = 0
        for ordinal in 0..<1100 as Range<UInt32> {
            for offset in stride(from: 0, to: total, by: Fragment.payloadLimit) {
                for case .chunk(_, let record) in receiver.handle(
                    .datagram(fragment(ordinal, total: total, offset: offset)), now: .zero)
                {
                    #expect(record.count == total)
                    wholeCount += 1
                }
            }
        }
        #expect(wholeCount == 1100 && !receiver.isOver)
    }

    @Test("Fragments that are no piece of their chunk end the session")
    func misfits() throws {
        let bytes = fragment(1, total: 5000, offset: 1421)
        // Header 3 bytes, then ordinal, total, offset, departure, four bytes each.
        for (name, index, value) in [
            ("ordinal", 3, 0xFF), ("ordinal 16385", 5, 0x40), ("total 0", 9, 0), ("total above 64 MiB", 7, 5),
            ("offset beyond", 13, 0xFF), ("offset no multiple", 14, 0x8E),
        ] as [(String, Int, UInt8)] {
            var changed = bytes
            changed[index] = value
            if name == "total 0" { changed[10] = 0 }
            var receiver = try makeReceiver()
            guard case .failed(let error)? = receiver.handle(.datagram(changed), now: .zero).last else {
                Issue.record("\(name) is taken")
                continue
            }
            #expect(error.code == .protocolViolation, "\(name)")
        }
        for changed in [Array(bytes.dropLast()), bytes + [0], Array(bytes.prefix(19))] {
            var receiver = try makeReceiver()
            guard case .failed? = receiver.handle(.datagram(changed), now: .zero).last else {
                Issue.record("a fragment of \(changed.count) bytes is taken")
                continue
            }
        }
    }

    @Test("Fragments in any order, each twice, make the record", arguments: 1...UInt64(10))
    func anyOrder(seed: UInt64) throws {
        let record = try makeRecord(1, byteCount: 50_000, seed: seed)
        var generator = SeededGenerator(seed: seed)
        let offsets = stride(from: 0, to: record.count, by: Fragment.payloadLimit).flatMap { [$0, $0] }.shuffled(
            using: &generator)
        var receiver = try makeReceiver()
        var records: [[UInt8]] = []
        for offset in offsets {
            let datagram = Datagram.data(
                Fragment(
                    ordinal: 1, totalByteCount: UInt32(record.count), offset: UInt32(offset), departureMicroseconds: 0,
                    payload: record[offset..<min(offset + Fragment.payloadLimit, record.count)]))
            for case .chunk(_, let whole) in receiver.handle(.datagram(datagram.encoded()), now: .zero) { records.append(whole) }
        }
        let isWhole = records == [record]
        #expect(isWhole, "seed \(seed)")
    }
}
