import NIfTIFile
import ProgressiveCoding
import Testing
import TestSupport
import VolumeModel
import WireFormat

@Suite("How much is exact")
struct CompletenessTests {
    /// Voxels that are exact and do not hold the fill value, which is 0, and all that do not, by looking at each.
    private func counted(_ volume: VolumeAssembler, of image: NIfTIImage) -> (exact: Int, body: Int) {
        let width = image.volume.voxelType.byteCount
        var (exact, body) = (0, 0)
        for index in volume.quality.indices {
            guard image.volume.voxels.values(index * width..<(index + 1) * width).contains(where: { $0 != 0 }) else { continue }
            body += 1
            if volume.quality[index] == Quality.exact { exact += 1 }
        }
        return (exact, body)
    }

    @Test(
        "It is what a count of the body's voxels gives, grows with every chunk, and is whole with the last, in any order",
        arguments: [(VoxelType.int16, 1), (.int16, 2), (.uint8, 3), (.float64, 4)] as [(VoxelType, UInt64)])
    func growing(type: VoxelType, seed: UInt64) async throws {
        let image = try Fixtures.image(try Fixtures.shape(48, 40, 24, 2), type, scale: type == .float64 ? 0.1 : 1)
        let (manifest, chunks, _) = try await Fixtures.encode(image, regions: [try Box(x: 15..<30, y: 12..<25, z: 5..<17)])
        let decoder = try Fixtures.decoder(manifest)
        var random = Seeded(seed)
        // Any order that lets each chunk in at once.
        func step(_ layer: Layer) -> Int { layer <= .mask ? 0 : layer == .valueTable ? 1 : layer < .backgroundRefinement ? 2 : 3 }
        let shuffled = chunks.filter { $0.layer != .manifest && $0.layer != .table }.map { ($0, random.next()) }
            .sorted { (step($0.0.layer), $0.1) < (step($1.0.layer), $1.1) }.map(\.0)
        var before = Completeness()
        var masksLeft = shuffled.count { $0.layer == .mask }
        for chunk in shuffled {
            _ = try await decoder.applying(chunk.ordinal, record: chunk.record)
            if chunk.layer == .mask { masksLeft -= 1 }
            let now = await decoder.completeness(volume: 0)
            let (exact, body) = counted(await decoder.snapshot(volume: 0), of: image)
            #expect(now.bodyVoxelCount == (masksLeft == 0 ? body : nil), "seed \(seed)")
            #expect(now.exactVoxelCount == exact, "seed \(seed)")
            #expect(now.byteCount == before.byteCount + chunk.record.count)
            #expect(now.share >= before.share)
            #expect((now.share == 1) == (exact == body))
            before = now
        }
        #expect(before.share == 1)
    }

    @Test("What a chunk brings is told with it, of its volume and of all the session's")
    func told() async throws {
        let image = try Fixtures.image(try Fixtures.shape(40, 32, 16), .int16)
        let (manifest, chunks, _) = try await Fixtures.encode(image, regions: [])
        let decoder = try Fixtures.decoder(manifest)
        for chunk in chunks.sorted(by: { $0.ordinal < $1.ordinal }) where chunk.layer != .manifest && chunk.layer != .table {
            try await confirmation { told in
                try await decoder.apply(chunk.ordinal, record: chunk.record) { applied in
                    #expect(applied.completeness == applied.sessionCompleteness)
                    #expect(applied.completeness.byteCount >= chunk.record.count)
                    told()
                }
            }
        }
        #expect(await decoder.completeness().share == 1)
    }

    @Test("What turns out not to be the sender's is exact no more, whatever comes after")
    func distrusted() async throws {
        let image = try Fixtures.image(try Fixtures.shape(40, 32, 16), .int16)
        let (manifest, chunks, _) = try await Fixtures.encode(image, regions: [try Box(x: 10..<20, y: 10..<20, z: 4..<9)])
        let decoder = try Fixtures.decoder(manifest)
        let planned = chunks.filter { $0.layer != .manifest && $0.layer != .table }.sorted { $0.ordinal < $1.ordinal }
        _ = try await Fixtures.apply(Array(planned.dropLast()), to: decoder)
        #expect(await decoder.completeness().exactVoxelCount > 0)
        await decoder.distrust()
        #expect(await decoder.completeness().exactVoxelCount == 0)
        #expect(await decoder.completeness(volume: 0).share == 0)
        #expect(await decoder.progress(volume: 0).standing.allSatisfy { $0.stage != .exact })
        let quality = await decoder.snapshot(volume: 0).quality
        #expect(quality[(6 * 32 + 15) * 40 + 15] <= Quality.backgroundBase)
        // It may be refused, since what it was coded beside is exact no more; it brings nothing back in any case.
        _ = try? await Fixtures.apply(Array(planned.suffix(1)), to: decoder)
        #expect(await decoder.completeness().exactVoxelCount == 0)
    }

    @Test(
        "It is never called whole for a body that is not known, or one voxel short; a volume that is all fill has nothing to wait for"
    )
    func shares() {
        #expect(Completeness(exactVoxelCount: 5, bodyVoxelCount: nil, byteCount: 9).share == 0)
        #expect(Completeness(exactVoxelCount: 8_999_999, bodyVoxelCount: 9_000_000).share < 1)
        #expect(Completeness(exactVoxelCount: 0, bodyVoxelCount: 0).share == 1)
        let sum =
            Completeness(exactVoxelCount: 1, bodyVoxelCount: 2, byteCount: 3)
            + Completeness(exactVoxelCount: 10, bodyVoxelCount: 20)
        #expect(sum == Completeness(exactVoxelCount: 11, bodyVoxelCount: 22, byteCount: 3))
        #expect((sum + Completeness()).bodyVoxelCount == nil)
    }
}
