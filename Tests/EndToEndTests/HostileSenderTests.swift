import Bytes
import Foundation
import Journal
import ExactCodec
import Testing
import VolumeModel
import WireFormat

/// A sender that follows the wire format and lies in it.
@Suite("A hostile sender", .serialized)
struct HostileSenderTests {
    private static func receive(_ scratch: Scratch, once: Bool = true, port: Int = 0) async throws -> (receiver: Program, port: Int)
    {
        let receiver = try Program(
            "fovea",
            ["receive", "--listen", "127.0.0.1:\(port)", "--out", scratch.file("in"), "--json"] + (once ? ["--once"] : []))
        return (receiver, try await Transfer.port(of: receiver))
    }

    /// A manifest of a volume of 8 x 8 x 8 voxels that all hold one value, or of what a plan says of them.
    private func manifest(content: Box? = nil, plan: [PlannedChunk] = []) throws -> Manifest {
        var header = [UInt8](repeating: 0, count: 348)
        func put(_ bytes: [UInt8], _ offset: Int) { header.replaceSubrange(offset..<offset + bytes.count, with: bytes) }
        put([0x5c, 1, 0, 0], 0)
        put([3, 0, 8, 0, 8, 0, 8, 0, 1, 0, 1, 0, 1, 0, 1, 0], 40)
        put([4, 0, 16, 0], 70)
        put([0, 0, 0xb0, 0x43], 108)
        put([0x6e, 0x2b, 0x31, 0], 344)
        return Manifest(
            goal: .lossless,
            volumes: [
                VolumeManifest(
                    name: try Name("v"), header: header, extensionByteCount: 4, trailerByteCount: 0, sourceDigest: Digest(of: []),
                    low: 0, high: 0, bitDepth: 12, fill: 0, content: content, regionSource: .box, regions: [], plan: plan)
            ])
    }

    /// Checks that a session is refused, to the sender and in one line here, in these words; and nothing that is left calls itself exact.
    private func expectRefusal(
        _ records: [(UInt32, [UInt8])], end: Digest?, _ words: String, _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let scratch = try Scratch()
        let (receiver, port) = try await Self.receive(scratch)
        let answers = try await LyingSender.send(records, end: end, to: port)
        let abort = LyingSender.abort(answers)
        #expect(abort.map { [.refused, .undecodable].contains($0.reason) } == true, sourceLocation: location)
        #expect(abort?.message.contains(words) == true, "\(String(describing: abort))", sourceLocation: location)
        // A trap would end it by a signal.
        #expect(try await receiver.exitCode(seconds: 20) == 65, sourceLocation: location)
        let lines = receiver.standardError.split(separator: "\n")
        #expect(lines.count == 1 && lines[0].contains(words), "\(receiver.standardError)", sourceLocation: location)
        #expect(LyingSender.receipt(answers) == nil, sourceLocation: location)
        #expect(receiver.event("summary") == nil, sourceLocation: location)
        try expectNothingExact(scratch, location)
        // The next attempt would come to the same end: it begins anew, and what had come is kept.
        #expect(lines[0].contains("is kept in session.journal.unusable-1"), sourceLocation: location)
        let files = scratch.files(in: "in/s")
        #expect(files.contains("session.journal.unusable-1") && files.contains("session.journal"), sourceLocation: location)
    }

    private func expectNothingExact(_ scratch: Scratch, _ location: SourceLocation) throws {
        #expect(!scratch.files(in: "in/s").contains("v.nii.gz"), sourceLocation: location)
        #expect(!scratch.files(in: "in/s").contains("v.lossy.nii.gz"), sourceLocation: location)
        guard let data = FileManager.default.contents(atPath: scratch.file("in/s/receipt.json")) else { return }
        let receipt = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(receipt["complete"] as? Bool == false, sourceLocation: location)
        for volume in try #require(receipt["volumes"] as? [[String: Any]]) {
            #expect(volume["state"] as? String != "lossless", sourceLocation: location)
            let parts = (volume["regions"] as? [[String: Any]] ?? []) + [volume["background"] as? [String: Any] ?? [:]]
            for part in parts { #expect(part["stage"] as? String != "exact", "\(part)", sourceLocation: location) }
        }
    }

