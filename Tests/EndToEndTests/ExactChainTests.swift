import Regions
import Bytes
import Concurrency
import EncodingInput
import Faults
import Receiver
import Sender
import ExactCodec
import Foundation
import HostileInput
import Journal
import NIfTIFile
import Profiles
import ProgressiveCoding
import SRTTransport
import StreamSession
import Synchronization
import Testing
import VolumeModel
import WireFormat

/// A fault at each link between a sender's voxels and a receipt: nobody says "lossless" of what is not.
@Suite("The chain of exact, end to end", .serialized)
struct ExactChainTests {
    /// A receiver in this process, and what it says.
    final class Site: Sendable {
        struct Said: Sendable {
            var milestones: [Milestone] = []
            var failure: String?
            var isDone = false
        }
        let said = Mutex(Said())
        let port: Int
        private let listener: SRTListener
        private let task = Mutex<Task<Void, Never>?>(nil)

        init(_ scratch: Scratch, once: Bool = true, _ change: (inout ReceivingSite) -> Void = { _ in }) async throws {
            var site = ReceivingSite(folder: scratch.file("in"), transport: TransportProfile())
            change(&site)
            listener = try site.listen(on: "127.0.0.1:0")
            port = Int(listener.port)
            let running = Task<Void, Never> { [self, site] in await receive(site, once: once) }
            task.withLock { $0 = running }
        }

        private func receive(_ site: ReceivingSite, once: Bool) async {
            do {
                try await site.run(listener, once: once, clock: Stopwatch()) { [self] event in
                    if case .milestone(let milestone, _, _, _) = event { said.withLock { $0.milestones.append(milestone) } }
                }
            } catch {
                said.withLock { $0.failure = "\(error)" }
            }
            said.withLock { $0.isDone = true }
            await listener.close()
        }

        /// Lets it receive no more.
        func stop() { task.withLock { $0 }?.cancel() }

        /// Waits for the one session's end.
        func end() async -> Said {
            await task.withLock { $0 }?.value
            return said.withLock { $0 }
        }
    }

    static func expectNothingExact(_ scratch: Scratch, _ location: SourceLocation = #_sourceLocation) throws {
        let files = scratch.files(in: "in/s")
        #expect(!files.contains("v.nii.gz") && !files.contains("v.lossy.nii.gz"), "\(files)", sourceLocation: location)
        if let data = FileManager.default.contents(atPath: scratch.file("in/s/receipt.json")) {
            let text = String(decoding: data, as: UTF8.self)
            #expect(!text.contains("\"exact\"") && !text.contains("\"state\" : \"lossless\""), sourceLocation: location)
        }
    }

    @Test(
        "A decoder that gives every exact voxel wrongly makes the session fail, and nothing of it is called exact",
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3"), "it needs Python"))
    func wrongDecoder() async throws {
        let scratch = try Scratch()
        let session = try await CodedSession.make(scratch)
        let worker = scratch.file("worker.py")
        // Hands each request on, and changes the lowest bit of every code that comes back.
        try """
        #!/usr/bin/python3
        import struct, subprocess, sys
        worker = subprocess.Popen(["\(Program.folder.path)/fovea-decoder"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        def read(source):
            head = source.read(8)
            if len(head) < 8: sys.exit(0)
            return source.read(struct.unpack("=q", head)[0])
        def write(target, message):
            target.write(struct.pack("=q", len(message)) + message)
            target.flush()
        while True:
            request = read(sys.stdin.buffer)
            write(worker.stdin, request)
            answer = bytearray(read(worker.stdout))
            if struct.unpack("=q", request[:8])[0] == 3:
                if struct.unpack("=q", answer[:8])[0] == 1:
                    for index in range(16, len(answer), 2): answer[index] ^= 1
            write(sys.stdout.buffer, bytes(answer))
        """.write(toFile: worker, atomically: true, encoding: .utf8)
        chmod(worker, 0o755)
        let site = try await Site(scratch) { $0.decoderPath = worker }
        let answers = try await LyingSender.send(session.chunks, end: session.end, to: site.port)
        let said = await site.end()
        #expect(LyingSender.receipt(answers) == nil)
        // By the digest at the latest; or by a chunk that was coded beside what is wrong now.
        let reasons = ["does not have the digest", "does not decode to what was coded"]
        #expect(reasons.contains { said.failure?.contains($0) == true }, "\(said.failure ?? "no failure")")
        #expect(LyingSender.abort(answers) != nil)
        #expect(!said.milestones.contains(.volumeLossless))
        #expect(said.milestones.contains(.roiComplete))
        try Self.expectNothingExact(scratch)
    }

    @Test(
        "A coder that errs is found out by one end or the other, and all comes exact without it under another name",
        arguments: ErringCoder.Fault.allCases)
    func erringCoder(fault: ErringCoder.Fault) async throws {
        let scratch = try Scratch()
        _ = try await CodedSession.make(scratch)
        let site = try await Site(scratch, once: false)
        var preparation = Preparation(
            paths: [scratch.file("v.nii.gz")],
            encoding: try EncodingProfile.load(Program.project.path + "/profiles/encoding/fast.yaml"))
        preparation.regionChoice = .box(try Box(parsing: "8:16,8:16,2:6"))
        preparation.exactCoder = ErringCoder(coder: LinearCoder(), fault: fault)
        var sender = SendingSite(
            preparation: preparation, session: try Name("s"), destination: "127.0.0.1:\(site.port)",
            transport: TransportProfile(bitsPerSecond: 50e6))
        sender.remembersRate = false
        let restarts = Mutex<[String]>([])
        let sent = try await sender.run(clock: Stopwatch()) { event in
            if case .startedOver(let session, let reason) = event { restarts.withLock { $0 += [session.text, reason] } }
        }
        // The same command again, as after a crash, comes to the same end.
        let again = try await sender.run(clock: Stopwatch()) { _ in }
        site.stop()
        _ = await site.end()
        for sent in [sent, again] {
            #expect(sent.startedOverAs?.text == "s-plain" && sent.receipt?.volumes.map(\.state) == [.lossless])
        }
        #expect(again.wasComplete && !sent.wasComplete)
        #expect(
            restarts.withLock { $0.count == 2 && $0[0] == "s-plain" && $0[1].contains("decode") }, "\(restarts.withLock { $0 })")
        try Self.expectNothingExact(scratch)
        let (came, source) = (try NIfTIFile.read(scratch.file("in/s-plain/v.nii.gz")), try NIfTIFile.read(scratch.file("v.nii.gz")))
        #expect(came.volume.voxels == source.volume.voxels && came.header == source.header)
    }

