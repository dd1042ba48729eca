import Bytes
import Concurrency
import LiveView
import NIfTIFile
import ProgressiveCoding
import TestSupport
import Testing
import VolumeModel
import WireFormat

@Suite("What those who follow keep of a volume")
struct PieceTests {
    private func plan(_ count: Int, _ box: StackedBox, _ layer: Layer = .mask) -> [PlannedChunk] {
        (0..<count).map { _ in PlannedChunk(layer: layer, box: box) }
    }

    @Test("A log keeps no more than its pieces, however often they change, and still tells each page what it lacks")
    func log() throws {
        let pieces = try (0..<10).map { try StackedBox(x: 0..<1, y: 0..<1, z: $0..<$0 + 1) }
        var log = ChangeLog(pieces: pieces)
        for round in 0..<1000 {
            for piece in 0..<10 where piece < 9 || round == 0 { log.add(piece) }
        }
        #expect(log.count <= 20)
        #expect(log.revision == 9001)
        #expect(Set(log.pieces(since: 0, slices: 0..<10, voxelCount: 100).pieces) == Set(pieces))
        #expect(log.pieces(since: 8992, slices: 0..<10, voxelCount: 100).pieces.count == 9)
        #expect(log.pieces(since: 9001, slices: 0..<10, voxelCount: 100).pieces.isEmpty)
        // By parts, a page comes to the same.
        var (revision, seen) = (0, [StackedBox]())
        while revision < log.revision {
            let (part, reached) = log.pieces(since: revision, slices: 0..<10, voxelCount: 3)
            #expect(part.count <= 3)
            #expect(reached > revision)
            seen += part
            revision = reached
        }
        #expect(Set(seen) == Set(pieces))
        #expect(seen.count == pieces.count)
    }

    @Test(
        "There are never more pieces than the layout counts, whatever the plan cuts, and they cover the content once",
        arguments: [
            (1, 1, 32_767, 64), (64, 64, 64, 1), (5, 1, 1, 5000), (700, 600, 3, 2), (3, 3, 30_000, 1), (240, 240, 155, 1),
        ])
    func limit(columns: Int, rows: Int, slices: Int, timepoints: Int) throws {
        let shape = try Shape(columns: columns, rows: rows, slices: slices, timepoints: timepoints)
        let header = try Headers.make(shape)
        var random = Seeded(3)
        func part(_ count: Int) -> Range<Int> {
            let (a, b) = (Int(random.next() % UInt64(count)), Int(random.next() % UInt64(count)))
            return min(a, b)..<max(a, b) + 1
        }
        let plan = try (0..<2000).map { _ in
            PlannedChunk(
                layer: .mask, box: try StackedBox(x: 0..<columns, y: 0..<rows, z: part(shape.stackedSliceCount)))
        }
        var regions: [Box] = []
        for _ in 0..<64 {
            let box = try Box(x: part(columns), y: part(rows), z: part(slices))
            if !regions.contains(where: { $0.intersection(box) != nil }) { regions.append(box) }
        }
        let limit = VolumeLayout.pieceLimit(header.shape)
        let table = PieceTable(shape: shape, content: shape.box, regions: regions, plan: plan, limit: limit)
        let pieces = table.regionPieces + table.restPieces
        #expect(pieces.count <= limit)
        #expect(pieces.reduce(0) { $0 + $1.voxelCount } == shape.voxelCount)
        #expect(pieces.allSatisfy { $0.z.lowerBound / slices == ($0.z.upperBound - 1) / slices })
        // The pieces and what is kept of each are counted.
        #expect(pieces.count * MemoryLayout<StackedBox>.stride * 2 <= 128 * limit)
    }

    @Test("A manifest whose volume would take millions of pieces is refused before any is made")
    func refused() throws {
        let shape = try Shape(columns: 1, rows: 1, slices: 1, timepoints: 32_767)
        let header = try Headers.make(shape)
        #expect(VolumeLayout.pieceLimit(header.shape) >= 32_767)
        func manifest(_ plan: [PlannedChunk]) throws -> VolumeManifest {
            VolumeManifest(
                name: try Name("v"), header: header.bytes, extensionByteCount: 4, trailerByteCount: 0,
                sourceDigest: Digest(of: []), low: 0, high: 255, bitDepth: 8, fill: 0, content: shape.box,
                regionSource: .box, regions: [], plan: plan)
        }
        let voxels = 4 * shape.voxelCount
        #expect(throws: CodingError.self) { try VolumeLayout(try manifest([]), memoryLimit: voxels + (1 << 20)) }
        let layout = try VolumeLayout(try manifest([]))
        #expect(layout.memoryByteCount > voxels + 32_767 * MemoryLayout<StackedBox>.stride)
        // So does each planned chunk.
        let chunks = try VolumeLayout(try manifest(plan(1000, try StackedBox(x: 0..<1, y: 0..<1, z: 0..<1))))
        #expect(chunks.memoryByteCount >= layout.memoryByteCount + 1000 * 512)
    }

    @Test("Of a thousand masks that say nothing no more is kept than of the pieces they are in")
    func masks() async throws {
        let shape = try Shape(columns: 1, rows: 1, slices: 32_767, timepoints: 16)
        let header = try Headers.make(shape)
        let parts = try (0..<1000).map {
            PlannedChunk(layer: .mask, box: try StackedBox(x: 0..<1, y: 0..<1, z: 524 * $0..<524 * ($0 + 1)))
        }
        let manifest = Manifest(
            goal: .lossless,
            volumes: [
                VolumeManifest(
                    name: try Name("v"), header: header.bytes, extensionByteCount: 4, trailerByteCount: 0,
                    sourceDigest: Digest(of: []), low: 0, high: 255, bitDepth: 8, fill: 0, content: shape.box,
                    regionSource: .box, regions: [], plan: parts)
            ])
        let decoder = try SessionDecoder(manifest, decoder: LocalChunkDecoder(pool: CodingPool(threadCount: 1)))
        var volume = LiveVolume(index: 0, epoch: 1, decoder: decoder)
        let record = try ChunkRecord(coder: 0, payload: []).encoded()
        for ordinal in 1...1000 as ClosedRange<UInt32> {
            try await decoder.apply(ordinal, record: record) { _ in }
            if ordinal % 10 == 0 { volume.take(await decoder.progress(volume: 0), from: decoder) }
        }
        #expect(volume.rest.revision >= 100)
        #expect(volume.rest.count + volume.regions.count <= 2 * decoder.layouts[0].pieceLimit)
        #expect(volume.rest.pieces(since: 0, slices: 0..<32_767, voxelCount: .max).pieces.count == 1)
    }
}

private enum Headers {
    static func make(_ shape: Shape) throws -> NIfTIHeader {
        try NIfTIHeader.make(shape: shape, voxelType: .uint8, affine: .identity, description: "test")
    }
}
