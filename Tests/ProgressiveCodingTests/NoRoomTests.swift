import Faults
import NIfTIFile
import ProgressiveCoding
import Testing
import VolumeModel
import WireFormat

/// Volumes in files, on a disk that fills up while somebody holds a snapshot of them.
@Suite("A volume on a full disk")
struct NoRoomTests {
    /// Everything in files.
    private static let paged = {
        var paging = Paging.current
        paging.memoryLimit = 0
        return paging
    }()
    private static let full = {
        var paging = paged
        paging.folder = "/nowhere"
        return paging
    }()

    private static func session() async throws -> (decoder: SessionDecoder, chunks: [EncodedChunk], image: NIfTIImage) {
        let image = try Fixtures.image(try Fixtures.shape(40, 36, 12), .int16)
        let (manifest, chunks, _) = try await Fixtures.encode(image, regions: [try Box(x: 10..<24, y: 12..<26, z: 2..<10)])
        return (try Paging.$current.withValue(paged) { try Fixtures.decoder(manifest) }, chunks, image)
    }

    @Test("A chunk that would change what a snapshot shows is refused; nothing is lost, and it is taken once there is room")
    func chunk() async throws {
        let (decoder, chunks, image) = try await Self.session()
        let first = try #require(chunks.first { $0.layer == .roiBase })
        let snapshot = await decoder.snapshot(volume: 0)
        let before = Fixtures.bytes(try snapshot.image())
        await #expect {
            try await Paging.$current.withValue(Self.full) { _ = try await decoder.applying(first.ordinal, record: first.record) }
        } throws: { ($0 as? CodingError)?.code == .noRoom }
        #expect(Fixtures.bytes(try await decoder.snapshot(volume: 0).image()) == before)
        try await Paging.$current.withValue(Self.paged) { _ = try await Fixtures.apply(chunks, to: decoder) }
        #expect(Fixtures.bytes(try snapshot.image()) == before)
        #expect(Fixtures.bytes(try await decoder.snapshot(volume: 0).image()) == Fixtures.bytes(image))
    }

    @Test("A chunk that changes what nobody else holds needs no room")
    func alone() async throws {
        let (decoder, chunks, image) = try await Self.session()
        try await Paging.$current.withValue(Self.full) { _ = try await Fixtures.apply(chunks, to: decoder) }
        #expect(Fixtures.bytes(try await decoder.snapshot(volume: 0).image()) == Fixtures.bytes(image))
    }

    @Test("What is not trusted any more is exact nowhere, also where there is no room to say so beside a snapshot")
    func distrust() async throws {
        let (decoder, chunks, _) = try await Self.session()
        try await Paging.$current.withValue(Self.paged) { _ = try await Fixtures.apply(chunks, to: decoder) }
        let snapshot = await decoder.snapshot(volume: 0)
        await Paging.$current.withValue(Self.full) { await decoder.distrust() }
        #expect(try await decoder.outcome(volume: 0).state != .lossless)
        let content = try #require(decoder.layouts[0].manifest.content)
        let quality = await decoder.snapshot(volume: 0).quality
        for z in content.z {
            for y in content.y {
                for x in content.x { #expect(quality[(z * 36 + y) * 40 + x] <= Quality.backgroundBase) }
            }
        }
        #expect(snapshot.isLossless)
    }
}
