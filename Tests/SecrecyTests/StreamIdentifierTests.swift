import Secrecy
import TestSupport
import Testing

@Suite("What a sender calls itself")
struct StreamIdentifierTests {
    @Test(
        "A sender's name goes there and comes back",
        arguments: ["north.clinic", "a", "-", "..", "A_b-9", String(repeating: "n", count: 64)])
    func roundTrip(name: String) throws {
        let identifier = try #require(StreamIdentifier(sender: name))
        #expect(identifier.text == "#!::u=\(name),m=publish,t=fovea1")
        #expect(StreamIdentifier(parsing: identifier.text) == identifier)
        #expect(identifier.sender == name)
    }

    @Test("A sender without a name is called '-'")
    func anonymous() {
        #expect(StreamIdentifier(sender: "") == .anonymous)
        #expect(StreamIdentifier.anonymous.text == "#!::u=-,m=publish,t=fovea1")
        #expect(StreamIdentifier(parsing: "#!::u=-,m=publish,t=fovea1") == .anonymous)
    }

    @Test(
        "What is no name is refused",
        arguments: [
            String(repeating: "n", count: 65), "a b", "a,b", "a=b", "a%20b", "a/b", "n\u{e4}me", "a\n", "a\0", "\u{1b}[2J",
        ])
    func badName(name: String) {
        #expect(StreamIdentifier(sender: name) == nil)
        #expect(StreamIdentifier(parsing: "#!::u=\(name),m=publish,t=fovea1") == nil)
    }

    @Test(
        "Keys come in any order, with others between them",
        arguments: [
            "#!::m=publish,t=fovea1,u=name", "#!::t=fovea1,u=name,m=publish",
            "#!::h=example.org,u=name,x=,m=publish,s=a=b,s=c,t=fovea1",
        ])
    func tolerance(text: String) {
        #expect(StreamIdentifier(parsing: text)?.sender == "name")
    }

    @Test(
        "Anything else is refused",
        arguments: [
            "", "name", "#!::", "#!::u=name", "#!::u=name,m=publish", "#!::m=publish,t=fovea1", "#!::u=,m=publish,t=fovea1",
            "#!::u=name,m=request,t=fovea1", "#!::u=name,m=publish,t=stream", "#!::u=name,m=publish,t=fovea2",
            "#!::u=name,m=publish,t=fovea1,u=other", "#!::u=name,u=name,m=publish,t=fovea1",
            "#!::u=name,m=publish,m=publish,t=fovea1",
            "#!::u=name,m=publish,t=fovea1,", "#!::,u=name,m=publish,t=fovea1", "#!::u=name,,m=publish,t=fovea1",
            "#!::u=name,m=publish,t=fovea1,x", "#!::u=name,m=publish,t=fovea1,=x", "#!:{u=name,m=publish,t=fovea1}",
            " #!::u=name,m=publish,t=fovea1", "#!::u=name, m=publish,t=fovea1", "#!::U=name,m=publish,t=fovea1",
            "#!::u=name,m=publish,t=fovea1\n", "#!::u=name,m=publish,t=fovea1\0",
        ])
    func refused(text: String) {
        #expect(StreamIdentifier(parsing: text) == nil)
    }

    @Test("512 bytes are read and 513 refused")
    func length() {
        let known = "#!::u=name,m=publish,t=fovea1,x="
        #expect(StreamIdentifier(parsing: known + String(repeating: "x", count: 512 - known.utf8.count)) != nil)
        #expect(StreamIdentifier(parsing: known + String(repeating: "x", count: 513 - known.utf8.count)) == nil)
    }

    @Test("Damaged stream IDs are refused or read, and bring nothing down")
    func damaged() {
        var random = Seeded(9)
        let whole = Array("#!::u=north.clinic,m=publish,t=fovea1".utf8)
        for _ in 0..<5000 {
            var bytes = whole
            for _ in 0...Int(random.next() % 3) { bytes[Int(random.next() % UInt64(bytes.count))] = random.bytes(1)[0] }
            if let read = StreamIdentifier(parsing: String(decoding: bytes, as: UTF8.self)) {
                #expect(StreamIdentifier(parsing: read.text) == read)
            }
        }
    }
}
