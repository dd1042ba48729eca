import Faults
import HEVCCodec
import NIfTIFile
import ProgressiveCoding
import ExactCodec
import TestSupport
import Testing
import VolumeModel
import WireFormat

@Suite("Exact chunks that need no base")
struct WithoutBaseTests {
    private static func settings(_ exactCoder: String) throws -> EncodingSettings {
        try EncodingSettings(
            name: "test", roi: HEVCParameters(crf: 20, preset: "ultrafast"),
            background: HEVCParameters(crf: 40, preset: "ultrafast"), chunkSliceCount: 8,
            exactCoder: exactCoder == "fast" ? .linear : .contextMixing)
    }

    private static let region = Result { try Box(x: 8..<20, y: 8..<20, z: 6..<14) }

    private static func isBase(_ chunk: EncodedChunk) -> Bool { chunk.layer == .roiBase || chunk.layer == .backgroundBase }

    @Test("Every voxel is the source's before a base has come, and stays so when it comes", arguments: [VoxelType.int16, .uint8])
    func before(type: VoxelType) async throws {
        let image = try Fixtures.image(Fixtures.shape(28, 26, 20), type)
        let (manifest, chunks, _) = try await Fixtures.encode(
            image, regions: [Self.region.get()], settings: Self.settings("fast"))
        let decoder = try Fixtures.decoder(manifest)
        _ = try await Fixtures.apply(chunks.filter { !Self.isBase($0) }, to: decoder)
        #expect(try await Fixtures.bytes(decoder.snapshot(volume: 0).image()) == Fixtures.bytes(image))
        _ = try await Fixtures.apply(chunks.filter(Self.isBase), to: decoder)
        #expect(try await Fixtures.bytes(decoder.snapshot(volume: 0).image()) == Fixtures.bytes(image))
        #expect(try await decoder.outcome(volume: 0).state == .lossless)
    }

    @Test("With the base first, the volume passes through every milestone and ends exact")
    func after() async throws {
        let image = try Fixtures.image(Fixtures.shape(28, 26, 20), .int16)
        let (manifest, chunks, table) = try await Fixtures.encode(
            image, regions: [Self.region.get()], settings: Self.settings("fast"))
        let decoder = try Fixtures.decoder(manifest)
        var milestones = try await Fixtures.apply(chunks.filter(Self.isBase), to: decoder)
        #expect(try await decoder.outcome(volume: 0).state == .lossy)
        milestones += try await Fixtures.apply(chunks.filter { !Self.isBase($0) }, to: decoder)
        #expect(Set(milestones) == [.roiComplete, .backgroundComplete, .roiLossless, .volumeLossless])
        #expect(try await decoder.outcome(volume: 0) == table.outcomes[0])
    }

    @Test("A coder that does use the base still waits for it")
    func waiting() async throws {
        let image = try Fixtures.image(Fixtures.shape(28, 26, 20), .int16)
        let (manifest, chunks, _) = try await Fixtures.encode(
            image, regions: [Self.region.get()], settings: Self.settings("context-mixing"))
        let decoder = try Fixtures.decoder(manifest)
        let refinement = try #require(chunks.first { $0.layer == .roiRefinement })
        let applying = Task { try await decoder.applying(refinement.ordinal, record: refinement.record) }
        await decoder.cancel(CodingError(.verificationFailed, "the base never came"))
        await #expect(throws: CodingError.self) { try await applying.value }
    }
}
