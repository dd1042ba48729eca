import Concurrency
import Receiver
import Foundation
import Profiles
import SRTTransport
import Testing

@Suite("What one session may take of a receiver", .serialized)
struct SessionLimitTests {
    enum Limit: String, CaseIterable, CustomTestStringConvertible {
        case volumes, chunks, seconds
        var testDescription: String { rawValue }

        func set(on limits: inout SessionLimits) {
            switch self {
            case .volumes: limits.volumeCount = 1
            case .chunks: limits.chunkCount = 5
            case .seconds: limits.duration = .seconds(1)
            }
        }

        /// The sentence that the sender is told.
        var words: String {
            switch self {
            case .volumes: "2 volumes"
            case .chunks: "chunks are more than is taken here"
            case .seconds: "longer than 1 s"
            }
        }
    }

    @Test("Beyond each limit a session is refused in words, and nothing of it is called complete", arguments: Limit.allCases)
    func limit(_ limit: Limit) async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 64, rows: 64, slices: 40)
        let second = scratch.file("other.nii.gz")
        try FileManager.default.copyItem(atPath: volume, toPath: second)
        let slow = scratch.file("slow.yaml")
        try "rate: 100 kbit/s\n".write(toFile: slow, atomically: true, encoding: .utf8)
        var site = ReceivingSite(folder: scratch.file("in"), transport: TransportProfile())
        limit.set(on: &site.limits)
        let listener = try site.listen(on: "127.0.0.1:0")
        let running = Task { [site] in
            try? await site.run(listener, once: false, clock: Stopwatch()) { _ in }
            await listener.close()
        }
        let (code, program) = try await Program.run(
            "fovea",
            [
                "send", volume, second, "--mask", mask, "--encoding", "fast", "--to", "127.0.0.1:\(listener.port)", "--transport",
                slow, "--session", "s", "--json",
            ])
        #expect(code != 0 && code != nil)
        #expect(program.standardError.contains(limit.words), "\(program.standardError)")
        running.cancel()
        await running.value
        #expect(!scratch.files(in: "in/s").contains { $0 == "head.nii.gz" || $0 == "other.nii.gz" })
    }

    @Test("A session that would take more memory than all may together waits until another has ended, and ends exact")
    func together() async throws {
        let scratch = try Scratch()
        let (volume, mask) = try Transfer.phantom(scratch, columns: 64, rows: 64, slices: 40)
        let slow = scratch.file("slow.yaml")
        try "rate: 200 kbit/s\nconnect_patience: 60 s\n".write(toFile: slow, atomically: true, encoding: .utf8)
        // Each takes about 1 MB.
        let receiver = try Program(
            "fovea",
            ["receive", "--listen", "127.0.0.1:0", "--out", scratch.file("in"), "--json", "--max-total-memory", "1500K"])
        let port = try await Transfer.port(of: receiver)
        func send(_ session: String) throws -> Program {
            try Program(
                "fovea",
                [
                    "send", volume, "--mask", mask, "--encoding", "fast", "--to", "127.0.0.1:\(port)", "--transport", slow,
                    "--session",
                    session, "--json",
                ])
        }
        let first = try send("first")
        #expect(try await receiver.waitFor("roi_complete") != nil, "\(first.standardError)")
        let second = try send("second")
        for _ in 0..<500 where !second.standardError.contains("the receiver is full") {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(
            second.standardError.contains("the receiver is full; it is tried again until it has room"),
            "\(second.standardError)")
        #expect(first.isRunning)
        #expect(try await first.exitCode() == 0, "\(first.standardError)")
        #expect(try await second.exitCode(seconds: 30) == 0, "\(second.standardError)")
        for session in ["first", "second"] {
            #expect(try Transfer.bytes(scratch.file("in/\(session)/head.nii.gz")) == (try Transfer.bytes(volume)))
        }
        receiver.signal(SIGTERM)
        #expect(try await receiver.exitCode(seconds: 20) == 0)
    }
}
