import Bytes
import Concurrency
import Faults
import Decoding
import HEVCCodec
import HostileInput
import NIfTIFile
import ProgressiveCoding
import ExactCodec
import TestSupport
import Testing
import VolumeModel
import WireFormat

/// Faults injected where a volume is coded, checked and taken back: nothing is called exact that is not.
@Suite("The chain of exact")
struct VerificationTests {
    private static let region = "30:50,28:46,10:24"

    private static func session(_ type: VoxelType = .int16, goal: Goal = .lossless) async throws -> (
        image: NIfTIImage, manifest: Manifest, chunks: [EncodedChunk], table: ChunkTable
    ) {
        let image = try Fixtures.image(try Fixtures.shape(80, 72, 32), type, scale: type == .float32 ? 0.37 : 1)
        let (manifest, chunks, table) = try await Fixtures.encode(image, regions: [Box(parsing: region)], goal: goal)
        return (image, manifest, chunks, table)
    }

    @Test("A sender whose coder errs by one voxel sends nothing of it", arguments: [nil, 3])
    func erringCoder(maxError: Int?) async throws {
        let settings = try EncodingSettings(
            name: "test", roi: HEVCParameters(crf: 30, preset: "ultrafast"),
            background: HEVCParameters(crf: 40, preset: "ultrafast"), chunkSliceCount: 8, exactCoder: .contextMixing,
            roiMaxError: maxError
        )
        let image = try Fixtures.image(try Fixtures.shape(80, 72, 32), .int16, scale: 7)
        // With a bound the voxels within it are a layer of their own, whose promise has to hold.
        let encoder = try VolumeEncoder(
            image: image, name: Name("v"), regions: [Box(parsing: Self.region)], regionSource: .box,
            goal: maxError == nil ? .lossless : .roi, settings: settings,
            exactCoder: ErringCoder(coder: ExactCoders.contextMixing.coder))
        let session = try SessionEncoder([encoder], goal: maxError == nil ? .lossless : .roi, order: .roiFirst)
        let sent = Fixtures.Collected()
        await #expect {
            _ = try await session.run(on: CodingPool(threadCount: 2)) { sent.add($0) }
        } throws: { ($0 as? CodingError)?.code == .verificationFailed }
        #expect(!sent.all.contains { $0.layer == .roiRefinement || $0.layer == .roiBounded || $0.layer == .table })
    }

    @Test("A table is compared with every chunk that came, the manifest's among them: length, digest and error")
    func table() async throws {
        let (_, manifest, chunks, table) = try await Self.session()
        let decoder = try Fixtures.decoder(manifest)
        _ = try await Fixtures.apply(chunks, to: decoder)
        try await decoder.check(table)
        for ordinal in [0, 1, table.entries.count - 1] {
            let entry = table.entries[ordinal]
            let changed = [
                ChunkTable.Entry(
                    byteCount: entry.byteCount + 1, digest: entry.digest, maxAbsoluteError: entry.maxAbsoluteError,
                    meanSquaredError: entry.meanSquaredError),
                ChunkTable.Entry(
                    byteCount: entry.byteCount, digest: Digest(of: [1]), maxAbsoluteError: entry.maxAbsoluteError,
                    meanSquaredError: entry.meanSquaredError),
                ordinal == 0
                    ? nil
                    : ChunkTable.Entry(
                        byteCount: entry.byteCount, digest: entry.digest, maxAbsoluteError: entry.maxAbsoluteError + 1,
                        meanSquaredError: entry.meanSquaredError),
            ]
            for case let wrong? in changed {
                var entries = table.entries
                entries[ordinal] = wrong
                await #expect("chunk \(ordinal)") {
                    try await decoder.check(ChunkTable(entries: entries, outcomes: table.outcomes))
                } throws: { ($0 as? CodingError)?.code == .verificationFailed }
            }
        }
        for table in [
            ChunkTable(entries: Array(table.entries.dropLast()), outcomes: table.outcomes),
            ChunkTable(entries: table.entries, outcomes: []),
        ] { await #expect(throws: CodingError.self) { try await decoder.check(table) } }
    }

    @Test("A volume whose chunks are all there and exact is not lossless without the source's digest")
    func anotherSource() async throws {
        let (_, manifest, chunks, _) = try await Self.session()
        let other = Manifest(goal: manifest.goal, volumes: [try manifest.volumes[0].changed(sourceDigest: Digest(of: [1]))])
        let decoder = try Fixtures.decoder(other)
        _ = try await Fixtures.apply(chunks, to: decoder)
        #expect(await decoder.snapshot(volume: 0).isLossless)
        #expect(try await decoder.outcome(volume: 0).state == .lossy)
    }

    @Test("What is not trusted any more is exact nowhere: not in the state, the standing or the quality")
    func distrust() async throws {
        let (_, manifest, chunks, _) = try await Self.session()
        let decoder = try Fixtures.decoder(manifest)
        _ = try await Fixtures.apply(chunks, to: decoder)
        #expect(try await decoder.outcome(volume: 0).state == .lossless)
        await decoder.distrust()
        #expect(try await decoder.outcome(volume: 0).state != .lossless)
        #expect(await decoder.standing(volume: 0).allSatisfy { $0.stage == .missing && $0.maxAbsoluteError == nil })
        let volume = await decoder.snapshot(volume: 0)
        let content = try #require(manifest.volumes[0].content)
        for z in content.z {
            for y in content.y {
                for x in content.x { #expect(volume.quality[(z * 72 + y) * 80 + x] <= Quality.backgroundBase) }
            }
        }
    }

    @Test("Volumes that fit the memory each but not together are refused, and so are extensions that fill it")
    func memory() async throws {
        let manifest = try await Self.session().manifest
        let volume = manifest.volumes[0]
        let one = try VolumeLayout(volume).memoryByteCount
        #expect(one >= 80 * 72 * 32 * (2 + 3) + 4)
        let two = Manifest(goal: manifest.goal, volumes: [volume, try volume.changed(name: "w")])
        let decoder = LocalChunkDecoder(pool: CodingPool(threadCount: 1))
        #expect(throws: Never.self) { try SessionDecoder(two, decoder: decoder, memoryLimit: 2 * one) }
        #expect { try SessionDecoder(two, decoder: decoder, memoryLimit: 2 * one - 1) } throws: {
            ($0 as? CodingError)?.code == .tooLarge
        }
        let long = try volume.changed(trailerByteCount: 1 << 20)
        #expect { try VolumeLayout(long, memoryLimit: one + 1000) } throws: { ($0 as? CodingError)?.code == .tooLarge }
    }

    @Test("A plan without chunks reaches nothing but what its manifest makes exact", arguments: [Goal.roi, .lossy, .lossless])
    func emptyPlan(goal: Goal) async throws {
        let shape = try Fixtures.shape(30, 30, 10)
        let header = try NIfTIHeader.make(shape: shape, voxelType: .int16, affine: .identity, description: "")
        let image = try NIfTIImage(header: header, voxels: [UInt8](repeating: 7, count: 2 * shape.voxelCount))
        let (manifest, _, _) = try await Fixtures.encode(image, regions: [shape.box], goal: goal)
        let decoder = try Fixtures.decoder(manifest)
        #expect(await decoder.initialMilestones(volume: 0) == (goal == .lossless ? [.volumeLossless] : []))
    }

    @Test("A plan that leaves out part of a region never has the region complete")
    func gapInPlan() async throws {
        let (_, manifest, chunks, _) = try await Self.session()
        let volume = manifest.volumes[0]
        let left = try #require(volume.plan.firstIndex { $0.layer == .roiBase })
        let plan = Array(volume.plan[..<left] + volume.plan[(left + 1)...])
        let decoder = try Fixtures.decoder(Manifest(goal: .lossless, volumes: [try volume.changed(plan: plan)]))
        for chunk in chunks where chunk.layer == .roiBase && Int(chunk.ordinal) != left + 1 {
            let ordinal = Int(chunk.ordinal) > left + 1 ? chunk.ordinal - 1 : chunk.ordinal
            #expect(try await decoder.applying(ordinal, record: chunk.record) == [])
        }
    }
}

