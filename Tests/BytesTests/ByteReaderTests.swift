import Faults
import Bytes
import Testing

@Suite("Fields in network byte order")
struct ByteReaderTests {
    @Test("Numbers, bytes and text are read back as they were written")
    func roundTrip() throws {
        var writer = ByteWriter()
        writer.put(UInt16(0x0102))
        writer.put(-1.5)
        writer.put(varint: 300)
        writer.put(text: "höhe")
        #expect(writer.bytes.prefix(2) == [1, 2])
        var reader = ByteReader(writer.bytes)
        #expect(try reader.take(UInt16.self, "number") == 0x0102)
        #expect(try reader.takeDouble("double") == -1.5)
        #expect(try reader.takeVarint("varint", limit: 300) == 300)
        #expect(try reader.takeText("text", limit: 10) == "höhe")
        try reader.requireEnd()
    }

    @Test("A field that is cut off, too large or not UTF-8 is refused, and says which")
    func refusals() throws {
        var short = ByteReader([1])
        #expect(throws: FormatError(.truncated, "cut off at byte 0, in 'rate'")) { try short.take(UInt16.self, "rate") }
        var large = ByteReader([0xff, 0x7f])
        #expect { try large.takeVarint("count", limit: 1000) } throws: { ($0 as? FormatError)?.code == .limitExceeded }
        var endless = ByteReader([UInt8](repeating: 0xff, count: 20))
        #expect { try endless.takeVarint("count", limit: .max) } throws: { ($0 as? FormatError)?.code == .invalidField }
        var text = ByteReader([2, 0xc3, 0x28])
        #expect { try text.takeText("name", limit: 10) } throws: { ($0 as? FormatError)?.code == .invalidField }
        #expect { try ByteReader([1]).requireEnd() } throws: { ($0 as? FormatError)?.code == .trailingBytes }
    }
}

@Suite("Digests and hexadecimal digits")
struct DigestTests {
    @Test("A digest is SHA-256, whole or piece by piece")
    func digest() throws {
        // FIPS 180-2, appendix B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(Digest(of: Array("abc".utf8)).description == abc)
        var builder = DigestBuilder()
        for piece in ["a", "bc"] { Array(piece.utf8).withUnsafeBytes { builder.update($0) } }
        #expect(builder.finish() == Digest(hexadecimal: abc))
    }

    @Test(
        "Nothing but pairs of hexadecimal digits is taken for bytes",
        arguments: ["0", "+1", "0x", "g0", " 0", "00 ", "٠٠"])
    func refused(_ text: String) {
        #expect(Hexadecimal.bytes(text) == nil)
    }

    @Test("Digits are small where they are written, and either where they are read")
    func digits() {
        #expect(Hexadecimal.text([0, 0x0f, 0xab]) == "000fab")
        #expect(Hexadecimal.bytes("000FaB") == [0, 0x0f, 0xab])
        #expect(Hexadecimal.bytes("") == [])
    }
}
