import Faults
import Bytes
import Testing
import WireFormat

@Suite("Names that are safe as file names")
struct NameTests {
    @Test(
        "Letters, digits, dots, underscores and dashes make a name", arguments: ["a", "BraTS-GLI_00001.flair", "0", "a..b", "Z9"])
    func allowed(text: String) throws {
        #expect(try Name(text).text == text)
        #expect(Name(cleaning: text).text == text)
    }

    @Test(
        "What could leave its folder, hide or break a line is refused",
        arguments: [
            "", ".", "..", ".hidden", "-rf", "../a", "a/b", "/etc/passwd", "a\\b", "a b", "a\0", "a\n", "a\u{1b}[2J", "über", "日本",
            "a:b", "~", "%2e%2e",
        ])
    func refused(text: String) {
        #expect(refusal { _ = try Name(text) }?.code == .invalidField)
    }

    @Test("64 bytes are a name, 65 are not")
    func length() throws {
        #expect(try Name(String(repeating: "n", count: 64)).text.count == 64)
        #expect(refusal { _ = try Name(String(repeating: "n", count: 65)) }?.code == .invalidField)
    }

    @Test("Any text has a nearest name, which is a name")
    func cleaning() throws {
        for text in ["", ".", "..", "-x", "a/../b", "über", "日本語", "a b\n", String(repeating: "é", count: 100), "\0"] {
            let cleaned = Name(cleaning: text)
            #expect(try Name(cleaned.text) == cleaned, "'\(text)'")
        }
        #expect(Name(cleaning: "").text == "volume")
        #expect(Name(cleaning: "../etc").text == "_._etc")
        #expect(Name(cleaning: "t1 post.nii").text == "t1_post.nii")
    }
}