/// The manifests and tables that a receiver takes, beyond their fields' own limits.
@Suite("The grammar of what a peer sends")
struct GrammarTests {
    private static func manifest(_ type: VoxelType, maxError: Int? = nil) async throws -> Manifest {
        let image = try Fixtures.image(try Fixtures.shape(30, 28, 8), type, scale: type == .float32 ? 0.37 : 1)
        let settings = try EncodingSettings(
            name: "test", roi: HEVCParameters(crf: 30, preset: "ultrafast"),
            background: HEVCParameters(crf: 40, preset: "ultrafast"), chunkSliceCount: 4, roiMaxError: maxError)
        return try await Fixtures.encode(image, regions: [Box(parsing: "8:16,8:16,2:6")], settings: settings).manifest
    }

    private func expectRefusal(
        _ volume: VolumeManifest, _ words: String, _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(sourceLocation: location) { try VolumeLayout(volume) } throws: { error in
            guard let error = error as? CodingError, error.code == .invalidManifest else { return false }
            return error.message.contains(words)
        }
    }

    @Test("A plan that covers voxels again and again is refused, in every layer that has voxels")
    func again() async throws {
        let volume = try await Self.manifest(.int16, maxError: 2).volumes[0]
        #expect(throws: Never.self) { try VolumeLayout(volume) }
        for layer in Set(volume.plan.map(\.layer)) {
            let chunk = try #require(volume.plan.first { $0.layer == layer })
            let count = 30 * 28 * 8 / chunk.box.voxelCount + 1
            let plan = volume.plan + [PlannedChunk](repeating: chunk, count: count)
            expectRefusal(try volume.changed(plan: plan), "its \(layer.name) chunks cover")
        }
    }

