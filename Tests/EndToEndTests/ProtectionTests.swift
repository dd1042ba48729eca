import Foundation
import Glibc
import Synchronization
import Testing

@Suite("Who may speak", .serialized)
struct ProtectionTests {
    private func secret(_ scratch: Scratch, _ name: String, _ text: String, permissions: Int = 0o600) throws -> String {
        let path = scratch.file(name)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: path)
        return path
    }

    private func impatient(_ scratch: Scratch) throws -> String {
        let path = scratch.file("t.yaml")
        try "rate: auto\nconnect_patience: 2 s\n".write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    @Test("With one secret at both ends a transfer is exact, over a link that loses")
    func shared() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch)
        let secret = try secret(scratch, "secret", "a secret that both know\n")
        let transfer = try await Transfer.start(
            scratch, volumes: [volume], arguments: ["--mask", mask, "--encoding", "fast", "--secret-file", secret],
            link: "hospital-wan", transport: "default", receiverArguments: ["--secret-file", secret])
        #expect(try await transfer.finish() == (0, 0), "\(transfer.sender.standardError) \(transfer.receiver.standardError)")
        #expect(try Transfer.bytes(scratch.file("in/s/head.nii.gz")) == (try Transfer.bytes(volume)))
    }

    @Test("No secret, a wrong one or an unknown sender gets nowhere, and a session that runs is not disturbed")
    func strangers() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch)
        let access = try secret(scratch, "access", "# sites\nwest the secret of the west\neast the secret of the east\n")
        let west = try secret(scratch, "west", "the secret of the west")
        let wrong = try secret(scratch, "wrong", "the secret of the north")
        let quick = try impatient(scratch)
        let transfer = try await Transfer.start(
            scratch, volumes: [volume],
            arguments: ["--mask", mask, "--encoding", "fast", "--secret-file", west, "--sender", "west"],
            transport: "default", receiverArguments: ["--access-file", access])
        #expect(try await transfer.receiver.waitFor("roi_complete") != nil, "\(transfer.sender.standardError)")
        let port = try await Transfer.port(of: transfer.receiver)
        for (arguments, sentence) in [
            ([], "requires a secret"), (["--secret-file", wrong, "--sender", "west"], "rejected the secret. Check --secret-file"),
            (["--secret-file", west, "--sender", "east"], "rejected the secret. Check --secret-file"),
            (["--secret-file", west, "--sender", "south"], "does not know this sender"),
        ] {
            let (code, program) = try await Program.run(
                "fovea",
                ["send", volume, "--mask", mask, "--to", "127.0.0.1:\(port)", "--session", "x", "--transport", quick] + arguments)
            #expect(code == 77, "\(arguments): \(program.standardError)")
            #expect(program.standardError.contains(sentence), "\(arguments): \(program.standardError)")
            #expect(program.standardError.split(separator: "\n").count == 1)
        }
        #expect(try await transfer.finish() == (0, 0), "\(transfer.sender.standardError)")
        #expect(scratch.files(in: "in").filter { !$0.contains("/") } == ["s"])
        #expect(try Transfer.bytes(scratch.file("in/s/head.nii.gz")) == (try Transfer.bytes(volume)))
    }

    @Test("A secret that others may read is refused, by both ends")
    func exposed() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 32, rows: 32, slices: 20)
        let secret = try secret(scratch, "secret", "a secret that all can read", permissions: 0o644)
        let receive = try await Program.run(
            "fovea", ["receive", "--listen", "127.0.0.1:0", "--out", scratch.file("in"), "--secret-file", secret])
        let send = try await Program.run("fovea", ["send", volume, "--mask", mask, "--to", "127.0.0.1:9", "--secret-file", secret])
        for run in [receive, send] {
            #expect(run.code == 77)
            #expect(run.program.standardError.contains("chmod 600"))
            #expect(!run.program.standardError.contains("that all can read"))
        }
    }

    @Test("Without a secret nothing is said or heard beyond this machine, unless one insists")
    func loopback() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 32, rows: 32, slices: 20)
        let receive = try await Program.run("fovea", ["receive", "--listen", "0.0.0.0:0", "--out", scratch.file("in")])
        #expect(receive.code == 77)
        #expect(receive.program.standardError.contains("--insecure"))
        let send = try await Program.run("fovea", ["send", volume, "--mask", mask, "--to", "192.0.2.1:9710"])
        #expect(send.code == 77)
        let insecure = try Program(
            "fovea", ["receive", "--listen", "0.0.0.0:0", "--out", scratch.file("in"), "--insecure", "--json"])
        #expect(try await insecure.waitFor("listening", seconds: 20) != nil)
        insecure.signal(SIGTERM)
        #expect(try await insecure.exitCode(seconds: 10) == 0)
    }

    @Test("A flood of garbage at ten thousand datagrams a second leaves a transfer as it is")
    func flood() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch)
        let transfer = try await Transfer.start(
            scratch, volumes: [volume], arguments: ["--mask", mask, "--encoding", "fast"], transport: "default")
        let port = UInt16(try await Transfer.port(of: transfer.receiver))
        let isOver = Flag()
        defer { isOver.set() }
        Thread.detachNewThread { Self.flood(port: port, until: isOver) }
        let codes = try await transfer.finish()
        #expect(codes == (0, 0), "\(transfer.sender.standardError) \(transfer.receiver.standardError)")
        #expect(try Transfer.bytes(scratch.file("in/s/head.nii.gz")) == (try Transfer.bytes(volume)))
    }

    /// Stops what runs beside a test.
    private final class Flag: Sendable {
        private let state = Mutex(false)
        var isSet: Bool { state.withLock { $0 } }
        func set() { state.withLock { $0 = true } }
    }

    /// Sends garbage, some of it shaped like SRT's own datagrams, until it is told to stop.
    private static func flood(port: UInt16, until isOver: Flag) {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        while !isOver.isSet {
            for _ in 0..<100 {
                var bytes = [UInt8](repeating: 0, count: 16 + Int(state % 1400))
                for index in bytes.indices {
                    state ^= state << 13
                    state ^= state >> 7
                    state ^= state << 17
                    bytes[index] = UInt8(truncatingIfNeeded: state)
                }
                // A handshake's first word now and then.
                if state % 3 == 0 { bytes.replaceSubrange(0..<4, with: [0x80, 0, 0, 0]) }
                _ = withUnsafePointer(to: &address) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        sendto(socket, bytes, bytes.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                    }
                }
            }
            usleep(9_000)
        }
    }

    @Test(
        "A session beyond a receiver's limits is refused with the limit, and the receiver goes on",
        arguments: ["--max-bytes", "--max-memory"])
    func limits(_ option: String) async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch)
        let transfer = try await Transfer.start(
            scratch, volumes: [volume], arguments: ["--mask", mask, "--encoding", "fast"], link: "hospital-wan",
            transport: "default", receiverArguments: [option, "20000"])
        let codes = try await transfer.finish()
        #expect(codes.sender == 69 && codes.receiver == 65, "\(transfer.receiver.standardError)")
        #expect(transfer.sender.standardError.contains("20000"))
    }

    @Test("Figures of a running session are there for Prometheus and as JSON")
    func metrics() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch)
        let transfer = try await Transfer.start(
            scratch, volumes: [volume], arguments: ["--mask", mask, "--encoding", "fast", "--metrics", "127.0.0.1:0"],
            link: "bad-3g", transport: "default", receiverArguments: ["--metrics", "127.0.0.1:0"])
        for program in [transfer.receiver, transfer.sender] {
            let port = try #require(try await program.waitFor("metrics", seconds: 20)?["port"] as? Int)
            #expect(try await transfer.receiver.waitFor("background_complete") != nil)
            let url = try #require(URL(string: "http://127.0.0.1:\(port)/metrics"))
            var text = ""
            for _ in 0..<500 where !text.contains("session=\"s\"") {
                text = String(decoding: try Data(contentsOf: url), as: UTF8.self)
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(text.contains("fovea_session_goodput_bits_per_second"))
            #expect(text.contains("session=\"s\""))
            // The background's base came whole: so many bytes it is in all.
            #expect(text.contains("fovea_layer_expected_bytes{") && text.contains("layer=\"background_base\""))
            let json =
                try JSONSerialization.jsonObject(with: Data(contentsOf: url.appendingPathExtension("json"))) as? [String: Any]
            #expect((json?["sessions"] as? [[String: Any]])?.first?["session"] as? String == "s")
            #expect(!text.contains("head"))
        }
        #expect(try await transfer.finish() == (0, 0))
    }
}