    @Test("A table without the volumes of its manifest is refused, and the receiver lives")
    func emptyTable() async throws {
        let scratch = try Scratch()
        let (receiver, port) = try await Self.receive(scratch)
        let manifest = try manifest()
        let table = try ChunkRecord(coder: 1, payload: ChunkTable(entries: [], outcomes: []).encoded()).encoded()
        let records = [(0, try ChunkRecord(coder: 1, payload: manifest.encoded()).encoded()), (manifest.tableOrdinal, table)]
        let answers = try await LyingSender.send(records, end: ChunkRecord.digest(of: table), to: port)
        #expect(LyingSender.abort(answers)?.message == "the sender's table does not fit its plan")
        #expect(try await receiver.exitCode(seconds: 20) == 65)
        #expect(receiver.standardError.contains("the sender's table does not fit its plan"))
    }

    @Test("An end before anything else is refused")
    func endOnly() async throws {
        try await expectRefusal([], end: Digest(of: [1]), "the sender ends before its manifest and table have come")
    }

    @Test("A chunk beyond the plan is refused")
    func unplanned() async throws {
        let session = try await CodedSession.make(try Scratch())
        let record = try ChunkRecord(coder: 1, payload: [1, 2, 3]).encoded()
        try await expectRefusal(
            [session.chunks[0], (session.manifest.tableOrdinal + 1, record)], end: nil, "cut off at byte 0, in 'focus'")
    }

    @Test("A manifest of garbage is refused")
    func garbage() async throws {
        let record = try ChunkRecord(coder: 1, payload: (0..<900).map { UInt8(truncatingIfNeeded: $0 &* 7) }).encoded()
        try await expectRefusal([(0, record)], end: nil, "goal 0 is unknown")
    }

    @Test("A table that is not the one the sender ends with is refused")
    func otherEnd() async throws {
        let session = try await CodedSession.make(try Scratch())
        try await expectRefusal(session.chunks, end: Digest(of: [1]), "the sender's table is not the one it ends with")
    }

    @Test("A table with another digest of a chunk is refused", arguments: [0, 1, 4])
    func otherChunk(ordinal: Int) async throws {
        var session = try await CodedSession.make(try Scratch())
        var entries = session.table.entries
        entries[ordinal] = ChunkTable.Entry(
            byteCount: entries[ordinal].byteCount, digest: Digest(of: [1]), maxAbsoluteError: entries[ordinal].maxAbsoluteError,
            meanSquaredError: entries[ordinal].meanSquaredError)
        try session.replace(table: ChunkTable(entries: entries, outcomes: session.table.outcomes))
        try await expectRefusal(session.chunks, end: session.end, "is not the one in the sender's table")
    }

    @Test("A table with another digest of the volume, or another state, is refused", arguments: [true, false])
    func otherVolume(isDigest: Bool) async throws {
        var session = try await CodedSession.make(try Scratch())
        let outcome = session.table.outcomes[0]
        let wrong = Receipt.Volume(state: isDigest ? outcome.state : .lossy, digest: isDigest ? Digest(of: [1]) : outcome.digest)
        try session.replace(table: ChunkTable(entries: session.table.entries, outcomes: [wrong]))
        try await expectRefusal(session.chunks, end: session.end, "the volume here does not have the digest of the sender's")
    }

    @Test("A volume whose bytes do not have the source's digest is never called lossless, though every voxel counts as exact")
    func otherSource() async throws {
        let scratch = try Scratch()
        var session = try await CodedSession.make(scratch)
        try session.replace(manifest: Manifest(goal: .lossless, volumes: [session.manifest.volumes[0].claiming(Digest(of: [1]))]))
        let outcome = Receipt.Volume(state: .lossy, digest: session.table.outcomes[0].digest)
        try session.replace(table: ChunkTable(entries: session.table.entries, outcomes: [outcome]))
        let (receiver, port) = try await Self.receive(scratch)
        let answers = try await LyingSender.send(session.chunks, end: session.end, to: port)
        #expect(LyingSender.receipt(answers)?.volumes == [outcome])
        #expect(try await receiver.exitCode(seconds: 20) == 0)
        #expect(receiver.event("roi_complete") != nil)
        #expect(receiver.event("volume_lossless") == nil)
        #expect(scratch.files(in: "in/s").contains("v.lossy.nii.gz"))
        #expect(!scratch.files(in: "in/s").contains("v.nii.gz"))
    }

