import Secrecy
import Testing

/// Made by another implementation of HKDF and HMAC (Python's hashlib), from the documentation.
@Suite("The seal's bytes, which may not change")
struct GoldenSealTests {
    private static let datagram = hex("f50108")

    @Test(
        "Each end's datagrams have the bytes that the format says, in either stage",
        arguments: [
            // datagram, counter, tag; and of the empty datagram after it
            (Role.sender, false, "f50108 00000000 8e0e7fb3f7579adb8d604544", "00000001 6efa5feb9151a16b459f7df8"),
            (Role.receiver, false, "f50108 00000000 65f64e7212920f8615fde490", "00000001 2274492beee3c5bf01f6eb27"),
            (Role.sender, true, "f50108 00000000 5434bad023645d30088cb861", "00000001 735a04a587aa82157997054e"),
            (Role.receiver, true, "f50108 00000000 e095f7b9cce76f2de52d88b2", "00000001 f04c2162ecb6e74dd0189b66"),
        ])
    func bytes(role: Role, isSecondStage: Bool, first: String, second: String) throws {
        var own = isSecondStage ? try Fixed.seal(role) : try Fixed.helloSeal(role)
        #expect(own.seal(Self.datagram) == hex(first))
        #expect(own.seal([]) == hex(second))

        let other: Role = role == .sender ? .receiver : .sender
        var peer = isSecondStage ? try Fixed.seal(other) : try Fixed.helloSeal(other)
        #expect(peer.open(hex(first)) == Self.datagram)
        #expect(peer.open(hex(second)) == [])
    }

    @Test("The last counter has the bytes that the format says")
    func last() throws {
        var sender = try Fixed.seal(.sender)
        sender.skip(to: .max)
        #expect(sender.seal(Self.datagram) == hex("f50108 ffffffff 99c4462f77829da2cd1690cb"))
    }

    @Test("The passphrase for SRT is what the format says, and short enough for SRT")
    func passphrase() throws {
        let passphrase = try Fixed.secret().transportPassphrase
        #expect(passphrase == "163e3cbcd0788b5292b638e29a80ee5838ea97476b37d68c30be81091c5f1ad0")
        #expect((10...79).contains(passphrase.utf8.count))
    }
}
