import Faults
import TestSupport
import Foundation
import Secrecy
import Testing

@Suite("Secrets and their files")
struct SecretTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func refusalOfFile(_ path: String) -> SecrecyError? {
        refusal { () throws(SecrecyError) in _ = try Secret(path: path) }
    }
    private func refusalOfText(_ text: String) -> SecrecyError? {
        refusal { () throws(SecrecyError) in _ = try Secret(text: text) }
    }

    @Test("A file and a text give the same secret, and space around it does not count", arguments: ["", "\n", "\r\n", " \t\n\n"])
    func sameSecret(end: String) throws {
        let expected = try Fixed.secret().transportPassphrase
        for mode in [0o600, 0o400, 0o700] {
            #expect(try Secret(path: try folder.put(Fixed.text + end, mode: mode)).transportPassphrase == expected)
        }
        #expect(try Secret(text: Fixed.text + end).transportPassphrase == expected)
        #expect(try Secret(text: " \(Fixed.text)").transportPassphrase == expected)
        #expect(try Secret(text: Fixed.text + "." + end).transportPassphrase != expected)
    }

    @Test("A file that group or others may use in any way is refused, saying what to do about it")
    func permissions() throws {
        for bit in [0o001, 0o002, 0o004, 0o010, 0o020, 0o040, 0o044, 0o077] {
            let path = try folder.put(Fixed.text, mode: 0o600 | bit)
            let error = refusalOfFile(path)
            #expect(error?.code == .exposed, "mode \(String(bit, radix: 8))")
            #expect(error?.message.hasPrefix("\(path): ") == true)
            #expect(error?.message.contains("chmod 600") == true)
        }
    }

    @Test("Another user's file is refused", .enabled(if: geteuid() == 0, "only root can give files away"))
    func otherOwner() throws {
        let path = try folder.put(Fixed.text)
        try #require(chown(path, 65_534, 65_534) == 0)
        #expect(refusalOfFile(path)?.code == .exposed)
    }

    @Test("A link counts as what it leads to")
    func link() throws {
        let link = folder.place("link")
        symlink(try folder.put(Fixed.text), link)
        #expect(try Secret(path: link).transportPassphrase == Fixed.secret().transportPassphrase)
        _ = try folder.put(Fixed.text, mode: 0o644)
        #expect(refusalOfFile(link)?.code == .exposed)
    }

    @Test("What is no file is refused, and a pipe without waiting for its writer")
    func noFile() throws {
        #expect(refusalOfFile(folder.place("nothing"))?.code == .notFound)
        #expect(refusalOfFile(folder.path)?.code == .unreadable)
        #expect(refusalOfFile("/dev/zero")?.code == .unreadable)
        let pipe = folder.place("pipe")
        try #require(mkfifo(pipe, 0o600) == 0)
        #expect(refusalOfFile(pipe)?.code == .unreadable)
        let error = refusalOfFile(folder.place("nothing"))
        #expect(error?.message.hasPrefix("\(folder.place("nothing")): ") == true)
    }

    @Test("15 characters are too few and 16 enough; 4096 bytes are enough and 4097 too many")
    func length() throws {
        #expect(refusalOfText("")?.code == .invalidSecret)
        #expect(refusalOfText(String(repeating: " ", count: 16))?.code == .invalidSecret)
        #expect(refusalOfText("123456789012345 \n")?.code == .invalidSecret)
        #expect(refusalOfText("1234567890123456") == nil)
        // Characters, not bytes.
        #expect(refusalOfText(String(repeating: "é", count: 15))?.code == .invalidSecret)
        for count in [4096, 4097, 1 << 20] {
            let text = String(repeating: "x", count: count)
            #expect(refusalOfText(text)?.code == (count > 4096 ? .invalidSecret : nil))
            #expect(refusalOfFile(try folder.put(text))?.code == (count > 4096 ? .invalidSecret : nil))
        }
        #expect(refusalOfFile(try folder.put(""))?.code == .invalidSecret)
    }

    @Test("What is not one line of text is refused")
    func notText() throws {
        for text in [
            "first line of two\nsecond line of two", "a tab within the\tsecret", "a zero within the\0secret",
            "a delete within\u{7f}",
        ] {
            #expect(refusalOfText(text)?.code == .invalidSecret)
            #expect(refusalOfFile(try folder.put(text))?.code == .invalidSecret)
        }
        #expect(refusalOfFile(try folder.put([UInt8](repeating: 0xff, count: 32)))?.code == .invalidSecret)
    }

    @Test("A secret is never printed, nor a part of one in an error")
    func printing() throws {
        let secret = try Fixed.secret()
        var dumped = ""
        dump(secret, to: &dumped)
        #expect("\(secret)" == "Secret(...)")
        #expect(String(reflecting: secret) == "Secret(...)")
        #expect("\([secret])" == "[Secret(...)]")
        #expect(dumped == "- Secret(...)\n")
        #expect(refusalOfText("tooshort")?.message.contains("tooshort") == false)
        #expect(refusalOfFile(try folder.put("tooshort"))?.message.contains("tooshort") == false)
    }
}
