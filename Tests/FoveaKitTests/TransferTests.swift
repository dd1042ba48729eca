import Experiments
import Foundation
import FoveaKit
import Phantom
import TestSupport
import Testing

@Suite("Transfers by a program of one's own", .timeLimit(.minutes(2)))
struct TransferTests {
    private let folder: TemporaryFolder
    private let volume: String

    init() throws {
        folder = try TemporaryFolder()
        let parameters = try PhantomParameters(seed: 3, columns: 48, rows: 48, slices: 24)
        volume = try PhantomFiles.write(parameters, to: folder.place("scans")).volume
    }

    private var box: Region { .box("12:30,12:30,8:16") }

    /// Sends to a receiver of one session; the events of both ends.
    private func transfer(_ change: @escaping @Sendable (inout Sender) -> Void = { _ in }) async throws
        -> (received: [Event], sent: [Event])
    {
        var receiver = Receiver(folder: folder.place("incoming"))
        receiver.once = true
        let (volume, box) = (volume, box)
        return try await withThrowingTaskGroup(of: [Event].self) { group in
            var received: [Event] = []
            for try await event in receiver.events() {
                received.append(event)
                guard event.kind == .listening, let port = event["port"]?.number else { continue }
                group.addTask {
                    var sender = Sender([volume], to: "127.0.0.1:\(Int(port))", region: box)
                    sender.remembersRate = false
                    change(&sender)
                    var sent: [Event] = []
                    for try await event in sender.events() { sent.append(event) }
                    return sent
                }
            }
            return (received, try await group.next() ?? [])
        }
    }

    @Test("Both ends report the region before every bit, and end with a summary")
    func events() async throws {
        let (received, sent) = try await transfer { $0.session = "kit" }
        let kinds = received.map(\.kind)
        let region = try #require(kinds.firstIndex(of: .roiComplete))
        let exact = try #require(kinds.firstIndex(of: .volumeLossless))
        #expect(kinds.first == .listening && region < exact && kinds.last == .summary)
        #expect(sent.first?.kind == .session && sent.last?.kind == .summary)
        #expect(sent.contains { $0.kind == .roiAcknowledged })
        #expect(sent.allSatisfy { $0["session"]?.text == "kit" })
        let digest = try #require(sent.last?["receipt"]?.text)
        #expect(received.last?.line.contains(digest) == true)
    }

    @Test("An event's encoding is its line: the fields, and its kind under 'event'")
    func encoding() async throws {
        let (received, _) = try await transfer()
        for event in received {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            #expect(String(decoding: try encoder.encode(event), as: UTF8.self) == event.line)
            let parsed = try JSONSerialization.jsonObject(with: Data(event.line.utf8)) as? [String: Any]
            #expect(parsed?["event"] as? String == event.kind.rawValue)
        }
    }

    @Test("A mask that is not there ends the stream with a code and the file's name, and nothing is sent")
    func missingMask() async throws {
        let sender = Sender([volume], to: "127.0.0.1:9", region: .mask(folder.place("no-mask.nii")))
        var failure: FoveaError?
        do {
            for try await event in sender.events() { Issue.record("an event: \(event.line)") }
        } catch { failure = error as? FoveaError }
        #expect(failure?.code == .noInput)
        #expect(failure?.message.contains("no-mask.nii") == true)
    }

    @Test("A stream that nobody iterates any more stops its receiver: the port is free again")
    func stops() async throws {
        var port = 0
        for try await event in Receiver(folder: folder.place("first")).events() where event.kind == .listening {
            port = Int(event["port"]?.number ?? 0)
            break
        }
        // Its end takes a moment; a port that stays taken fails the test by its time limit.
        while true {
            do {
                for try await event in Receiver(folder: folder.place("second"), listen: "127.0.0.1:\(port)").events() {
                    #expect(event["port"]?.number == Double(port))
                    return
                }
            } catch let error as FoveaError where error.code == .unavailable {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    @Test("Whoever cancels the task that iterates, and waits for it, finds the port free at once")
    func waits() async throws {
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let receiver = Receiver(folder: folder.place("first"))
        let receiving = Task {
            for try await event in receiver.events() where event.kind == .listening {
                continuation.yield(Int(event["port"]?.number ?? 0))
            }
        }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        receiving.cancel()
        try await receiving.value
        for try await event in Receiver(folder: folder.place("second"), listen: "127.0.0.1:\(port)").events() {
            #expect(event["port"]?.number == Double(port))
            return
        }
    }

    @Test("An archive gives back every bit, and its preview says that it is one")
    func archive() async throws {
        let archive = Archive(folder.place("scan.fovea"))
        #expect(try await archive.encode(volume, region: box) > 0)
        let back = try await archive.decode(to: folder.place("back.nii"))
        #expect(back.isExact && back.path == folder.place("back.nii"))
        let preview = try await archive.decode(to: folder.place("preview.nii"), layers: .lossy)
        #expect(!preview.isExact)
        await #expect(throws: FoveaError.self) { try await archive.decode(to: folder.place("back.nii")) }
        // Not the archive itself, whoever asks.
        await #expect { try await archive.decode(to: archive.path, replacing: true) } throws: {
            ($0 as? FoveaError)?.code == .usage
        }
    }

    @Test("Volumes are their owner's alone, and a receiver takes one kind of secret")
    func privacy() async throws {
        _ = try await transfer { $0.session = "private" }
        let attributes = try FileManager.default.attributesOfItem(atPath: folder.place("incoming/private"))
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o700)
        var receiver = Receiver(folder: folder.place("other"))
        (receiver.secretFile, receiver.accessFile) = (folder.place("a"), folder.place("b"))
        await #expect { for try await _ in receiver.events() {} } throws: { ($0 as? FoveaError)?.code == .usage }
    }

    @Test("The example sends a volume over loopback and prints what both ends report")
    func example() throws {
        let programs = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let process = Process()
        process.executableURL = programs.appendingPathComponent("loopback")
        process.arguments = [volume, "12:30,12:30,8:16"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(text.contains("\"event\":\"roi_complete\"") && text.contains("\"event\":\"summary\""))
        #expect(text.split(separator: "\n").allSatisfy { $0.hasPrefix("receiver ") || $0.hasPrefix("sender   ") })
    }
}
