import HEVCCodec
import NIfTIFile
import ProgressiveCoding
import TestSupport
import Testing
import VolumeModel
import WireFormat

@Suite("A greatest error for the region")
struct BoundedErrorTests {
    private static let shape = (70, 66, 20)
    private static let region = "20:50,18:48,4:16"

    private static func settings(_ maxError: Int?) throws -> EncodingSettings {
        try EncodingSettings(
            name: "test", roi: HEVCParameters(crf: 35, preset: "ultrafast"),
            background: HEVCParameters(crf: 45, preset: "ultrafast"), chunkSliceCount: 8, roiMaxError: maxError)
    }

    private static func image(_ type: VoxelType, scale: Double = 7) throws -> NIfTIImage {
        try Fixtures.image(Fixtures.shape(shape.0, shape.1, shape.2), type, scale: scale)
    }

    /// The greatest error of a decoder's volume within the region.
    private static func error(_ decoder: SessionDecoder, _ image: NIfTIImage) async throws -> Double {
        let shown = try await decoder.snapshot(volume: 0).image().volume
        return try Fidelity.compare(image.volume, shown, box: Box(parsing: region)).maxAbsoluteError
    }

    @Test(
        "Every voxel of the region is within what was promised, before any of it is exact", arguments: [1, 4, 40],
        [Goal.roi, .lossy, .lossless])
    func promise(_ maxError: Int, _ goal: Goal) async throws {
        let image = try Self.image(.int16)
        let session = try await Fixtures.encode(
            image, regions: [Box(parsing: Self.region)], goal: goal, settings: Self.settings(maxError))
        #expect(session.manifest.volumes[0].maxError == maxError)
        let decoder = try Fixtures.decoder(session.manifest)
        let upToBound = session.chunks.filter { $0.layer != .roiRefinement && $0.layer != .backgroundRefinement }
        let milestones = try await Fixtures.apply(upToBound, to: decoder)
        #expect(milestones.contains(.roiBounded))
        #expect(!milestones.contains(.roiLossless))
        let error = try await Self.error(decoder, image)
        #expect(error <= Double(maxError))
        #expect(error > 0, "a promise that costs nothing tests nothing")
        let standing = await decoder.standing(volume: 0)
        #expect(standing.first?.stage == .bounded)
        #expect(standing.first?.maxAbsoluteError == error)
    }

    @Test("The rest follows without sending anything twice, and the end is exact")
    func remainder() async throws {
        let image = try Self.image(.int16)
        let region = try Box(parsing: Self.region)
        func bytes(_ maxError: Int?) async throws -> (sum: Int, last: Int) {
            let session = try await Fixtures.encode(image, regions: [region], settings: Self.settings(maxError))
            let decoder = try Fixtures.decoder(session.manifest)
            let milestones = try await Fixtures.apply(session.chunks, to: decoder)
            #expect(milestones.contains(.volumeLossless))
            #expect(try await decoder.outcome(volume: 0).state == .lossless)
            func count(_ layers: Layer...) -> Int {
                session.chunks.filter { layers.contains($0.layer) }.reduce(0) { $0 + $1.record.count }
            }
            return (count(.roiBounded, .roiRefinement), count(.roiRefinement))
        }
        let (direct, _) = try await bytes(nil)
        let (inSteps, last) = try await bytes(4)
        #expect(Double(inSteps) < 1.15 * Double(direct), "the detour costs \(inSteps) instead of \(direct) bytes")
        #expect(last < direct)
    }

    @Test("A greatest error of 0 makes the region exact though the rest stays lossy")
    func zero() async throws {
        for type in [VoxelType.int16, .float32, .int32] {
            let image = try Self.image(type, scale: type == .int32 ? 70001 : 7)
            let session = try await Fixtures.encode(
                image, regions: [Box(parsing: Self.region)], goal: .lossy, settings: Self.settings(0))
            let decoder = try Fixtures.decoder(session.manifest)
            let milestones = try await Fixtures.apply(session.chunks, to: decoder)
            #expect(milestones.contains(.roiLossless))
            #expect(!milestones.contains(.volumeLossless))
            #expect(try await Self.error(decoder, image) == 0)
            #expect(try await decoder.outcome(volume: 0).state == .lossy)
            #expect(await decoder.standing(volume: 0).map(\.stage) == [.exact, .base])
        }
    }

