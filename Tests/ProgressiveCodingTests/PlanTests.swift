import Concurrency
import HEVCCodec
import NIfTIFile
import ProgressiveCoding
import Testing
import VolumeModel
import WireFormat

@Suite("Plans and orders")
struct PlanTests {
    @Test("Regions first: every ROI chunk goes before every background chunk, and refinement last")
    func roiFirstOrder() async throws {
        let image = try Fixtures.image(try Fixtures.shape(80, 72, 40), .int16)
        let (_, chunks, _) = try await Fixtures.encode(image, regions: [try Box(x: 30..<50, y: 28..<46, z: 20..<36)])
        let layers = chunks.sorted { $0.rank < $1.rank }.map(\.layer)
        #expect(layers.first == .manifest)
        #expect(layers.last == .table)
        #expect(layers == layers.sorted())
    }

    @Test("Slice by slice: chunks go in the order of their slices, base before refinement, whatever the region")
    func fifoOrder() async throws {
        let image = try Fixtures.image(try Fixtures.shape(80, 72, 40), .int16)
        let (manifest, chunks, _) = try await Fixtures.encode(
            image, regions: [try Box(x: 30..<50, y: 28..<46, z: 20..<36)], order: .fifo)
        let plan = manifest.plan
        let ordered = chunks.sorted { $0.rank < $1.rank }.filter { $0.layer != .manifest && $0.layer != .table }.map {
            plan[Int($0.ordinal) - 1].chunk
        }
        let starts = ordered.map(\.box.z.lowerBound)
        #expect(starts == starts.sorted())
        let firstROI = try #require(ordered.firstIndex { $0.layer == .roiBase })
        #expect(ordered[..<firstROI].contains { $0.layer == .backgroundRefinement })
    }

    @Test(
        "The plan covers every voxel of the content once a layer",
        arguments: [(80, 72, 40, 1), (20, 20, 3, 7), (16, 16, 1, 30), (9, 200, 65, 1)])
    func planCovers(_ sides: (Int, Int, Int, Int)) async throws {
        let shape = try Fixtures.shape(sides.0, sides.1, sides.2, sides.3)
        let image = try Fixtures.image(shape, .int16)
        let encoder = try VolumeEncoder(
            image: image, name: Name("v"), regions: [], regionSource: .box, goal: .lossless, settings: try Fixtures.settings())
        let content = try #require(encoder.layout.manifest.content)
        for layer in [Layer.backgroundBase, .mask, .backgroundRefinement] {
            let boxes = encoder.layout.manifest.plan.filter { $0.layer == layer }.map(\.box)
            #expect(boxes.reduce(0) { $0 + $1.voxelCount } == content.voxelCount * shape.timepoints)
            for (index, box) in boxes.enumerated() { #expect(!boxes[..<index].contains { $0.intersection(box) != nil }) }
        }
    }

    @Test("Where one region covers everything there is no background to send, and it is complete when the region is")
    func covered() async throws {
        let image = try Fixtures.image(try Fixtures.shape(70, 66, 20), .int16)
        let session = try await Fixtures.encode(image, regions: [image.volume.shape.box])
        #expect(!session.chunks.contains { $0.layer == .backgroundBase || $0.layer == .backgroundRefinement })
        let decoder = try Fixtures.decoder(session.manifest)
        #expect(await decoder.initialMilestones(volume: 0).isEmpty)
        let bases = try await Fixtures.apply(session.chunks.filter { $0.layer == .roiBase }, to: decoder)
        #expect(bases == [.roiComplete, .backgroundComplete])
        _ = try await Fixtures.apply(session.chunks, to: decoder)
        #expect(try await decoder.outcome(volume: 0).state == .lossless)
        #expect(await decoder.standing(volume: 0).allSatisfy { $0.stage == .exact })
    }

    @Test("The published recipe makes regions square and codes whole frames")
    func paperShape() async throws {
        let settings = try EncodingSettings(
            name: "paper", roi: HEVCParameters(bitDepth: 8, crf: 20, preset: "ultrafast"),
            background: HEVCParameters(bitDepth: 8, crf: 40, preset: "ultrafast"), chunkSliceCount: nil, regionShape: .square,
            holeFill: .zero,
            backgroundCrop: .full)
        let image = try Fixtures.image(try Fixtures.shape(90, 80, 20), .int16)
        let (manifest, chunks, table) = try await Fixtures.encode(
            image, regions: [try Box(x: 30..<50, y: 30..<40, z: 5..<15)], settings: settings)
        let region = try #require(manifest.volumes[0].regions.first)
        #expect(region.x.count == region.y.count)
        #expect(
            manifest.plan.filter { $0.chunk.layer == .backgroundBase }.map(\.chunk.box) == [
                try StackedBox(x: 0..<90, y: 0..<80, z: 0..<20)
            ])
        #expect(table.outcomes[0].state == .lossless)
        #expect(chunks.count == manifest.plan.count + 2)
    }

    @Test("A manifest that contradicts itself is refused before anything of its size is made")
    func hostileManifests() async throws {
        let image = try Fixtures.image(try Fixtures.shape(40, 40, 8), .int16)
        let (manifest, _, _) = try await Fixtures.encode(image, regions: [try Box(x: 10..<20, y: 10..<20, z: 2..<6)])
        let good = manifest.volumes[0]
        func altered(
            header: [UInt8]? = nil, extensionByteCount: Int? = nil, content: Box?? = nil, regions: [Box]? = nil,
            plan: [PlannedChunk]? = nil,
            range: ClosedRange<Double>? = nil
        ) -> VolumeManifest {
            VolumeManifest(
                name: good.name, header: header ?? good.header, extensionByteCount: extensionByteCount ?? good.extensionByteCount,
                trailerByteCount: 0,
                sourceDigest: good.sourceDigest, low: range?.lowerBound ?? good.low, high: range?.upperBound ?? good.high,
                bitDepth: good.bitDepth, fill: good.fill,
                content: content ?? good.content, regionSource: good.regionSource, regions: regions ?? good.regions,
                plan: plan ?? good.plan)
        }
        var hugeHeader = good.header
        for side in 1...3 { hugeHeader.replaceSubrange(40 + 2 * side..<42 + 2 * side, with: [0xff, 0x04]) }
        let beyond = try Box(x: 0..<41, y: 0..<40, z: 0..<8)
        let region = try #require(image.volume.shape.stacked(good.regions[0], timepoint: 0))
        let hostile = try [
            altered(header: hugeHeader), altered(header: [UInt8](repeating: 0, count: 348)), altered(extensionByteCount: 5),
            altered(range: 1e300...1e300), altered(range: 0.5...7), altered(range: -40000...0),
            altered(content: beyond),
            altered(regions: [beyond]), altered(regions: [good.regions[0], good.regions[0]]),
            altered(plan: [PlannedChunk(layer: .backgroundBase, box: StackedBox(x: 0..<41, y: 0..<40, z: 0..<8))]),
            altered(plan: [PlannedChunk(layer: .roiBase, region: 3, box: region)]),
            altered(plan: [PlannedChunk(layer: .valueTable, box: region)]),
        ]
        for volume in hostile {
            #expect(throws: CodingError.self) { try Fixtures.decoder(Manifest(goal: .lossless, volumes: [volume])) }
        }
        #expect(throws: CodingError.self) {
            try SessionDecoder(manifest, decoder: LocalChunkDecoder(pool: CodingPool(threadCount: 1)), memoryLimit: 1000)
        }
    }
}
