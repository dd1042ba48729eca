import Secrecy
import TestSupport
import Testing

@Suite("Who may speak in a session")
struct DatagramSealTests {
    private static let datagram: [UInt8] = (0..<200).map { UInt8($0) }

    @Test("What one end seals the other opens, both ways, whatever its length", arguments: [0, 1, 19, 55, 64, 1440, 65_536])
    func roundTrip(byteCount: Int) throws {
        var sender = try Fixed.seal(.sender)
        var receiver = try Fixed.seal(.receiver)
        var random = Seeded(7)
        for _ in 0..<3 {
            let datagram = random.bytes(byteCount)
            let there = sender.seal(datagram)
            #expect(there.count == byteCount + DatagramSeal.byteCount)
            #expect(receiver.open(there) == datagram)
            #expect(sender.open(receiver.seal(datagram)) == datagram)
        }
    }

    @Test("A datagram with any one bit flipped is refused, and the true one is still taken")
    func flippedBits() throws {
        var sender = try Fixed.seal(.sender)
        var receiver = try Fixed.seal(.receiver)
        let sealed = sender.seal(Self.datagram)
        for bit in 0..<sealed.count * 8 {
            var altered = sealed
            altered[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(receiver.open(altered) == nil, "bit \(bit)")
        }
        #expect(receiver.open(sealed) == Self.datagram)
    }

    @Test("A datagram cut short anywhere, or with anything added, is refused")
    func otherLengths() throws {
        var sender = try Fixed.seal(.sender)
        var receiver = try Fixed.seal(.receiver)
        let sealed = sender.seal(Self.datagram)
        for count in 0..<sealed.count { #expect(receiver.open(Array(sealed[..<count])) == nil, "\(count) bytes") }
        for count in 1..<sealed.count { #expect(receiver.open(Array(sealed[count...])) == nil, "without the first \(count)") }
        #expect(receiver.open(sealed + [0]) == nil)
        #expect(receiver.open([0] + sealed) == nil)
        #expect(receiver.open(sealed) == Self.datagram)
    }

    @Test("The end of one datagram does not fit another")
    func exchangedSeals() throws {
        var sender = try Fixed.seal(.sender)
        var receiver = try Fixed.seal(.receiver)
        let one = sender.seal([1, 2, 3])
        let other = sender.seal([4, 5, 6])
        #expect(receiver.open(Array(one[..<3] + other[3...])) == nil)
        #expect(receiver.open(Array(other[..<3] + one[3...])) == nil)
    }

    @Test("Random bytes are refused")
    func noise() throws {
        var receiver = try Fixed.seal(.receiver)
        var random = Seeded(11)
        for count in 0..<500 { #expect(receiver.open(random.bytes(count)) == nil) }
    }

    @Test("A datagram that comes again is refused")
    func replay() throws {
        var sender = try Fixed.seal(.sender)
        var receiver = try Fixed.seal(.receiver)
        let sealed = (0..<100).map { _ in sender.seal(Self.datagram) }
        for datagram in sealed { #expect(receiver.open(datagram) != nil) }
        for datagram in sealed { #expect(receiver.open(datagram) == nil) }
    }

    @Test("A datagram that is sent back to its maker is refused, in either stage")
    func reflection() throws {
        for role in [Role.sender, .receiver] {
            var end = try Fixed.seal(role)
            #expect(end.open(end.seal(Self.datagram)) == nil)
            var early = try Fixed.helloSeal(role)
            #expect(early.open(early.seal(Self.datagram)) == nil)
        }
    }

    @Test("Another secret, another session's nonces, exchanged nonces and the other stage are refused")
    func foreign() throws {
        let secret = try Fixed.secret()
        let other = try Secret(text: "correct horse battery stapler")
        let (ours, theirs, foreign) = (try Fixed.senderNonce(), try Fixed.receiverNonce(), Nonce())
        var hello = DatagramSeal(secret: secret, role: .sender, senderNonce: ours)
        var session = DatagramSeal(secret: secret, role: .sender, senderNonce: ours, receiverNonce: theirs)
        let first = hello.seal(Self.datagram)
        let second = session.seal(Self.datagram)

        let refusingFirst = [
            DatagramSeal(secret: other, role: .receiver, senderNonce: ours),
            DatagramSeal(secret: secret, role: .receiver, senderNonce: foreign),
            DatagramSeal(secret: secret, role: .receiver, senderNonce: ours, receiverNonce: theirs),
        ]
        let refusingSecond = [
            DatagramSeal(secret: other, role: .receiver, senderNonce: ours, receiverNonce: theirs),
            DatagramSeal(secret: secret, role: .receiver, senderNonce: foreign, receiverNonce: theirs),
            DatagramSeal(secret: secret, role: .receiver, senderNonce: ours, receiverNonce: foreign),
            DatagramSeal(secret: secret, role: .receiver, senderNonce: theirs, receiverNonce: ours),
            DatagramSeal(secret: secret, role: .receiver, senderNonce: ours),
        ]
        for var seal in refusingFirst { #expect(seal.open(first) == nil) }
        for var seal in refusingSecond { #expect(seal.open(second) == nil) }
    }

    @Test("Nonces differ, and only 16 bytes are one")
    func nonces() {
        let all = (0..<1000).map { _ in Nonce().bytes }
        #expect(Set(all).count == 1000)
        #expect(all.allSatisfy { $0.count == Nonce.byteCount })
        #expect(Nonce(bytes: all[0])?.bytes == all[0])
        for count in [0, 15, 17, 32] { #expect(Nonce(bytes: [UInt8](repeating: 1, count: count)) == nil) }
    }

    @Test("A seal does not print its keys")
    func printing() throws {
        let seal = try Fixed.seal(.sender)
        var dumped = ""
        dump(seal, to: &dumped)
        #expect("\(seal)" == "DatagramSeal(...)")
        #expect(String(reflecting: seal) == "DatagramSeal(...)")
        #expect(dumped == "- DatagramSeal(...)\n")
    }
}
