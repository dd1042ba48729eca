import Concurrency
import Faults
import HEVCCodec
import HostileInput
import ProgressiveCoding
import ExactCodec
import TestSupport
import Testing
import VolumeModel
import WireFormat

@Suite("Previews where they pay")
struct PreviewRuleTests {
    private static let region = Result { try Box(x: 8..<20, y: 8..<20, z: 6..<14) }

    private static func settings(_ previews: EncodingSettings.Previews) throws -> EncodingSettings {
        try EncodingSettings(
            name: "test", roi: HEVCParameters(crf: 20, preset: "ultrafast"),
            background: HEVCParameters(crf: 40, preset: "ultrafast"), chunkSliceCount: 8, exactCoder: .linear, previews: previews)
    }

    @Test("Up to 2 Mbit/s, and where nobody knows the link, regions have their preview, whatever their size")
    func slow() {
        for rate in [nil, 64e3, 384e3, 2e6] as [Double?] {
            for count in [1, 100_000, 100_000_000] {
                #expect(PreviewRule(bitsPerSecond: rate).paysForRegions(voxelCount: count))
            }
        }
    }

    @Test("The faster the link, the fewer the previews: one that does not pay pays on no faster link")
    func monotonous() {
        var before = (regions: true, background: true)
        for rate in sequence(first: 1e4, next: { $0 < 1e10 ? $0 * 1.25 : nil }) {
            let rule = PreviewRule(bitsPerSecond: rate)
            let now = (
                regions: rule.paysForRegions(voxelCount: 300_000), background: rule.paysForBackground(voxelByteCount: 8 << 20)
            )
            #expect(before.regions || !now.regions)
            #expect(before.background || !now.background)
            before = now
        }
        #expect(!before.regions && !before.background)
    }

    @Test("A background that is exact within a second has no preview, and a larger one at the same rate has")
    func background() {
        let rule = PreviewRule(bitsPerSecond: 10e6)
        #expect(!rule.paysForBackground(voxelByteCount: 4 << 20))
        #expect(rule.paysForBackground(voxelByteCount: 40 << 20))
    }

    @Test("A plan has the previews that pay, and previews alone where they are all that is asked for", arguments: Goal.allCases)
    func plan(goal: Goal) async throws {
        let image = try Fixtures.image(Fixtures.shape(28, 26, 20), .int16)
        for (previews, rate, isPlanned) in [
            (.always, 1e9, true), (.never, 1e3, goal != .lossless), (.whereTheyPay, 1e9, goal != .lossless),
            (.whereTheyPay, nil, true),
            (.whereTheyPay, 384e3, true),
        ] as [(EncodingSettings.Previews, Double?, Bool)] {
            let encoder = try VolumeEncoder(
                image: image, name: Name("v"), regions: [Self.region.get()], regionSource: .box, goal: goal,
                settings: Self.settings(previews), bitsPerSecond: rate)
            #expect(encoder.layout.manifest.plan.contains { $0.layer == .roiBase } == isPlanned, "\(previews) \(rate ?? 0)")
        }
    }

    @Test("Without previews the volume passes through every milestone, the region first, and ends exact")
    func milestones() async throws {
        let image = try Fixtures.image(Fixtures.shape(28, 26, 20), .int16)
        let (manifest, chunks, table) = try await Fixtures.encode(
            image, regions: [Self.region.get()], settings: Self.settings(.never))
        #expect(!chunks.contains { $0.layer == .roiBase || $0.layer == .backgroundBase })
        let decoder = try Fixtures.decoder(manifest)
        let milestones = try await Fixtures.apply(chunks.sorted { $0.rank < $1.rank }, to: decoder)
        #expect(milestones.first == .roiComplete)
        #expect(Set(milestones) == [.roiComplete, .roiLossless, .backgroundComplete, .volumeLossless])
        #expect(try await decoder.outcome(volume: 0) == table.outcomes[0])
        #expect(try await Fixtures.bytes(decoder.snapshot(volume: 0).image()) == Fixtures.bytes(image))
    }