    @Test("A preview of several slices that takes more than a chunk may is refused; one slice of any size is not")
    func largePreview() async throws {
        let shape = try Fixtures.shape(8192, 8192, 2)
        let header = try NIfTIHeader.make(shape: shape, voxelType: .uint8, affine: .identity, description: "")
        let other = try await Self.manifest(.uint8).volumes[0]
        func volume(_ slices: Range<Int>) throws -> VolumeManifest {
            let box = try StackedBox(x: 0..<8192, y: 0..<8192, z: slices)
            return try other.changed(header: header, content: shape.box, plan: [PlannedChunk(layer: .backgroundBase, box: box)])
        }
        expectRefusal(try volume(0..<2), "is too large")
        #expect(throws: Never.self) { try VolumeLayout(volume(0..<1)) }
    }

    @Test("Two value tables, and two chunks of extensions, are refused")
    func twoTables() async throws {
        let volume = try await Self.manifest(.float32).volumes[0]
        let table = try #require(volume.plan.first { $0.layer == .valueTable })
        expectRefusal(try volume.changed(plan: volume.plan + [table]), "2 chunks of value_table")
        let extensions = PlannedChunk(layer: .extensions, box: table.box)
        #expect(throws: Never.self) { try VolumeLayout(volume.changed(plan: volume.plan + [extensions])) }
        expectRefusal(try volume.changed(plan: volume.plan + [extensions, extensions]), "2 chunks of extensions")
    }

    @Test("A fill that is beyond the range, where codes count from its end, is refused")
    func fill() async throws {
        let volume = try await Self.manifest(.int16).volumes[0]
        expectRefusal(try volume.changed(fill: UInt64(UInt16(bitPattern: Int16(volume.high) + 1))), "it is filled with")
        expectRefusal(try volume.changed(fill: UInt64(UInt16(bitPattern: Int16(volume.low) - 1))), "it is filled with")
    }

