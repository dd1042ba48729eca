import Bytes
import Testing
import TestSupport
import VolumeModel
import WireFormat

@Suite("Bytes from nowhere")
struct MutationTests {
    /// Decodes as everything; what is taken must be something that can be written and read again.
    private func decodeAll(_ bytes: [UInt8], _ place: @autoclosure () -> String) {
        func check(_ body: () throws -> Bool) {
            do {
                let same = try body()
                if !same { Issue.record("read, written and read again it differs: \(place())") }
            } catch {
                if !(error is FormatError) { Issue.record("\(error): \(place())") }
            }
        }
        check {
            let datagram = try Datagram(decoding: bytes)
            return try Datagram(decoding: datagram.encoded()) == datagram
        }
        check {
            let manifest = try Manifest(decoding: bytes)
            return try Manifest(decoding: manifest.encoded()) == manifest
        }
        check {
            let table = try ChunkTable(decoding: bytes)
            return try ChunkTable(decoding: table.encoded()).encoded() == table.encoded()
        }
        check {
            let part = try FocusChunk(decoding: bytes)
            return try FocusChunk(decoding: part.encoded()) == part
        }
        check {
            _ = try ChunkRecord(decoding: bytes)
            return true
        }
        check {
            let chunks = try FoveaContainer.chunks(of: bytes)
            return chunks.reduce(FoveaContainer.header) { $0 + FoveaContainer.entry(ordinal: $1.ordinal, record: $1.record) }
                == bytes
        }
    }

    @Test("A hundred thousand damaged messages are taken or refused, and never trap", arguments: [11, 12] as [UInt64])
    func mutations(seed: UInt64) throws {
        print("damaged messages: seed \(seed)")
        var random = Seeded(seed)
        let messages =
            try Samples.datagrams().map { $0.encoded() } + [
                try Samples.manifest().encoded(), try Samples.record().encoded(), Samples.table().encoded(),
                try Samples.focusChunk().encoded(),
                FoveaContainer.header + FoveaContainer.entry(ordinal: 3, record: [1, 2, 3]),
            ]
        for round in 0..<50_000 {
            var bytes = messages[round % messages.count]
            for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
                let position = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: bytes[position] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 2: bytes[position] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
                case 3: bytes.remove(at: position)
                default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: position)
                }
            }
            decodeAll(bytes, "seed \(seed), round \(round)")
        }
    }

    @Test("A hundred thousand random strings are taken or refused, and never trap", arguments: [21, 22] as [UInt64])
    func randomStrings(seed: UInt64) {
        print("random strings: seed \(seed)")
        var random = Seeded(seed)
        for round in 0..<50_000 {
            var bytes = random.bytes(Int.random(in: 0...80, using: &random))
            // Half of them get past the first check.
            if round % 2 == 0 { bytes = [0xf5, 2, UInt8(round / 2 % 14)] + bytes }
            decodeAll(bytes, "seed \(seed), round \(round)")
        }
    }

    @Test("Random manifests, tables, records and holdings come back as they were", arguments: [31, 32] as [UInt64])
    func roundTrips(seed: UInt64) throws {
        print("round trips: seed \(seed)")
        var random = Seeded(seed)
        for round in 0..<300 {
            let manifest = Manifest(
                goal: [.roi, .lossy, .lossless][round % 3], volumes: try (0...round % 4).map { try volume("v\($0)", &random) })
            #expect(try Manifest(decoding: manifest.encoded()) == manifest, "seed \(seed), round \(round)")
            #expect(manifest.plan.count + 1 == Int(manifest.tableOrdinal))
            let record = ChunkRecord(
                coder: UInt8.random(in: 0...255, using: &random), maxAbsoluteError: Double.random(in: 0...1e9, using: &random),
                meanSquaredError: .infinity, payload: random.bytes(round))
            #expect(try ChunkRecord(decoding: record.encoded()) == record, "seed \(seed), round \(round)")
            let table = ChunkTable(
                entries: (0..<round).map { _ in
                    ChunkTable.Entry(
                        byteCount: Int.random(in: 0...WireLimits.chunkByteCount, using: &random),
                        digest: Digest(of: random.bytes(4)),
                        maxAbsoluteError: Double.random(in: 0...10, using: &random), meanSquaredError: 0)
                }, outcomes: [Receipt.Volume(state: .partial, digest: Digest(of: random.bytes(4)))])
            #expect(try ChunkTable(decoding: table.encoded()) == table, "seed \(seed), round \(round)")
            let holdings = Datagram.holdings(holdings(round % (Holdings.runLimit + 1), &random))
            #expect(try Datagram(decoding: holdings.encoded()) == holdings, "seed \(seed), round \(round)")
        }
    }

    private func holdings(_ count: Int, _ random: inout Seeded) -> Holdings {
        let runs = (0..<count).map { _ in
            let total = UInt32.random(in: 1...UInt32(WireLimits.chunkByteCount), using: &random)
            let end = UInt32.random(in: 1...(total + 1420) / 1421, using: &random)
            return Holdings.Run(
                ordinal: UInt32.random(in: 0..<UInt32(WireLimits.chunkCount), using: &random), totalByteCount: total,
                pieces: UInt32.random(in: 0..<end, using: &random)..<end)
        }
        let pageCount = UInt16.random(in: 1...1024, using: &random)
        return Holdings(
            answer: UInt32.random(in: 0 ... .max, using: &random), page: UInt16.random(in: 0..<pageCount, using: &random),
            pageCount: pageCount, runs: runs)
    }

    private func volume(_ name: String, _ random: inout Seeded) throws -> VolumeManifest {
        func box<Space>() throws -> BoxOf<Space> {
            func side() -> Range<Int> {
                let start = Int.random(in: 0...40_000, using: &random)
                return start..<start + Int.random(in: 1...40_000, using: &random)
            }
            return try BoxOf(x: side(), y: side(), z: side())
        }
        let low = Double.random(in: -1e6...1e6, using: &random)
        return VolumeManifest(
            name: try Name(name), header: random.bytes(Bool.random(using: &random) ? 348 : 540),
            extensionByteCount: Int.random(in: 0...WireLimits.chunkByteCount, using: &random),
            trailerByteCount: Int.random(in: 0...300, using: &random), sourceDigest: Digest(of: random.bytes(8)), low: low,
            high: low + Double.random(in: 0...1e6, using: &random), bitDepth: [8, 10, 12].randomElement(using: &random) ?? 8,
            fill: random.next(), content: Bool.random(using: &random) ? try box() : nil, regionSource: .threshold,
            regions: try (0..<Int.random(in: 0...5, using: &random)).map { _ in try box() },
            plan: try (0..<Int.random(in: 0...20, using: &random)).map { index in
                PlannedChunk(layer: index % 2 == 0 ? .roiRefinement : .valueTable, region: index, box: try box())
            })
    }
}
