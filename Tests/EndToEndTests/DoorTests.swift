import Receiver
import Foundation
import Glibc
import SRTTransport
import TestSupport
import Testing

@Suite("Who gets in, and what a receiver leaves where", .serialized)
struct DoorTests {
    private func secret(_ scratch: Scratch, _ name: String, _ text: String) throws -> String {
        let path = scratch.file(name)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        chmod(path, 0o600)
        return path
    }

    private func small(_ scratch: Scratch) throws -> (volume: String, mask: String) {
        try Transfer.phantom(scratch, columns: 32, rows: 32, slices: 20)
    }

    private func impatient(_ scratch: Scratch) throws -> String {
        let path = scratch.file("impatient.yaml")
        try "rate: auto\nconnect_patience: 1 s\n".write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func send(_ scratch: Scratch, to port: Int, session: String = "s", _ more: [String] = []) async throws -> (
        code: Int32?, program: Program
    ) {
        let (volume, mask) = (scratch.file("head.nii.gz"), scratch.file("labels.nii.gz"))
        return try await Program.run(
            "fovea",
            ["send", volume, "--mask", mask, "--encoding", "fast", "--to", "127.0.0.1:\(port)", "--session", session, "--json"]
                + more, seconds: 45)
    }

    private func receive(_ scratch: Scratch, _ more: [String], listen: String = "127.0.0.1:0") throws -> Program {
        try Program("fovea", ["receive", "--listen", listen, "--out", scratch.file("in"), "--json"] + more)
    }

    private func end(_ receiver: Program) async throws {
        receiver.signal(SIGTERM)
        #expect(try await receiver.exitCode(seconds: 20) == 0, "\(receiver.standardError)")
    }

    @Test(
        "With one secret for all, a sender without it, with another, and with one where none is wanted is each told its own reason")
    func reasons() async throws {
        let scratch = try Scratch()
        _ = try small(scratch)
        let site = try secret(scratch, "site", "the secret of the site")
        let other = try secret(scratch, "other", "the secret of another")
        let sealed = try receive(scratch, ["--secret-file", site])
        let sealedPort = try await Transfer.port(of: sealed)
        let open = try Program("fovea", ["receive", "--listen", "127.0.0.1:0", "--out", scratch.file("open"), "--json"])
        let openPort = try await Transfer.port(of: open)
        for (port, arguments, sentence) in [
            (sealedPort, [], "requires a secret. Give --secret-file."),
            (sealedPort, ["--secret-file", other], "rejected the secret. Check --secret-file on both sites."),
            (openPort, ["--secret-file", site], "has no secret, and this sender has one"),
        ] {
            let (code, sender) = try await send(scratch, to: port, arguments)
            #expect(code == 77, "\(sender.standardError)")
            #expect(sender.standardError.contains(sentence), "\(sender.standardError)")
            #expect(sender.standardError.split(separator: "\n").count == 1)
        }
        let refused = try await sealed.waitFor("refused", seconds: 20)
        #expect(refused?["reason"] as? String == "wrong_secret")
        #expect(refused?["peer"] as? String == "127.0.0.1")
        #expect(!sealed.standardError.contains("the secret of"))
        try await end(sealed)
        try await end(open)
        #expect(scratch.files(in: "in").isEmpty)
    }

    @Test("A full receiver is tried again for as long as a connection may take, and then said to be full")
    func full() async throws {
        let scratch = try Scratch()
        _ = try small(scratch)
        let receiver = try await OpenReceiver(scratch) { $0.sessionLimit = 1 }
        let peer = try await Peer(port: receiver.port)
        try await peer.greet("other")
        let (code, sender) = try await send(scratch, to: receiver.port, ["--transport", try impatient(scratch)])
        #expect(code == 75, "\(sender.standardError)")
        #expect(sender.standardError.contains("The receiver is full"), "\(sender.standardError)")
        #expect(receiver.refusals.contains(.full))
        // It waits while there may still be room.
        let late = try Program(
            "fovea",
            [
                "send", scratch.file("head.nii.gz"), "--mask", scratch.file("labels.nii.gz"), "--encoding", "fast", "--to",
                "127.0.0.1:\(receiver.port)", "--session", "late", "--json",
            ])
        for _ in 0..<1000 where late.event("reconnecting") == nil { await peer.ask() }
        await peer.connection.close(timeout: .zero)
        #expect(try await late.exitCode() == 0, "\(late.standardError)")
        // Who was turned away had no session that could end; one ended without its sender, one well.
        let endings = try await receiver.endings(2)
        #expect(endings.count == 2)
        #expect(endings.count { $0.isEmpty } == 1)
        await receiver.stop()
    }

    @Test("Twenty silent strangers take no session's place")
    func strangers() async throws {
        let scratch = try Scratch()
        _ = try small(scratch)
        let receiver = try await OpenReceiver(scratch) { $0.sessionLimit = 4 }
        var strangers: [Peer] = []
        for _ in 0..<20 { strangers.append(try await Peer(port: receiver.port)) }
        let (code, sender) = try await send(scratch, to: receiver.port)
        #expect(code == 0, "\(sender.standardError)")
        for stranger in strangers { await stranger.connection.close(timeout: .zero) }
        await receiver.stop()
    }

    @Test("A sender that goes before its manifest has come leaves no folder, and its session can be sent later")
    func nothingCame() async throws {
        let scratch = try Scratch()
        _ = try small(scratch)
        let receiver = try await OpenReceiver(scratch)
        let peer = try await Peer(port: receiver.port)
        try await peer.greet("s")
        #expect(scratch.files(in: "in").contains("s"))
        await peer.connection.close(timeout: .zero)
        for _ in 0..<500 where !scratch.files(in: "in").isEmpty { try await Task.sleep(for: .milliseconds(20)) }
        #expect(scratch.files(in: "in") == [])
        let (code, sender) = try await send(scratch, to: receiver.port)
        #expect(code == 0, "\(sender.standardError)")
        await receiver.stop()
    }

    @Test("Of two names in an access file none goes on with the other's session, before or after the receiver was started again")
    func twoNames() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch)
        let access = try secret(scratch, "access", "west the secret of the west\neast the secret of the east\n")
        let west = ["--secret-file", try secret(scratch, "west", "the secret of the west"), "--sender", "west"]
        let east = ["--secret-file", try secret(scratch, "east", "the secret of the east"), "--sender", "east"]
        var receiver = try receive(scratch, ["--access-file", access, "--metrics", "127.0.0.1:0"])
        let port = try await Transfer.port(of: receiver)
        let store = try #require(receiver.event("metrics")?["port"] as? Int)
        let first = try Program(
            "fovea",
            [
                "send", volume, "--mask", mask, "--encoding", "fast", "--to", "127.0.0.1:\(port)", "--session", "s",
                "--transport", "adsl-uplink",
            ] + west)
        #expect(try await receiver.waitFor("roi_complete") != nil, "\(first.standardError)")
        let during = try await send(scratch, to: port, east)
        #expect(during.code != nil && during.code != 0)
        #expect(during.program.standardError.contains("belongs to another sender"), "\(during.program.standardError)")
        // Who only used its name has not ended it in the figures either.
        let figures = try String(
            contentsOf: try #require(URL(string: "http://127.0.0.1:\(store)/metrics")), encoding: .utf8)
        #expect(figures.contains("fovea_sessions_total{result=\"failed\"} 0"), "\(figures)")
        first.signal(SIGKILL)
        try await end(receiver)
        receiver = try receive(scratch, ["--access-file", access], listen: "127.0.0.1:\(port)")
        _ = try await Transfer.port(of: receiver)
        let after = try await send(scratch, to: port, east)
        #expect(after.code != nil && after.code != 0)
        #expect(after.program.standardError.contains("belongs to another sender"), "\(after.program.standardError)")
        let again = try await send(scratch, to: port, west)
        #expect(again.code == 0, "\(again.program.standardError)")
        #expect(try Transfer.bytes(scratch.file("in/s/head.nii.gz")) == (try Transfer.bytes(volume)))
        try await end(receiver)
    }