    /// The bytes that a decoder's process gives for a table.
    private struct Answering: ChunkDecoder {
        let bytes: [UInt8]
        func decode(_ request: DecodeRequest, rank: UInt64) async throws -> DecodedChunk { .bytes(bytes) }
    }

    private func apply(_ table: [Float], announced: Int? = nil, answered: [UInt8]? = nil, byDifferences: Bool = false) async throws
    {
        let manifest = try await Self.manifest(.float32)
        let ordinal = try #require(manifest.plan.firstIndex { $0.chunk.layer == .valueTable }) + 1
        let bits = table.map(\.bitPattern)
        let differences = zip(bits, [0] + bits).map { $0 &- $1 }
        let bytes =
            byDifferences
            ? (0..<4).flatMap { byte in differences.map { UInt8(truncatingIfNeeded: $0 >> UInt32(8 * byte)) } }
            : table.withUnsafeBytes { Array($0) }
        let count = UInt32(announced ?? table.count)
        let payload = withUnsafeBytes(of: count.bigEndian) { Array($0) } + (try Zstandard.compress(bytes))
        let decoder: any ChunkDecoder = answered.map { Answering(bytes: $0) } ?? LocalChunkDecoder(pool: CodingPool(threadCount: 1))
        let session = try SessionDecoder(manifest, decoder: decoder)
        _ = try await session.applying(
            UInt32(ordinal), record: ChunkRecord(coder: byDifferences ? 3 : 1, payload: payload).encoded())
    }

    private func expectRefused(_ words: String, _ body: () async throws -> Void, _ location: SourceLocation = #_sourceLocation)
        async
    {
        await #expect(sourceLocation: location) { try await body() } throws: { error in
            guard let error = error as? CodingError, error.code == .invalidChunk else { return false }
            return error.message.contains(words)
        }
    }

    @Test(
        "A value table ascends, in either form: one that names a value twice, or goes back, is refused", arguments: [false, true])
    func palette(byDifferences: Bool) async throws {
        try await apply([-1, 0.0, -0.0, 2, .infinity, .nan], byDifferences: byDifferences)
        for table in [[1, 1], [2, 1], [-0.0, 0.0], [.nan, 1], [.nan, .nan], [1, 2, 2, 3]] as [[Float]] {
            await expectRefused("do not ascend") { try await apply(table, byDifferences: byDifferences) }
        }
    }

    @Test("A decoder's process that a chunk has taken over cannot make a table of another size")
    func answers() async throws {
        await expectRefused("value table of") { try await apply([1, 2], answered: [UInt8](repeating: 0, count: 4 << 20)) }
        await expectRefused("value table of") { try await apply([1, 2], answered: []) }
        await expectRefused("value table of") { try await apply([1, 2], answered: [1, 2, 3, 4, 5]) }
        await expectRefused("value table of") { try await apply([1, 2], announced: 65537) }
        await expectRefused("value table of") { try await apply([], announced: 0) }
    }
}

extension VolumeManifest {
    /// The same, but for what is given.
    func changed(
        name: String? = nil, header: NIfTIHeader? = nil, trailerByteCount: Int? = nil, sourceDigest: Digest? = nil,
        fill: UInt64? = nil, content: Box? = nil, plan: [PlannedChunk]? = nil
    ) throws -> VolumeManifest {
        VolumeManifest(
            name: try name.map { try Name($0) } ?? self.name, header: header?.bytes ?? self.header,
            extensionByteCount: extensionByteCount,
            trailerByteCount: trailerByteCount ?? self.trailerByteCount, sourceDigest: sourceDigest ?? self.sourceDigest, low: low,
            high: high,
            bitDepth: bitDepth, knee: knee, fill: fill ?? self.fill, content: content ?? self.content, regionSource: regionSource,
            regions: content == nil ? regions : [], maxError: maxError, plan: plan ?? self.plan)
    }
}