    @Test("A sender that errs without a coder gives up")
    func noCoderLeft() throws {
        var preparation = Preparation(paths: [], encoding: try EncodingProfile.load("fast"))
        #expect(preparation.withoutCoder?.exactCoder?.identifier == StoredCoder().identifier)
        #expect(preparation.withoutCoder?.withoutCoder == nil)
        preparation.goal = .lossy
        #expect(preparation.withoutCoder == nil)
    }

    @Test(
        "A disk that gives back other bytes than were written makes the session fail, and leaves no file that says more than partial"
    )
    func wrongDisk() async throws {
        let scratch = try Scratch()
        let session = try await CodedSession.make(scratch)
        let site = try await Site(scratch) { site in
            site.readBack = { path in
                var bytes = try Transfer.bytes(path)
                bytes[bytes.count / 2] ^= 1
                return Digest(of: bytes)
            }
        }
        let answers = try await LyingSender.send(session.chunks, end: session.end, to: site.port)
        let said = await site.end()
        #expect(LyingSender.receipt(answers) == nil)
        #expect(said.failure?.contains("what is read back is not what was written") == true)
        try Self.expectNothingExact(scratch)
        #expect(!scratch.files(in: "in/s").contains("receipt.json"))
        // The chunks are good: a better disk can go on with them.
        #expect(!scratch.files(in: "in/s").contains { $0.contains("unusable") })
    }

