import Foundation
import TestSupport
import Testing

@Suite("Programs as they are used", .serialized)
struct WholeProgramTests {
    @Test("The demo sends a volume twice, and says, shows and stores what came of it")
    func demo() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 48, rows: 48, slices: 30)
        let arguments = ["demo", "--input", volume, "--mask", mask, "--encoding", "fast", "--link", "hospital-wan"]
        let (code, program) = try await Program.run("fovea", arguments + ["--out", scratch.file("json"), "--json"])
        #expect(code == 0, "\(program.standardError)")
        for order in ["roi-first", "fifo"] {
            let events = program.events.filter { $0["order"] as? String == order }.compactMap { $0["event"] as? String }
            #expect(Set(events).isSuperset(of: ["manifest", "first_roi_byte", "roi_complete", "volume_lossless", "receipt"]))
        }
        let runs = try #require(program.event("summary")?["runs"] as? [[String: Any]])
        #expect(runs.map { $0["order"] as? String } == ["roi-first", "fifo"])
        for run in runs {
            let received = try #require(run["receive"] as? [String: Any])
            let file = try #require((received["volumes"] as? [[String: Any]])?.first)
            #expect(file["state"] as? String == "lossless")
            #expect(try Transfer.bytes(try #require(file["path"] as? String)) == (try Transfer.bytes(volume)))
        }
        let picture = try Data(contentsOf: URL(fileURLWithPath: scratch.file("json/progression.png")))
        #expect(picture.starts(with: [0x89, 0x50, 0x4e, 0x47]))

        let told = try await Program.run("fovea", arguments + ["--out", scratch.file("text")])
        #expect(told.code == 0, "\(told.program.standardError)")
        for line in ["region of interest shown", "exact, digest verified", "all layers", "not for diagnosis"] {
            #expect(told.program.standardOutput.contains(line), "\(told.program.standardOutput)")
        }
    }

    private static let experiment = """
        title: Two orders
        question: Does the program do what it says?
        volumes:
          - phantom: { seed: 2, shape: 48x48x32 }
        encodings: fast
        orders: [roi-first, fifo]
        links: [hospital-wan]
        """

    @Test("An experiment makes its transfers, the same ones byte for byte anywhere, goes on where it was, and reports them")
    func experiment() async throws {
        let scratch = try Scratch()
        let file = scratch.file("two.yaml")
        try Self.experiment.write(toFile: file, atomically: true, encoding: .utf8)
        func run(_ more: String...) async throws -> [String: Any] {
            let (code, program) = try await Program.run("fovea", ["experiment", file, "--virtual", "--json"] + more)
            #expect(code == 0, "\(program.standardError)")
            return try #require(program.event("summary"))
        }
        let first = try await run("--out", scratch.file("a"))
        #expect(first["made"] as? Int == 2 && first["failed"] as? Int == 0)
        #expect(try await run("--out", scratch.file("a"))["made"] as? Int == 0)
        // In two parts, gathered afterwards.
        for cell in ["0", "1"] { #expect(try await run("--out", scratch.file("b"), "--cells", cell)["made"] as? Int == 1) }
        _ = try await run("--out", scratch.file("b"), "--gather")
        for name in ["results.csv", "summary.csv"] {
            let text = try String(contentsOfFile: scratch.file("a/\(name)"), encoding: .utf8)
            #expect(text.split(separator: "\n").count == 3)
            #expect(text == (try String(contentsOfFile: scratch.file("b/\(name)"), encoding: .utf8)))
        }
        let report = try String(contentsOfFile: try #require(first["report"] as? String), encoding: .utf8)
        #expect(report.contains("Does the program do what it says?"))
    }

    @Test("An experiment over real sockets ends with every transfer exact")
    func realExperiment() async throws {
        let scratch = try Scratch()
        let file = scratch.file("one.yaml")
        try Self.experiment.replacingOccurrences(of: "[roi-first, fifo]", with: "roi-first").write(
            toFile: file, atomically: true, encoding: .utf8)
        let (code, program) = try await Program.run("fovea", ["experiment", file, "--out", scratch.file("out"), "--json"])
        #expect(code == 0, "\(program.standardError)")
        #expect(program.event("summary")?["made"] as? Int == 1)
        let line = try String(contentsOfFile: scratch.file("out/results.jsonl"), encoding: .utf8)
        let result = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(result["state"] as? String == "complete" && result["time_to_exact"] is Double, "\(line)")
    }
}

/// The files that `make install` lays down, apart from the project.
@Suite("An installation", .serialized)
struct InstallationTests {
    private static let root = "/usr"

    /// Installs what is built; nil, and a word why, where that cannot be done.
    private func install(_ scratch: Scratch) async throws -> String {
        let make = Process()
        make.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        make.currentDirectoryURL = Program.project
        // Programs are built already, and a build would wait for the one that runs the tests.
        make.arguments = ["make", "-o", "build", "install", "DESTDIR=\(scratch.file("staged"))", "PREFIX=\(Self.root)"]
        let errors = Pipe()
        make.standardOutput = FileHandle.nullDevice
        make.standardError = errors
        try make.run()
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        make.waitUntilExit()
        #expect(make.terminationStatus == 0, "\(text)")
        return scratch.file("staged\(Self.root)")
    }

    /// The installed program, told of nothing that the project has.
    private func run(_ prefix: String, _ arguments: [String]) async throws -> (code: Int32?, program: Program) {
        let program = try started(prefix, arguments)
        return (try await program.exitCode(), program)
    }

    private func started(_ prefix: String, _ arguments: [String]) throws -> Program {
        try Program(
            "\(prefix)/bin/fovea", arguments, environment: ["FOVEA_PROFILES": "", "FOVEA_MODELS": "", "FOVEA_VIEW": ""],
            folder: "/")
    }

    static var isBuilt: Bool {
        FileManager.default.isExecutableFile(atPath: Program.project.appendingPathComponent(".build/release/fovea").path)
    }

    @Test("Installed programs find their profiles, model and page without the project", .enabled(if: InstallationTests.isBuilt))
    func installed() async throws {
        let scratch = try Scratch()
        let prefix = try await install(scratch)
        for name in ["fovea", "netsim"] {
            #expect(FileManager.default.isExecutableFile(atPath: "\(prefix)/bin/\(name)"))
        }
        let help = try await run(prefix, ["--help"])
        #expect(help.code == 0 && help.program.standardOutput.contains("receive"))

        let (volume, mask) = try Transfer.phantom(scratch, columns: 48, rows: 48, slices: 30)
        let encoded = try await run(
            prefix, ["encode", volume, "--mask", mask, "--encoding", "fast", "--out", scratch.file("x.fovea")])
        #expect(encoded.code == 0, "\(encoded.program.standardError)")
        let decoded = try await run(prefix, ["decode", scratch.file("x.fovea"), "--out", scratch.file("x.nii")])
        #expect(decoded.code == 0, "\(decoded.program.standardError)")
        #expect(try Transfer.bytes(scratch.file("x.nii")) == (try Transfer.bytes(volume)))
        let segmented = try await run(prefix, ["segment", volume, "--out", scratch.file("m.nii"), "--json"])
        #expect(segmented.program.event("summary")?["model"] as? String == "flair-unet", "\(segmented.program.standardError)")

        let receiver = try started(
            prefix, ["receive", "--listen", "127.0.0.1:0", "--view", "127.0.0.1:0", "--out", scratch.file("in"), "--json"])
        let page = try #require(try await receiver.waitFor("view")?["url"] as? String, "\(receiver.standardError)")
        let url = try #require(URL(string: page))
        let port = try #require(url.port.flatMap(UInt16.init(exactly:)))
        for (path, file) in [
            ("/main.js", "Sources/LiveView/Page/main.js"), ("/orientation.js", "Sources/LiveView/Page/orientation.js"),
            ("/niivue.js", ".niivue/niivue.js"),
        ] {
            let answer = try #require(
                await RawClient.ask(port, "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\r\n"))
            let text = try String(contentsOf: Program.project.appendingPathComponent(file), encoding: .utf8)
            #expect(answer.hasPrefix("HTTP/1.1 200") && answer.hasSuffix(text.suffix(2000)), "\(path): \(answer.prefix(200))")
        }
        receiver.signal(SIGTERM)
        _ = try await receiver.exitCode(seconds: 10)
    }
}
