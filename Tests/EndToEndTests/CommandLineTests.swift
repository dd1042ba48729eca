import Foundation
import Testing

@Suite("What commands say", .serialized)
struct CommandLineTests {
    @Test("Help names each default as it is written on a command line")
    func defaults() async throws {
        for command in ["send", "encode", "demo"] {
            let help = try await Program.run("fovea", [command, "--help"]).program.standardOutput
            #expect(help.contains("default: lossless"), "\(help)")
            #expect(!help.contains("default: 3"))
        }
        #expect(try await Program.run("fovea", ["decode", "--help"]).program.standardOutput.contains("default: all"))
    }

    @Test("Wrong use points to the help of its command, and a command that nearly exists is named")
    func usage() async throws {
        let cases = [
            (["send", "x.nii"], "(see 'fovea send --help')"), (["encode", "--frob"], "(see 'fovea encode --help')"),
            (["receive", "--listen", "127.0.0.1:0", "--out", "x", "--max-bytes", "1X"], "(see 'fovea receive --help')"),
            (["sned", "x.nii"], "did you mean 'fovea send'? (see 'fovea --help')"),
            (["recieve"], "did you mean 'fovea receive'? (see 'fovea --help')"),
            (["frobnicate"], "there is no command 'frobnicate'; (see 'fovea --help')"),
        ]
        for (arguments, sentence) in cases {
            let (code, program) = try await Program.run("fovea", arguments)
            #expect(code == 64, "\(arguments)")
            #expect(program.standardError.contains(sentence), "\(program.standardError)")
            #expect(program.standardError.split(separator: "\n").count == 1)
        }
    }

    /// A receiver with limits, and what a sender to it comes to.
    private static func transfer(
        _ limits: [String], _ scratch: Scratch, link: String = "hospital-wan"
    ) async throws -> (sender: Program, code: Int32?, receiver: Program, receiverCode: Int32?) {
        let (volume, mask) = try Transfer.phantom(scratch, columns: 64, rows: 64, slices: 40)
        let transfer = try await Transfer.start(
            scratch, volumes: [volume], arguments: ["--mask", mask, "--encoding", "fast"], link: link, transport: link,
            receiverTransport: link, receiverArguments: limits)
        let codes = try await transfer.finish()
        return (transfer.sender, codes.sender, transfer.receiver, codes.receiver)
    }

    @Test(
        "A limit of the command line ends the session that goes beyond it, and both ends say which",
        arguments: [
            ("--max-bytes", "20K", "the session has more than 20480 bytes"), ("--max-memory", "64K", "65536"),
            ("--max-seconds", "1", "the session has lasted longer than 1 s"),
        ])
    func limit(_ option: String, _ value: String, _ sentence: String) async throws {
        let scratch = try Scratch()
        let ended = try await Self.transfer(
            [option, value], scratch, link: option == "--max-seconds" ? "geo-satellite" : "hospital-wan")
        #expect(ended.code == 69, "\(ended.sender.standardError)")
        #expect(ended.receiverCode == 65, "\(ended.receiver.standardError)")
        #expect(ended.sender.standardError.contains("the receiver gave up"))
        #expect(ended.sender.standardError.contains(sentence), "\(ended.sender.standardError)")
        #expect(ended.receiver.standardError.contains(sentence), "\(ended.receiver.standardError)")
        #expect(!scratch.files(in: "in").contains("s/head.nii.gz"))
    }

    @Test("The same limits with room enough change nothing")
    func room() async throws {
        let scratch = try Scratch()
        let ended = try await Self.transfer(
            ["--max-bytes", "1G", "--max-memory", "512 MiB", "--max-seconds", "600", "--max-sessions", "1"], scratch)
        #expect(ended.code == 0 && ended.receiverCode == 0, "\(ended.sender.standardError) \(ended.receiver.standardError)")
    }