    @Test(
        "A sender that gets a receipt for other volumes, or another state, says so and not that anything is lossless",
        arguments: [true, false])
    func wrongReceipt(isDigest: Bool) async throws {
        let scratch = try Scratch()
        _ = try await CodedSession.make(scratch)
        let listener = try SRTListener(on: HostPort(host: "127.0.0.1", port: 0), options: SRTOptions(maximumBitsPerSecond: 50e6))
        let lying = Task {
            let connection = try await listener.accept()
            var receiver = ReceiverSession(now: .zero)
            let start = ContinuousClock.now
            var table: ChunkTable?
            var outgoing: [[UInt8]] = []
            while !receiver.isOver || !outgoing.isEmpty {
                let turn = await connection.turn(sending: outgoing, timeout: .milliseconds(5))
                outgoing = []
                let now = ContinuousClock.now - start
                var events: [ReceiverSession.Event] = turn.received.map { .datagram($0) } + [.tick]
                if !turn.isConnected { events.append(.disconnected) }
                while !events.isEmpty {
                    for action in receiver.handle(events.removeFirst(), now: now) {
                        switch action {
                        case .send(let bytes): outgoing.append(bytes)
                        case .begun: events.append(.opened(Reassembler(), nonce: []))
                        case .chunk(let ordinal, let record):
                            // The last to come is the table.
                            table = (try? ChunkTable(decoding: ChunkRecord(decoding: record).payload)) ?? table
                            events.append(.applied(ordinal))
                        case .store(let digest):
                            let volumes = (table?.outcomes ?? []).map { outcome in
                                Receipt.Volume(
                                    state: isDigest ? outcome.state : .lossy, digest: isDigest ? Digest(of: [1]) : outcome.digest)
                            }
                            events.append(.stored(Receipt(tableDigest: digest, volumes: volumes)))
                        default: break
                        }
                    }
                }
            }
            await connection.close(timeout: .milliseconds(500))
            await listener.close()
        }
        let sender = try Program(
            "fovea",
            [
                "send", scratch.file("v.nii.gz"), "--box", "8:16,8:16,2:6", "--to", "127.0.0.1:\(listener.port)", "--session", "s",
                "--encoding", "fast",
            ])
        #expect(try await sender.exitCode(seconds: 30) == 65, "\(sender.standardError)")
        #expect(sender.standardError.contains("does not have the digests of what was sent"))
        #expect(
            !sender.standardOutput.lowercased().contains("lossless") && !sender.standardOutput.lowercased().contains("verified"))
        lying.cancel()
        _ = await lying.result
    }

    // MARK: The journal

    @Test("A chunk that was dropped is not held after a restart, and comes again")
    func droppedChunk() throws {
        let scratch = try Scratch()
        let record = try ChunkRecord(coder: 1, payload: [UInt8](repeating: 3, count: 3000)).encoded()
        func piece(_ index: Int) -> JournalEntry {
            let offset = index * Fragment.payloadLimit
            return .fragment(
                ordinal: 1, totalByteCount: UInt32(record.count), offset: UInt32(offset),
                payload: record[offset..<min(offset + Fragment.payloadLimit, record.count)])
        }
        let journal = try SessionJournal(path: scratch.file("journal"), byteLimit: 1 << 20) { _ in }
        try journal.append([.begun([1]), piece(0), piece(1), piece(2), .dropped(ordinal: 1), piece(1)])
        journal.close()
        var contents = JournalContents()
        let again = try SessionJournal(path: scratch.file("journal"), byteLimit: 1 << 20) { try contents.replay($0) }
        again.close()
        #expect(contents.records.isEmpty)
        // What came after it is held; what came before is taken anew.
        var reassembler = contents.reassembler
        for index in 0..<3 {
            guard case .fragment(_, let total, let offset, let payload) = piece(index) else { continue }
            let fragment = try #require(Fragment(ordinal: 1, checkedTotal: total, offset: offset, payload: payload))
            let taken = try reassembler.take(fragment)
            #expect(taken.isNew == (index != 1))
            #expect((taken.record == record) == (index == 2))
        }
    }

    @Test("A journal whose pieces contradict each other is set aside at the next hello, eight times at most")
    func contradiction() async throws {
        let scratch = try Scratch()
        let session = try await CodedSession.make(scratch)
        let folder = scratch.file("in/s")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var toldCount = 0
        for round in 1...9 {
            try? FileManager.default.removeItem(atPath: folder + "/session.journal")
            let journal = try SessionJournal(path: folder + "/session.journal", byteLimit: 1 << 20) { _ in }
            let piece = [UInt8](repeating: 1, count: 10)[...]
            try journal.append([
                .begun(Array("-\ns".utf8)),
                .fragment(ordinal: 1, totalByteCount: 2000, offset: 1421, payload: [UInt8](repeating: 1, count: 579)[...]),
                .fragment(ordinal: 1, totalByteCount: 10, offset: 0, payload: piece),
            ])
            journal.close()
            let site = try await Site(scratch) { _ in }
            let answers = try await LyingSender.send([], end: nil, to: site.port)
            let failure = await site.end().failure ?? ""
            let words = round < 9 ? "is kept as session.journal.unusable-\(round)" : "send under another --session"
            #expect(failure.contains(words), "\(failure)")
            // The sender need not know the receiver's files. What tells it is one datagram, the last before the connection ends.
            guard let abort = LyingSender.abort(answers) else { continue }
            toldCount += 1
            #expect(abort.message.contains("set aside; send it anew, or under another --session"))
        }
        #expect(toldCount >= 6)
        // The last one is in the way; without it the session begins anew.
        try FileManager.default.removeItem(atPath: folder + "/session.journal.unusable-8")
        let refused = try await Site(scratch) { _ in }
        _ = try await LyingSender.send([], end: nil, to: refused.port)
        #expect(await refused.end().failure?.contains("unusable-8") == true)
        let site = try await Site(scratch) { _ in }
        let answers = try await LyingSender.send(session.chunks, end: session.end, to: site.port)
        #expect(LyingSender.receipt(answers)?.volumes.map(\.state) == [.lossless])
    }

    @Test("The sessions that broke an earlier version are received without a broken promise")
    func corpus() async throws {
        let folder = Program.project.path + "/Fuzz/Corpus"
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.contains("/") }.sorted()
        #expect(files.contains { $0.contains("names-a-value-twice") })
        for file in files {
            let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(file)")))
            let faults = await HostileFile.receive(bytes, target: file.split(separator: "/").first.map(String.init) ?? "")
            #expect(faults == [], "\(file)")
        }
    }

    @Test("The honest sessions that fuzzing begins from keep every promise, as sessions and as journals")
    func seeds() async throws {
        for (name, session) in try await HostileSession.seeds() {
            #expect(await session.receive() == [], "\(name)")
            #expect(await HostileSession(session.bytes).receive() == [], "\(name)")
            #expect(await HostileJournal(HostileJournal.seed(session)).receive(in: NSTemporaryDirectory()) == [], "\(name)")
        }
        for toSender in [true, false] { #expect(HostileDatagrams(try HostileDatagrams.seed(toSender: toSender)).receive() == []) }
    }
}