    @Test("Slices wider than a preview can be travel exact without one, and are refused where previews are all that is asked for")
    func wide() async throws {
        let image = try Fixtures.image(Fixtures.shape(8200, 3, 2), .int16)
        let box = try Box(x: 10..<20, y: 0..<3, z: 0..<2)
        let (manifest, chunks, table) = try await Fixtures.encode(image, regions: [box], settings: Self.settings(.always))
        #expect(!chunks.contains { $0.layer == .roiBase || $0.layer == .backgroundBase })
        let decoder = try Fixtures.decoder(manifest)
        _ = try await Fixtures.apply(chunks, to: decoder)
        #expect(try await decoder.outcome(volume: 0) == table.outcomes[0])
        #expect(try await decoder.outcome(volume: 0).state == .lossless)
        #expect {
            try VolumeEncoder(
                image: image, name: Name("v"), regions: [box], regionSource: .box, goal: .lossy, settings: Self.settings(.always))
        } throws: { ($0 as? CodingError)?.code == .tooLarge }
    }

    @Test("A coder that rests on previews cannot do without them")
    func resting() {
        #expect {
            try EncodingSettings(
                name: "test", roi: HEVCParameters(crf: 20, preset: "ultrafast"),
                background: HEVCParameters(crf: 40, preset: "ultrafast"),
                exactCoder: .contextMixing, previews: .whereTheyPay)
        } throws: { ($0 as? CodingError)?.code == .invalidSettings }
    }
}

/// Chunks coded from the source are checked while the link carries them.
@Suite("Checking behind the wire")
struct LateVerificationTests {
    private static let region = Result { try Box(x: 8..<20, y: 8..<20, z: 6..<14) }

    private static func session(_ type: VoxelType, maxError: Int? = nil, coder: (any ExactCoder)?) throws -> SessionEncoder {
        let settings = try EncodingSettings(
            name: "test", roi: HEVCParameters(crf: 30, preset: "ultrafast"),
            background: HEVCParameters(crf: 40, preset: "ultrafast"),
            chunkSliceCount: 8, exactCoder: .linear, previews: .never, roiMaxError: maxError)
        let image = try Fixtures.image(Fixtures.shape(28, 26, 20), type, scale: type == .float32 ? 0.37 : 7)
        let encoder = try VolumeEncoder(
            image: image, name: Name("v"), regions: [region.get()], regionSource: .box, goal: .lossless, settings: settings,
            exactCoder: coder)
        return try SessionEncoder([encoder], goal: .lossless, order: .roiFirst)
    }

    @Test(
        "A coder that errs by one voxel is found out before the table commits to anything", arguments: [VoxelType.int16, .float32])
    func erring(type: VoxelType) async throws {
        let session = try Self.session(type, coder: ErringCoder(coder: ExactCoders.linear.coder))
        let sent = Fixtures.Collected()
        await #expect {
            _ = try await session.run(on: CodingPool(threadCount: 2)) { sent.add($0) }
        } throws: { ($0 as? CodingError)?.code == .verificationFailed }
        #expect(!sent.all.contains { $0.layer == .table })
    }

    @Test(
        "What was coded from the source alone is what a receiver takes: integers, values by a table, byte planes, and a bound on the way",
        arguments: [(VoxelType.int16, nil), (.uint8, nil), (.float32, nil), (.int16, 3)] as [(VoxelType, Int?)])
    func source(type: VoxelType, maxError: Int?) async throws {
        let session = try Self.session(type, maxError: maxError, coder: nil)
        let sent = Fixtures.Collected()
        let (table, _) = try await session.run(on: CodingPool(threadCount: 2)) { sent.add($0) }
        let decoder = try Fixtures.decoder(session.manifest)
        let milestones = try await Fixtures.apply(sent.all.sorted { $0.rank < $1.rank }, to: decoder)
        #expect(milestones.contains(.roiBounded) == (maxError != nil))
        try await decoder.check(table)
        #expect(try await decoder.outcome(volume: 0) == table.outcomes[0])
        #expect(try await decoder.outcome(volume: 0).state == .lossless)
    }
}