    @Test("A receiver takes no more sessions at a time than it was told")
    func sessions() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch)
        let receiver = try Program(
            "fovea", ["receive", "--listen", "127.0.0.1:0", "--out", scratch.file("in"), "--json", "--max-sessions", "1"])
        let port = try await Transfer.port(of: receiver)
        let relay = try Program(
            "netsim", ["relay", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:\(port)", "--link", "geo-satellite", "--json"])
        let first = try Program(
            "fovea",
            [
                "send", volume, "--mask", mask, "--session", "a", "--to", "127.0.0.1:\(try await Transfer.port(of: relay))",
                "--encoding",
                "fast", "--json",
            ])
        #expect(try await receiver.waitFor("manifest") != nil)
        let second = try Program(
            "fovea", ["send", volume, "--mask", mask, "--session", "b", "--to", "127.0.0.1:\(port)", "--encoding", "fast"])
        // It may wait for room a while before it gives up; it gets in neither way while the first is there.
        for _ in 0..<300 where first.isRunning && second.isRunning { try await Task.sleep(for: .milliseconds(10)) }
        #expect(!scratch.files(in: "in").contains("b/receipt.json"))
        if !second.isRunning { #expect(try await second.exitCode() == 75, "\(second.standardError)") }
        for program in [first, second, relay, receiver] { program.signal(SIGTERM) }
        _ = try await receiver.exitCode(seconds: 20)
    }

    @Test("Progress is told to machines by both ends and by encode and decode, and never goes back")
    func progress() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 64, rows: 64, slices: 40)
        let transfer = try await Transfer.start(scratch, volumes: [volume], arguments: ["--mask", mask, "--encoding", "fast"])
        #expect(try await transfer.finish() == (0, 0))
        for program in [transfer.sender, transfer.receiver] {
            let told = program.events.filter { $0["event"] as? String == "progress" }
            let shares = told.compactMap { $0["share"] as? Double }
            #expect(!shares.isEmpty && shares == shares.sorted() && shares.allSatisfy { (0...1).contains($0) })
            #expect(told.allSatisfy { $0["session"] as? String == "s" && ($0["peer"] as? String)?.contains("127.0.0.1:") == true })
        }
        let file = scratch.file("h.fovea")
        let encoded = try await Program.run("fovea", ["encode", volume, "--mask", mask, "--out", file, "--json"])
        #expect(encoded.program.event("progress")?["stage"] as? String == "encode")
        let decoded = try await Program.run("fovea", ["decode", file, "--out", scratch.file("b.nii"), "--json"])
        #expect(decoded.program.event("progress")?["stage"] as? String == "decode")
    }

    @Test("Events and receipts say whose session it is, from where, when, and what digests are of")
    func origin() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 48, rows: 48, slices: 30)
        let transfer = try await Transfer.start(
            scratch, volumes: [volume], arguments: ["--mask", mask, "--encoding", "fast", "--sender", "ward-3"],
            link: "hospital-wan",
            transport: "hospital-wan", receiverTransport: "hospital-wan")
        #expect(try await transfer.finish() == (0, 0), "\(transfer.sender.standardError)")
        let manifest = try #require(transfer.receiver.event("manifest"))
        #expect(manifest["shape"] as? String == "48x48x30")
        #expect(manifest["voxel_type"] as? String == "int16")
        #expect(manifest["bytes"] as? Int == 352 + 48 * 48 * 30 * 2)
        for name in ["manifest", "roi_complete", "volume_lossless", "receipt", "summary"] {
            let event = try #require(transfer.receiver.event(name))
            #expect(event["session"] as? String == "s" && event["sender"] as? String == "ward-3", "\(name)")
            #expect((event["peer"] as? String)?.hasPrefix("127.0.0.1:") == true, "\(name)")
        }
        for name in ["session", "first_datagram", "roi_acknowledged", "summary"] {
            let event = try #require(transfer.sender.event(name))
            #expect(
                event["session"] as? String == "s" && event["sender"] as? String == "ward-3" && event["peer"] is String, "\(name)")
        }
        let data = try Data(contentsOf: URL(fileURLWithPath: scratch.file("in/s/receipt.json")))
        let receipt = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(receipt["sender"] as? String == "ward-3")
        #expect((receipt["peer"] as? String)?.hasPrefix("127.0.0.1:") == true)
        let times = try ["begun", "completed"].map { key in
            try #require((receipt[key] as? String).flatMap { try? Date($0, strategy: .iso8601) })
        }
        #expect(times[0] <= times[1] && times[1].timeIntervalSinceNow > -600 && times[1].timeIntervalSinceNow < 60)
        #expect((receipt["digests_of"] as? String)?.contains("uncompressed") == true)
        let stored = try #require((receipt["volumes"] as? [[String: Any]])?.first)
        let path = scratch.file("in/s/head.nii.gz")
        #expect(stored["file_sha256"] as? String == (try Self.sha256(path)))
        #expect(stored["file_bytes"] as? Int == (try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int))
        let summary = try #require((transfer.receiver.event("summary")?["volumes"] as? [[String: Any]])?.first)
        #expect(summary["file_sha256"] as? String == stored["file_sha256"] as? String)
    }

    /// By the system's own program.
    private static func sha256(_ path: String) throws -> String {
        let (process, pipe) = (Process(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
        process.arguments = [path]
        process.standardOutput = pipe
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return String(text.prefix(64))
    }

    @Test("The rate of a link is remembered, unless that is switched off")
    func rateMemory() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch)
        let ways: [([String], [String: String], Bool)] = [
            ([], [:], true), (["--no-rate-memory"], [:], false), ([], ["FOVEA_NO_RATE_MEMORY": "1"], false),
        ]
        for (index, (arguments, environment, remembers)) in ways.enumerated() {
            let receiver = try Program(
                "fovea", ["receive", "--listen", "127.0.0.1:0", "--out", scratch.file("in\(index)"), "--once", "--json"])
            let port = try await Transfer.port(of: receiver)
            let cache = scratch.file("cache\(index)")
            let sent = try await Program.run(
                "fovea", ["send", volume, "--mask", mask, "--encoding", "fast", "--to", "127.0.0.1:\(port)"] + arguments,
                environment: environment.merging(["XDG_CACHE_HOME": cache]) { $1 })
            #expect(sent.code == 0, "\(sent.program.standardError)")
            #expect(FileManager.default.fileExists(atPath: cache + "/fovea/rates.json") == remembers, "\(arguments) \(environment)")
            _ = try await receiver.exitCode(seconds: 20)
        }
    }
}
