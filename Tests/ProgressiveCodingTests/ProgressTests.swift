import Bytes
import NIfTIFile
import ProgressiveCoding
import Testing
import TestSupport
import VolumeModel
import WireFormat

@Suite("A volume coming together")
struct ProgressTests {
    private func parts() async throws -> (
        image: NIfTIImage, region: Box, manifest: Manifest, chunks: [EncodedChunk], table: ChunkTable
    ) {
        let image = try Fixtures.image(try Fixtures.shape(80, 72, 32), .int16)
        let region = try Box(x: 30..<50, y: 28..<46, z: 10..<24)
        let (manifest, chunks, table) = try await Fixtures.encode(image, regions: [region])
        return (image, region, manifest, chunks, table)
    }

    @Test("With the regions' chunks alone, exactly the regions are shown, at base quality")
    func roiOnly() async throws {
        let (image, region, manifest, chunks, _) = try await parts()
        let decoder = try Fixtures.decoder(manifest)
        let milestones = try await Fixtures.apply(chunks.filter { $0.layer == .roiBase }, to: decoder)
        #expect(milestones == [.roiComplete])
        let volume = await decoder.snapshot(volume: 0)
        let content = try #require(manifest.volumes[0].content)
        for z in 0..<32 {
            for y in 0..<72 {
                for x in 0..<80 {
                    let quality = volume.quality[(z * 72 + y) * 80 + x]
                    let expected =
                        region.contains(x: x, y: y, z: z)
                        ? Quality.roiBase : content.contains(x: x, y: y, z: z) ? Quality.missing : Quality.exact
                    #expect(quality == expected)
                }
            }
        }
        let fidelity = try Fidelity.compare(image.volume, try volume.image().volume, box: region)
        #expect(fidelity.psnr(peak: 108) > 30)
    }

    @Test("The error the sender announces is the error the receiver has")
    func announcedError() async throws {
        let (image, region, manifest, chunks, table) = try await parts()
        let decoder = try Fixtures.decoder(manifest)
        _ = try await Fixtures.apply(chunks.filter { $0.layer == .roiBase }, to: decoder)
        let announced = manifest.plan.enumerated().filter { $1.chunk.layer == .roiBase }.map {
            table.entries[$0.offset + 1].maxAbsoluteError
        }.max()
        let fidelity = try Fidelity.compare(image.volume, try await decoder.snapshot(volume: 0).image().volume, box: region)
        #expect(announced == fidelity.maxAbsoluteError)
        #expect(fidelity.maxAbsoluteError > 0)
    }

    @Test("Milestones come once each, and lossless last")
    func milestonesInOrder() async throws {
        let (_, _, manifest, chunks, _) = try await parts()
        let decoder = try Fixtures.decoder(manifest)
        var milestones: [Milestone] = []
        for chunk in chunks.sorted(by: { $0.rank < $1.rank }) where chunk.layer != .manifest && chunk.layer != .table {
            milestones += try await decoder.applying(chunk.ordinal, record: chunk.record)
        }
        #expect(milestones == [.roiComplete, .backgroundComplete, .roiLossless, .volumeLossless])
    }

    @Test("No voxel ever gets worse, whatever the order of chunks", arguments: 1...4 as ClosedRange<UInt64>)
    func neverWorse(_ seed: UInt64) async throws {
        let (_, _, manifest, chunks, _) = try await parts()
        let decoder = try Fixtures.decoder(manifest)
        var random = Seeded(seed)
        // Any order that lets each chunk in at once: refinement after its base, the background's after the regions'.
        func step(_ layer: Layer) -> Int { layer <= .mask ? 0 : layer < .backgroundRefinement ? 1 : 2 }
        let shuffled = chunks.filter { $0.layer != .manifest && $0.layer != .table }.map { ($0, random.next()) }
            .sorted { (step($0.0.layer), $0.1) < (step($1.0.layer), $1.1) }
        var before = await decoder.snapshot(volume: 0).quality
        for (chunk, _) in shuffled {
            _ = try await decoder.applying(chunk.ordinal, record: chunk.record)
            let now = await decoder.snapshot(volume: 0).quality
            #expect(zip(before, now).allSatisfy { $0 <= $1 }, "seed \(seed)")
            before = now
        }
    }

    @Test(
        "A chunk with a flipped bit is refused and the rest stands",
        arguments: [Layer.roiBase, .backgroundBase, .mask, .roiRefinement])
    func flippedBit(_ layer: Layer) async throws {
        let (_, _, manifest, chunks, _) = try await parts()
        let decoder = try Fixtures.decoder(manifest)
        let bad = try #require(chunks.first { $0.layer == layer })
        var record = bad.record
        record[record.count / 2] ^= 4
        await #expect(throws: FormatError.self) { try await decoder.applying(bad.ordinal, record: record) }
        _ = try await Fixtures.apply(chunks, to: decoder)
        #expect(try await decoder.outcome(volume: 0).state == .lossless)
    }

    @Test(
        "A chunk that is whole but holds nonsense is refused and the rest stands",
        arguments: [Layer.roiBase, .backgroundBase, .mask, .backgroundRefinement])
    func nonsense(_ layer: Layer) async throws {
        let (_, _, manifest, chunks, _) = try await parts()
        let decoder = try Fixtures.decoder(manifest)
        let bad = try #require(chunks.first { $0.layer == layer })
        _ = try await Fixtures.apply(chunks.filter { $0.layer < layer }, to: decoder)
        let record = try ChunkRecord(coder: 1, payload: (0..<200).map { UInt8($0) }).encoded()
        await #expect(throws: CodingError.self) { try await decoder.applying(bad.ordinal, record: record) }
        _ = try await Fixtures.apply(chunks.filter { $0.layer >= layer }, to: decoder)
        #expect(try await decoder.outcome(volume: 0).state == .lossless)
    }

    @Test("A transfer to 'roi' or 'lossy' plans no more, and says what it is", arguments: [Goal.roi, .lossy])
    func lesserGoals(_ goal: Goal) async throws {
        let image = try Fixtures.image(try Fixtures.shape(80, 72, 16), .uint16)
        let (manifest, chunks, table) = try await Fixtures.encode(
            image, regions: [try Box(x: 30..<50, y: 28..<46, z: 4..<12)], goal: goal)
        let layers = Set(chunks.map(\.layer)).subtracting([.manifest, .table])
        #expect(layers == (goal == .roi ? [.roiBase] : [.roiBase, .backgroundBase]))
        let decoder = try Fixtures.decoder(manifest)
        _ = try await Fixtures.apply(chunks, to: decoder)
        let outcome = try await decoder.outcome(volume: 0)
        #expect(outcome == table.outcomes[0])
        #expect(outcome.state == (goal == .roi ? .partial : .lossy))
    }

    @Test("A volume that is complete but for one chunk is never called lossless")
    func almostComplete() async throws {
        let (_, _, manifest, chunks, table) = try await parts()
        let decoder = try Fixtures.decoder(manifest)
        let left = try #require(chunks.last { $0.layer == .backgroundRefinement })
        let milestones = try await Fixtures.apply(chunks.filter { $0.ordinal != left.ordinal }, to: decoder)
        #expect(!milestones.contains(.volumeLossless))
        #expect(try await decoder.outcome(volume: 0).state == .lossy)
        await #expect(throws: CodingError.self) { try await decoder.check(table) }
    }
}
