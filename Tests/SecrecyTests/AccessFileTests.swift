import TestSupport
import Faults
import Secrecy
import Testing

@Suite("Files that say who may send")
struct AccessFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func refusalOfFile(_ path: String) -> SecrecyError? {
        refusal { () throws(SecrecyError) in _ = try AccessFile(path: path) }
    }

    private func passphrase(_ text: String) throws -> String { try Secret(text: text).transportPassphrase }

    @Test("Each sender has its own secret, and who is not listed has none")
    func entries() throws {
        let path = try folder.put(
            """
            # who may send to radiology
            north.clinic secret-of-the-north

              south_clinic-2 \t secret of the south # all of it \t\r
            #commented secret-of-nobody
            - secret-of-those-without-a-name
            """)
        let file = try AccessFile(path: path)
        #expect(file.secret(for: "north.clinic")?.transportPassphrase == (try passphrase("secret-of-the-north")))
        #expect(file.secret(for: "south_clinic-2")?.transportPassphrase == (try passphrase("secret of the south # all of it")))
        let anonymous = file.secret(for: StreamIdentifier.anonymous.sender)
        #expect(anonymous?.transportPassphrase == (try passphrase("secret-of-those-without-a-name")))
        for name in ["", "north", "North.clinic", "#", "#commented", "commented", "secret-of-the-north"] {
            #expect(file.secret(for: name) == nil, "'\(name)'")
        }
    }

    @Test("A single secret is any sender's")
    func single() throws {
        let file = AccessFile(single: try Fixed.secret())
        for name in ["-", "anyone"] {
            #expect(file.secret(for: name)?.transportPassphrase == (try Fixed.secret().transportPassphrase))
        }
    }

    @Test("A file with nobody in it lets nobody send", arguments: ["", "\n\n", "# nobody yet"])
    func nobody(text: String) throws {
        let file = try AccessFile(path: try folder.put(text))
        #expect(file.secret(for: "-") == nil)
        #expect(file.secret(for: "anyone") == nil)
    }

    @Test(
        "A bad line is refused with file and line, and without anything that stands there",
        arguments: [
            "hunter2-hunter2-hunter2", "name", "name ", "name hunter2", "na/me hunter2-hunter2-hunter2",
            "n\u{e4}me hunter2-hunter2-hunter2", "name=hunter2-hunter2-hunter2 more", "name hunter2-hunter2\u{1}hunter2",
            "first hunter2-hunter2-hunter2", "\(String(repeating: "n", count: 65)) hunter2-hunter2-hunter2",
            "na\0me hunter2-hunter2",
        ])
    func badLine(line: String) throws {
        let path = try folder.put("# a comment\nfirst secret-of-the-first\n\n\(line)\nlast secret-of-the-last\n")
        let error = try #require(refusalOfFile(path))
        #expect(error.code == .invalidAccessFile)
        #expect(error.message.hasPrefix("\(path), line 4: "))
        #expect(!error.message.contains("hunter2"))
    }

    @Test("A line that is not UTF-8 is refused")
    func notText() throws {
        let line = Array("name ".utf8) + [UInt8](repeating: 0xfe, count: 20)
        #expect(refusalOfFile(try folder.put(line))?.code == .invalidAccessFile)
    }

    @Test("A name that is given again is refused with both lines")
    func duplicate() throws {
        let path = try folder.put("one secret-of-number-one\ntwo secret-of-number-two\none secret-of-number-three\n")
        let error = refusalOfFile(path)
        #expect(error?.code == .invalidAccessFile)
        #expect(error?.message.hasPrefix("\(path), line 3: line 1 ") == true)
    }

    @Test("10000 senders are taken and 10001 refused")
    func senderLimit() throws {
        let lines = (0...10_000).map { "sender-\($0) secret-of-sender-\($0)" }
        let file = try AccessFile(path: try folder.put(lines[..<10_000].joined(separator: "\n")))
        #expect(file.secret(for: "sender-9999")?.transportPassphrase == (try passphrase("secret-of-sender-9999")))
        let error = refusalOfFile(try folder.put(lines.joined(separator: "\n")))
        #expect(error?.code == .invalidAccessFile)
        #expect(error?.message.contains("line 10001") == true)
    }

    @Test("1 MiB is taken and a byte more refused")
    func byteLimit() throws {
        let lines = [UInt8](repeating: UInt8(ascii: "\n"), count: 1 << 20)
        #expect(refusalOfFile(try folder.put(lines)) == nil)
        #expect(refusalOfFile(try folder.put(lines + [UInt8(ascii: "\n")]))?.code == .invalidAccessFile)
    }

    @Test("A file that others may use is refused, saying what to do about it; so is what is no file")
    func permissions() throws {
        for bit in [0o040, 0o004, 0o020, 0o002] {
            let error = refusalOfFile(try folder.put("name secret-of-the-name", mode: 0o600 | bit))
            #expect(error?.code == .exposed)
            #expect(error?.message.contains("chmod 600") == true)
        }
        #expect(refusalOfFile(folder.path)?.code == .unreadable)
        #expect(refusalOfFile(folder.place("nothing"))?.code == .notFound)
    }

    @Test("Secrets are not printed with the file")
    func printing() throws {
        let file = try AccessFile(path: try folder.put("name hunter2-hunter2-hunter2"))
        var dumped = ""
        dump(file, to: &dumped)
        #expect(!dumped.contains("hunter2") && dumped.contains("Secret(...)"))
        #expect(!"\(file)".contains("hunter2"))
    }
}