    @Test("Where values are numbered by a table the region goes straight to exact, which is within any bound")
    func table() async throws {
        let image = try Self.image(.float32)
        let session = try await Fixtures.encode(
            image, regions: [Box(parsing: Self.region)], goal: .lossy, settings: Self.settings(4))
        #expect(session.manifest.volumes[0].maxError == 0)
        let decoder = try Fixtures.decoder(session.manifest)
        _ = try await Fixtures.apply(session.chunks, to: decoder)
        #expect(try await Self.error(decoder, image) == 0)
    }

    @Test("Bounds at the very ends of a type wrap nowhere")
    func ends() async throws {
        let shape = try Fixtures.shape(64, 64, 4)
        var random = Seeded(5)
        let values = (0..<shape.voxelCount).map { _ in [Int16.min, -1, 0, .max, .max - 3].randomElement(using: &random) ?? 0 }
        let header = try NIfTIHeader.make(shape: shape, voxelType: .int16, affine: .identity, description: "test")
        let image = try NIfTIImage(header: header, voxels: values.withUnsafeBytes { Array($0) })
        let session = try await Fixtures.encode(image, regions: [shape.box], settings: Self.settings(300))
        let decoder = try Fixtures.decoder(session.manifest)
        let milestones = try await Fixtures.apply(session.chunks, to: decoder)
        #expect(milestones.contains(.volumeLossless))
    }

    @Test("A manifest that promises a bound which no chunk brings about is refused")
    func emptyPromise() async throws {
        let image = try Self.image(.int16)
        let session = try await Fixtures.encode(
            image, regions: [Box(parsing: Self.region)], goal: .lossy, settings: Self.settings(4))
        let volume = session.manifest.volumes[0]
        let hollow = VolumeManifest(
            name: volume.name, header: volume.header, extensionByteCount: volume.extensionByteCount,
            trailerByteCount: volume.trailerByteCount, sourceDigest: volume.sourceDigest, low: volume.low, high: volume.high,
            bitDepth: volume.bitDepth, fill: volume.fill, content: volume.content, regionSource: volume.regionSource,
            regions: volume.regions, maxError: 4, plan: volume.plan.filter { $0.layer != .roiBounded })
        #expect(throws: CodingError.self) { try VolumeLayout(hollow) }
    }
}

@Suite("Long tails")
struct LongTailTests {
    /// The usual head, and a few voxels that are fifty times as bright as all others.
    private static func image() throws -> NIfTIImage {
        let plain = try Fixtures.image(Fixtures.shape(70, 66, 20), .int16, scale: 5)
        var voxels = Array(plain.volume.voxels)
        for place in [40_000, 41_234, 50_001] {
            withUnsafeBytes(of: Int16(27_000)) { (voxels[place * 2], voxels[place * 2 + 1]) = ($0[0], $0[1]) }
        }
        return try NIfTIImage(header: plain.header, voxels: voxels)
    }

    private static func error(_ spacing: EncodingSettings.SampleSpacing) async throws -> (mean: Double, hasKnee: Bool) {
        let image = try image()
        let parameters = try HEVCParameters(crf: 20, preset: "ultrafast")
        let settings = try EncodingSettings(
            name: "test", roi: parameters, background: parameters, chunkSliceCount: 8, sampleSpacing: spacing)
        let region = try Box(parsing: "25:45,23:43,6:14")
        let session = try await Fixtures.encode(image, regions: [region], settings: settings)
        let decoder = try Fixtures.decoder(session.manifest)
        _ = try await Fixtures.apply(session.chunks.filter { $0.layer == .roiBase }, to: decoder)
        let shown = try await decoder.snapshot(volume: 0).image().volume
        let fidelity = try Fidelity.compare(image.volume, shown, box: region)
        _ = try await Fixtures.apply(session.chunks, to: decoder)
        #expect(try await decoder.outcome(volume: 0).state == .lossless)
        return (fidelity.meanSquaredError.squareRoot(), session.manifest.volumes[0].knee != nil)
    }

    @Test("A few voxels far brighter than all others do not make the preview coarse")
    func knee() async throws {
        let (withKnee, hasKnee) = try await Self.error(.knee)
        let (linear, isBent) = try await Self.error(.linear)
        #expect(hasKnee && !isBent)
        #expect(withKnee * 4 < linear, "\(withKnee) with a knee, \(linear) without")
    }

    @Test("A volume without such a tail has even samples")
    func even() async throws {
        let image = try Fixtures.image(Fixtures.shape(70, 66, 20), .int16, scale: 5)
        #expect(try await Fixtures.encode(image, regions: []).manifest.volumes[0].knee == nil)
    }
}