    @Test("A sender that has stalled does not lose its connection to another one's claim")
    func stalled() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch)
        let access = try secret(scratch, "access", "west the secret of the west\neast the secret of the east\n")
        let slow = scratch.file("slow.yaml")
        try "rate: 300 kbit/s\n".write(toFile: slow, atomically: true, encoding: .utf8)
        let receiver = try receive(scratch, ["--access-file", access])
        let port = try await Transfer.port(of: receiver)
        let west = try Program(
            "fovea",
            [
                "send", volume, "--mask", mask, "--encoding", "fast", "--to", "127.0.0.1:\(port)", "--session", "s", "--transport",
                slow,
                "--secret-file", try secret(scratch, "west", "the secret of the west"), "--sender", "west",
            ])
        #expect(try await receiver.waitFor("roi_complete") != nil, "\(west.standardError)")
        west.signal(SIGSTOP)
        #expect(try await receiver.waitFor("stalled", seconds: 20) != nil)
        let east = try await send(
            scratch, to: port, ["--secret-file", try secret(scratch, "east", "the secret of the east"), "--sender", "east"])
        west.signal(SIGCONT)
        #expect(east.code != nil && east.code != 0)
        #expect(east.program.standardError.contains("belongs to another sender"), "\(east.program.standardError)")
        #expect(try await west.exitCode() == 0, "\(west.standardError)")
        #expect(!west.standardError.contains("trying for another"), "\(west.standardError)")
        try await end(receiver)
    }

    @Test("A receiver that the system ends and starts again loses nothing: its sender waits, and the session ends exact")
    func restarted() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch)
        var receiver = try receive(scratch, [])
        let port = try await Transfer.port(of: receiver)
        let sender = try Program(
            "fovea",
            [
                "send", volume, "--mask", mask, "--encoding", "fast", "--to", "127.0.0.1:\(port)", "--session", "s",
                "--transport", "adsl-uplink", "--json",
            ])
        #expect(try await receiver.waitFor("roi_complete") != nil, "\(sender.standardError)")
        try await end(receiver)
        #expect(try await sender.waitFor("reconnecting", seconds: 20) != nil, "\(sender.standardError)")
        receiver = try receive(scratch, [], listen: "127.0.0.1:\(port)")
        #expect(try await sender.exitCode(seconds: 90) == 0, "\(sender.standardError)")
        #expect(try Transfer.bytes(scratch.file("in/s/head.nii.gz")) == (try Transfer.bytes(volume)))
        // On a busy machine it may have reached the receiver once more while that was ending.
        let connections = sender.event("summary")?["connections"] as? Int ?? 0
        #expect(connections >= 2)
        try await end(receiver)
    }

    @Test("What is received is its owner's alone, unless somebody chose otherwise", arguments: ["077", "027"])
    func permissions(mask: String) async throws {
        let scratch = try Scratch()
        _ = try small(scratch)
        let receiver = try receive(scratch, mask == "077" ? [] : ["--umask", mask])
        let (code, sender) = try await send(scratch, to: try await Transfer.port(of: receiver))
        #expect(code == 0, "\(sender.standardError)")
        func mode(_ name: String) -> mode_t {
            var status = stat()
            return lstat(scratch.file(name), &status) == 0 ? status.st_mode & 0o777 : 0
        }
        let isAlone = mask == "077"
        #expect(mode("in") == (isAlone ? 0o700 : 0o750))
        #expect(mode("in/s") == (isAlone ? 0o700 : 0o750))
        let files = scratch.files(in: "in/s")
        #expect(files == ["head.nii.gz", "head.quality.nii.gz", "receipt.json", "session.journal"])
        for file in files {
            #expect(mode("in/s/\(file)") == (isAlone || file == "session.journal" ? 0o600 : 0o640), "\(file)")
        }
        try await end(receiver)
    }

    @Test("A session's folder that leads elsewhere is not followed")
    func symbolicLink() async throws {
        let scratch = try Scratch()
        _ = try small(scratch)
        for folder in ["in", "elsewhere"] {
            try FileManager.default.createDirectory(atPath: scratch.file(folder), withIntermediateDirectories: true)
        }
        try Data().write(to: URL(fileURLWithPath: scratch.file("elsewhere/session.journal")))
        #expect(symlink(scratch.file("elsewhere"), scratch.file("in/s")) == 0)
        let receiver = try receive(scratch, [])
        let (code, sender) = try await send(scratch, to: try await Transfer.port(of: receiver))
        #expect(code == 69, "\(sender.standardError)")
        #expect(sender.standardError.contains("no folder of its own"), "\(sender.standardError)")
        #expect(scratch.files(in: "elsewhere") == ["session.journal"])
        #expect(try Data(contentsOf: URL(fileURLWithPath: scratch.file("elsewhere/session.journal"))).isEmpty)
        try await end(receiver)
    }

    @Test(
        "A port that is taken is said to be, with the option that chooses another, and nothing listens",
        arguments: ["--listen", "--metrics", "--view"])
    func takenPort(option: String) async throws {
        let scratch = try Scratch()
        let holder = try receive(scratch, ["--metrics", "127.0.0.1:0"])
        let udp = try await Transfer.port(of: holder)
        let tcp = try #require(holder.event("metrics")?["port"] as? Int)
        let arguments =
            option == "--listen" ? ["--listen", "127.0.0.1:\(udp)"] : ["--listen", "127.0.0.1:0", option, "127.0.0.1:\(tcp)"]
        let (code, program) = try await Program.run(
            "fovea", ["receive", "--out", scratch.file("in2"), "--json"] + arguments)
        #expect(code == 69, "\(program.standardError)")
        #expect(program.standardError.contains("in use by another program"), "\(program.standardError)")
        #expect(program.standardError.contains("choose another \(option)"), "\(program.standardError)")
        #expect(program.event("listening") == nil)
        try await end(holder)
    }

    @Test(
        "A place that no files can be made in is refused before anybody is told to send there",
        arguments: ["file", "file/below", "/proc/fovea"])
    func out(place: String) async throws {
        let scratch = try Scratch()
        try Data([1]).write(to: URL(fileURLWithPath: scratch.file("file")))
        let path = place.hasPrefix("/") ? place : scratch.file(place)
        let (code, program) = try await Program.run("fovea", ["receive", "--listen", "127.0.0.1:0", "--out", path, "--json"])
        #expect(code == 74, "\(program.standardError)")
        #expect(program.standardError.contains("choose another --out"), "\(program.standardError)")
        #expect(program.event("listening") == nil)
    }

    @Test("A page is served over HTTPS with a certificate and its key, and not in clear where either cannot be used")
    func encryptedPage() async throws {
        let scratch = try Scratch()
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let certificate = try folder.put(Array(TestCertificate.certificate.utf8), "cert.pem")
        let key = try folder.put(Array(TestCertificate.key.utf8), "key.pem")
        let other = try folder.put(Array(TestCertificate.otherKey.utf8), "other.pem")
        let view = ["--view", "127.0.0.1:0"]
        let tls = ["--view-tls-cert", certificate, "--view-tls-key"]
        for (arguments, expected) in [
            (view + ["--view-tls-cert", certificate], 64), (tls + [key], 64), (view + tls + [other], 65),
            (view + tls + [scratch.file("none.pem")], 66),
        ] as [([String], Int32)] {
            let (code, program) = try await Program.run(
                "fovea", ["receive", "--listen", "127.0.0.1:0", "--out", scratch.file("in"), "--json"] + arguments)
            #expect(code == expected, "\(arguments): \(program.standardError)")
            #expect(program.event("view") == nil && program.event("listening") == nil)
        }
        let receiver = try receive(scratch, view + tls + [key])
        let page = try #require(try await receiver.waitFor("view")?["url"] as? String)
        #expect(page.hasPrefix("https://127.0.0.1:"))
        let port = try #require(URL(string: page)?.port.flatMap(UInt16.init(exactly:)))
        let answer = try await TLSClient.ask(port, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        #expect(answer.contains("<title>Fovea</title>"))
        try await end(receiver)
    }

    @Test("A name that steers a terminal is shown without what steers it")
    func escaped() async throws {
        let (code, program) = try await Program.run("fovea", ["inspect", "/nowhere/\u{1b}[2J\u{202e}scan.nii"])
        #expect(code == 66)
        #expect(program.standardError.contains("/nowhere/?[2J?scan.nii"), "\(program.standardError)")
        #expect(!program.standardError.unicodeScalars.contains { $0.properties.generalCategory == .format || $0.value == 0x1b })
    }
}

@Suite("Few lines of many refusals")
struct RefusalLogTests {
    @Test("The first of a reason is told at once, the others together after a while, each reason for itself")
    func lines() {
        var log = RefusalLog()
        func take(_ refused: [SRTAdmission.Refused], _ counts: [SRTRefusal: Int], _ seconds: Double) -> [String] {
            log.take(refused, counts: counts, now: .seconds(seconds)).map { "\($0.count) \($0.reason.rawValue) \($0.address)" }
        }
        #expect(take([], [:], 0).isEmpty)
        #expect(take([.init(reason: .flood, address: "a")], [.flood: 1], 1) == ["1 flood a"])
        #expect(take([.init(reason: .flood, address: "b")], [.flood: 500], 2).isEmpty)
        #expect(take([.init(reason: .full, address: "c")], [.flood: 700, .full: 1], 3) == ["1 full c"])
        #expect(take([], [.flood: 900, .full: 1], 11) == ["899 flood b"])
        #expect(take([], [.flood: 900, .full: 1], 30).isEmpty)
    }
}