    /// An honest session of floating-point voxels, but for its table, which names the first value twice.
    private static func twice(_ scratch: Scratch) async throws -> CodedSession {
        var session = try await CodedSession.make(scratch, .float32)
        let ordinal = try #require(session.ordinal(of: .valueTable))
        let payload = try ChunkRecord(decoding: try #require(session.records[ordinal])).payload
        let count = payload.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        var values = try Zstandard.decompress(Array(payload.dropFirst(4)), count: 4 * count)
        values.replaceSubrange(4..<8, with: values[0..<4])
        let record = try ChunkRecord(coder: 1, payload: Array(payload.prefix(4)) + Zstandard.compress(values)).encoded()
        try session.replace(record: record, at: ordinal)
        return session
    }

    @Test("A value table that names a value twice costs its own session alone, and the session can be sent anew")
    func palette() async throws {
        let scratch = try Scratch()
        let lying = try await Self.twice(scratch)
        let honest = try await CodedSession.make(scratch)
        let (receiver, port) = try await Self.receive(scratch, once: false)
        let answers = try await LyingSender.send(lying.chunks, end: lying.end, to: port)
        #expect(LyingSender.abort(answers)?.message.contains("names one twice") == true)
        for session in ["s", "other"] {
            let answers = try await LyingSender.send(honest.chunks, end: honest.end, session: session, to: port)
            #expect(LyingSender.receipt(answers)?.volumes.map(\.state) == [.lossless], "\(session): \(receiver.standardError)")
        }
        receiver.signal(SIGTERM)
        #expect(try await receiver.exitCode(seconds: 20) == 0)
    }

    @Test("A sender whose chunks are altered is asked for them again sixteen times, and then no more")
    func altered() async throws {
        let boxes = try (0..<32).map { try StackedBox(x: $0 % 4 * 2..<$0 % 4 * 2 + 2, y: 0..<8, z: $0 / 4..<$0 / 4 + 1) }
        let manifest = try manifest(
            content: Box(x: 0..<8, y: 0..<8, z: 0..<8), plan: boxes.map { PlannedChunk(layer: .mask, box: $0) })
        var altered = try ChunkRecord(coder: 2, payload: [1, 2, 3, 4]).encoded()
        altered[altered.count - 1] ^= 1
        let whole = try (UInt32(0), ChunkRecord(coder: 1, payload: manifest.encoded()).encoded())
        for (count, isRefused) in [(16, false), (17, true)] {
            let scratch = try Scratch()
            let (receiver, port) = try await Self.receive(scratch, once: false)
            let answers = try await LyingSender.send(
                [whole] + (1...count).map { (UInt32($0), altered) }, end: nil, rounds: 200, to: port)
            let abort = LyingSender.abort(answers)
            #expect((abort != nil) == isRefused, "\(count): \(String(describing: abort))")
            #expect(abort.map { $0.message.contains("digest") } ?? true)
            receiver.signal(SIGTERM)
            #expect(try await receiver.exitCode(seconds: 20) == 0)
        }
    }

    /// A record's pieces as a receiver keeps them.
    private static func entries(_ ordinal: UInt32, _ record: [UInt8]) -> [JournalEntry] {
        stride(from: 0, to: record.count, by: Fragment.payloadLimit).map { offset in
            .fragment(
                ordinal: ordinal, totalByteCount: UInt32(record.count), offset: UInt32(offset),
                payload: record[offset..<min(offset + Fragment.payloadLimit, record.count)])
        }
    }

    @Test("A journal that holds such a table is set aside when its session goes on, and not replayed again")
    func journal() async throws {
        let scratch = try Scratch()
        let lying = try await Self.twice(scratch)
        let honest = try await CodedSession.make(scratch)
        // The folder of a session that has begun, as a receiver of an earlier version may have left it.
        try FileManager.default.createDirectory(atPath: scratch.file("in/s"), withIntermediateDirectories: true)
        let path = scratch.file("in/s/session.journal")
        let journal = try SessionJournal(path: path, byteLimit: 1 << 24) { _ in }
        try journal.append([.begun(Array("-\ns".utf8))] + lying.chunks.flatMap { Self.entries($0.0, $0.1) })
        journal.close()
        let (receiver, port) = try await Self.receive(scratch, once: false)
        let answers = try await LyingSender.send([], end: nil, to: port)
        #expect(LyingSender.abort(answers)?.message.contains("names one twice") == true)
        // The sender hears of it first.
        for _ in 0..<500 where !scratch.files(in: "in/s").contains("session.journal.unusable-1") {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(scratch.files(in: "in/s").contains("session.journal.unusable-1"))
        let anew = try await LyingSender.send(honest.chunks, end: honest.end, to: port)
        #expect(LyingSender.receipt(anew)?.volumes.map(\.state) == [.lossless], "\(receiver.standardError)")
        #expect(scratch.files(in: "in/s").filter { $0.contains("unusable") } == ["session.journal.unusable-1"])
        receiver.signal(SIGTERM)
        #expect(try await receiver.exitCode(seconds: 20) == 0)
    }
}
