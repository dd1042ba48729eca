import Concurrency
import LiveView
import NIfTIFile
import ProgressiveCoding
import Testing
import VolumeModel
import WireFormat

@Suite("A volume as a page follows it")
struct VolumeTests {
    private func transfer() async throws -> (decoder: SessionDecoder, chunks: [EncodedChunk], image: NIfTIImage) {
        let sample = try await Sample()
        return (try sample.decoder(), sample.chunks, sample.image)
    }

    /// The state of a page: voxels and qualities that it has fetched, and how often each voxel was.
    private struct Page {
        var voxels: [UInt8]
        var quality: [UInt8]
        var fetches: [Int]
        var revisions = [0, 0]
        let shape: Shape

        init(_ shape: Shape) {
            self.shape = shape
            voxels = [UInt8](repeating: 0, count: 2 * shape.voxelCount)
            quality = [UInt8](repeating: Quality.exact, count: shape.voxelCount)
            fetches = [Int](repeating: 0, count: shape.voxelCount)
        }

        mutating func fetch(_ volume: LiveVolume, from decoder: SessionDecoder, voxelCount: Int) async throws {
            for (part, log) in [volume.regions, volume.rest].enumerated() {
                try await fetch(log, part, from: decoder, voxelCount: voxelCount)
            }
        }

        private mutating func fetch(_ log: ChangeLog, _ part: Int, from decoder: SessionDecoder, voxelCount: Int) async throws {
            while revisions[part] < log.revision {
                let (pieces, reached) = log.pieces(
                    since: revisions[part], slices: 0..<shape.stackedSliceCount, voxelCount: voxelCount)
                for box in pieces {
                    let part = try #require(await decoder.part(volume: 0, box: box))
                    var source = 0
                    for z in box.z {
                        for y in box.y {
                            for x in box.x {
                                let index = (z * shape.rows + y) * shape.columns + x
                                (voxels[2 * index], voxels[2 * index + 1]) = (part.voxels[2 * source], part.voxels[2 * source + 1])
                                quality[index] = part.quality[source]
                                fetches[index] += 1
                                source += 1
                            }
                        }
                    }
                }
                #expect(reached > revisions[part])
                revisions[part] = reached
            }
        }
    }

    @Test("A page that follows ends with every bit, having fetched no voxel more often than it changed")
    func following() async throws {
        let (decoder, chunks, image) = try await transfer()
        var volume = LiveVolume(index: 0, epoch: 1, decoder: decoder)
        var page = Page(image.volume.shape)
        for chunk in chunks {
            try await decoder.apply(chunk.ordinal, record: chunk.record) { _ in }
            volume.take(await decoder.progress(volume: 0), from: decoder)
            try await page.fetch(volume, from: decoder, voxelCount: 1000)
        }
        #expect(image.volume.voxels == page.voxels)
        #expect(page.quality.allSatisfy { $0 == Quality.exact })
        // Base, mask, exact.
        #expect(page.fetches.allSatisfy { $0 <= 3 })
    }

    @Test("A page that comes at the end fetches every voxel of the content once, and no other")
    func late() async throws {
        let (decoder, chunks, image) = try await transfer()
        for chunk in chunks { try await decoder.apply(chunk.ordinal, record: chunk.record) { _ in } }
        var volume = LiveVolume(index: 0, epoch: 1, decoder: decoder)
        volume.take(await decoder.progress(volume: 0), from: decoder)
        var page = Page(image.volume.shape)
        try await page.fetch(volume, from: decoder, voxelCount: 1 << 20)
        #expect(image.volume.voxels == page.voxels)
        let content = try #require(decoder.layouts[0].manifest.content)
        var fetched = 0
        for (index, count) in page.fetches.enumerated() {
            let (x, y) = (index % 48, index / 48 % 40)
            fetched += count
            #expect(count == (content.x.contains(x) && content.y.contains(y) ? 1 : 0))
        }
        #expect(fetched == content.voxelCount * 2)
    }

    @Test("A connection that goes on with the volume changes nothing until it has all that was there")
    func resumed() async throws {
        let (decoder, chunks, image) = try await transfer()
        let half = chunks.prefix(chunks.count / 2)
        for chunk in half { try await decoder.apply(chunk.ordinal, record: chunk.record) { _ in } }
        var volume = LiveVolume(index: 0, epoch: 1, decoder: decoder)
        volume.take(await decoder.progress(volume: 0), from: decoder)
        let before = [volume.regions.revision, volume.rest.revision]
        let next = try SessionDecoder(decoder.manifest, decoder: LocalChunkDecoder(pool: CodingPool(threadCount: 2)))
        let goesOn = volume.goOn(with: next)
        #expect(goesOn)
        for chunk in half {
            try await next.apply(chunk.ordinal, record: chunk.record) { _ in }
            volume.take(await next.progress(volume: 0), from: next)
            #expect([volume.regions.revision, volume.rest.revision] == before)
        }
        var page = Page(image.volume.shape)
        try await page.fetch(volume, from: next, voxelCount: 1 << 20)
        for chunk in chunks.dropFirst(half.count) { try await next.apply(chunk.ordinal, record: chunk.record) { _ in } }
        volume.take(await next.progress(volume: 0), from: next)
        try await page.fetch(volume, from: next, voxelCount: 1 << 20)
        #expect(image.volume.voxels == page.voxels)
    }

    @Test("A part that reaches out of the volume is none")
    func outside() async throws {
        let (decoder, _, _) = try await transfer()
        #expect(await decoder.part(volume: 0, box: try StackedBox(parsing: "0:49,0:40,0:1")) == nil)
        #expect(await decoder.part(volume: 1, box: try StackedBox(parsing: "0:1,0:1,0:1")) == nil)
    }
}
