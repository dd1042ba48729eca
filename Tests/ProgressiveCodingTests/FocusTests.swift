import Faults
import Bytes
import Concurrency
import HEVCCodec
import NIfTIFile
import ProgressiveCoding
import TestSupport
import Testing
import VolumeModel
import WireFormat

@Suite("A box shown ahead of the plan")
struct FocusTests {
    /// A session coded, and what its encoder answers to requests.
    private struct Coded {
        let image: NIfTIImage
        let encoder: SessionEncoder
        let chunks: [EncodedChunk]
        let table: ChunkTable

        init(
            _ image: NIfTIImage, regions: [Box], goal: Goal = .lossless, maxError: Int? = nil, order: TransmissionOrder = .roiFirst
        ) async throws {
            self.image = image
            let settings = try EncodingSettings(
                name: "test", roi: HEVCParameters(crf: 20, preset: "ultrafast"),
                background: HEVCParameters(crf: 40, preset: "ultrafast"), chunkSliceCount: 8, roiMaxError: maxError)
            let volume = try VolumeEncoder(
                image: image, name: Name("volume"), regions: regions, regionSource: .box, goal: goal, settings: settings)
            encoder = try SessionEncoder([volume], goal: goal, order: order)
            let collected = Fixtures.Collected()
            table = try await encoder.run(on: CodingPool(threadCount: 2)) { collected.add($0) }.table
            chunks = collected.all
        }

        func answer(_ box: StackedBox, number: UInt32 = 1) throws -> SessionEncoder.FocusAnswer? {
            try encoder.answer(Focus(number: number, volume: 0, box: box))
        }

        func chunks(where isWanted: (Layer) -> Bool) -> [EncodedChunk] {
            chunks.filter { $0.layer != .manifest && $0.layer != .table && isWanted($0.layer) }
        }
    }

    private static let region = "30:50,28:46,10:24"
    /// Over region and background, a part of it outside the body.
    private static let box = "20:60,5:40,6:30"

    private func coded(_ type: VoxelType, scale: Double = 1, maxError: Int? = nil) async throws -> Coded {
        try await Coded(
            try Fixtures.image(Fixtures.shape(80, 72, 32), type, scale: scale), regions: [Box(parsing: Self.region)],
            maxError: maxError)
    }

    private func indices(_ box: StackedBox, _ shape: Shape) -> [Int] {
        box.z.flatMap { z in
            box.y.flatMap { y in box.x.map { x in (z * shape.rows + y) * shape.columns + x } }
        }
    }

    /// Applies the plan up to a layer, shows the box, applies the rest.
    private func expectExact(_ coded: Coded, _ box: StackedBox, shownAfter layer: Layer) async throws {
        let decoder = try Fixtures.decoder(coded.encoder.manifest)
        _ = try await Fixtures.apply(coded.chunks { $0 <= layer }, to: decoder)
        let before = await decoder.snapshot(volume: 0)
        for record in try #require(try coded.answer(box)).records { _ = try await decoder.applyFocus(record: record) }
        let shown = await decoder.snapshot(volume: 0)
        #expect(zip(before.quality, shown.quality).allSatisfy { $0 <= $1 })
        #expect(indices(box, shown.layout.shape).allSatisfy { shown.quality[$0] >= Quality.roiBase })
        let byteCount = shown.layout.header.voxelType.byteCount
        let touched = before.quality.indices.filter { index in
            let bytes = index * byteCount..<(index + 1) * byteCount
            return before.quality[index] >= Quality.roiBase && before.voxels.values(bytes) != shown.voxels.values(bytes)
        }
        #expect(touched.isEmpty, "what is as good already stays as it is")
        _ = try await Fixtures.apply(coded.chunks { $0 > layer }, to: decoder)
        try await decoder.check(coded.table)
        #expect(try await decoder.outcome(volume: 0) == coded.table.outcomes[0])
        let end = await decoder.snapshot(volume: 0)
        #expect(zip(shown.quality, end.quality).allSatisfy { $0 <= $1 })
        #expect(Fixtures.bytes(try end.image()) == Fixtures.bytes(coded.image))
    }

    @Test(
        "Whatever has come before, a box is shown at once, nothing gets worse, and the end is the source bit for bit",
        arguments: [Layer.manifest, .roiBase, .backgroundBase, .valueTable, .roiRefinement, .backgroundRefinement],
        [VoxelType.int16, .float32])
    func anyMoment(_ layer: Layer, _ type: VoxelType) async throws {
        let coded = try await coded(type, scale: type == .float32 ? 0.37 : 1)
        try await expectExact(coded, try StackedBox(parsing: Self.box), shownAfter: layer)
    }

    @Test(
        "With a greatest error for the region it is kept, and the end is exact",
        arguments: [Layer.manifest, .roiBase, .mask, .roiBounded, .roiRefinement])
    func bounded(_ layer: Layer) async throws {
        let coded = try await coded(.int16, scale: 7, maxError: 3)
        try await expectExact(coded, try StackedBox(parsing: Self.box), shownAfter: layer)
        let decoder = try Fixtures.decoder(coded.encoder.manifest)
        _ = try await Fixtures.apply(coded.chunks { $0 <= .roiBounded }, to: decoder)
        for record in try #require(try coded.answer(StackedBox(parsing: Self.box))).records {
            _ = try await decoder.applyFocus(record: record)
        }
        let shown = try await decoder.snapshot(volume: 0).image().volume
        #expect(try Fidelity.compare(coded.image.volume, shown, box: Box(parsing: Self.region)).maxAbsoluteError <= 3)
    }

    @Test("Chunks in any order with a box shown between any two end exact", arguments: 1...6 as ClosedRange<UInt64>)
    func anyOrder(_ seed: UInt64) async throws {
        let coded = try await coded(.int16)
        let decoder = try Fixtures.decoder(coded.encoder.manifest)
        var random = Seeded(seed)
        let records = try [Self.box, "0:80,0:72,0:32", "44:45,40:41,12:13"].flatMap { text in
            try coded.answer(StackedBox(parsing: text))?.records ?? []
        }
        let plan = coded.chunks { _ in true }.shuffled(using: &random)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, chunk) in plan.enumerated() {
                group.addTask { try await decoder.apply(chunk.ordinal, record: chunk.record) { _ in } }
                let record = records[index % records.count]
                group.addTask { _ = try await decoder.applyFocus(record: record) }
            }
            try await group.waitForAll()
        }
        #expect(try await decoder.outcome(volume: 0) == coded.table.outcomes[0], "seed \(seed)")
        #expect(coded.table.outcomes[0].state == .lossless)
    }

    @Test("The error that is said of an answer is the error of what is shown")
    func announcedError() async throws {
        let coded = try await coded(.int16, scale: 7)
        let decoder = try Fixtures.decoder(coded.encoder.manifest)
        let box = try StackedBox(parsing: "25:40,30:44,8:28")
        var said = 0.0
        for record in try #require(try coded.answer(box)).records {
            said = max(said, try await decoder.applyFocus(record: record).maxAbsoluteError)
        }
        let shown = try await decoder.snapshot(volume: 0).image().volume
        #expect(try Fidelity.compare(coded.image.volume, shown, box: Box(x: box.x, y: box.y, z: box.z)).maxAbsoluteError == said)
        #expect(said > 0)
    }

    @Test("Over several time points a box of stacked slices is shown wherever there is content, and the end is exact")
    func timePoints() async throws {
        let image = try Fixtures.image(try Fixtures.shape(40, 36, 10, 4), .int16)
        let coded = try await Coded(image, regions: [try Box(x: 10..<20, y: 10..<20, z: 2..<6)])
        let box = try StackedBox(x: 5..<30, y: 4..<30, z: 7..<34)
        for layer in [Layer.manifest, .backgroundBase] { try await expectExact(coded, box, shownAfter: layer) }
    }

    @Test("An answer comes in numbered parts of at most 32 slices that cover the box within the content")
    func parts() async throws {
        let image = try Fixtures.image(try Fixtures.shape(24, 24, 80), .uint8)
        let coded = try await Coded(image, regions: [try Box(x: 8..<14, y: 8..<14, z: 20..<40)])
        let shape = image.volume.shape
        let content = try #require(coded.encoder.manifest.volumes[0].content.flatMap { shape.stacked($0, timepoint: 0) })
        let records = try #require(try coded.answer(shape.stackedBox, number: 9)).records
        let parts = try records.map { try FocusChunk(decoding: ChunkRecord(decoding: $0).payload) }
        #expect(parts.map(\.part) == Array(parts.indices))
        #expect(parts.allSatisfy { $0.focus == 9 && $0.partCount == parts.count && $0.box.z.count <= 32 })
        #expect(parts.reduce(0) { $0 + $1.box.voxelCount } == content.voxelCount)
        #expect(parts.allSatisfy { content.contains($0.box) })
    }

    @Test("A single voxel can be asked for, and a box that the manifest alone makes exact takes no chunk")
    func extremes() async throws {
        let coded = try await coded(.int16)
        try await expectExact(coded, try StackedBox(x: 40..<41, y: 36..<37, z: 16..<17), shownAfter: .manifest)
        let content = try #require(coded.encoder.manifest.volumes[0].content)
        try #require(content.x.lowerBound > 0)
        let outside = try StackedBox(x: 0..<content.x.lowerBound, y: 0..<72, z: 0..<32)
        #expect(try coded.answer(outside)?.records.isEmpty == true)
    }

    @Test("Under a request lie the background it touches, all that makes it exact, and what that rests on")
    func planned() async throws {
        let coded = try await coded(.int16)
        let plan = coded.encoder.manifest.plan.map(\.chunk)
        let box = try StackedBox(x: 20..<30, y: 30..<40, z: 9..<11)
        let answer = try #require(try coded.answer(box))
        func touched(_ layer: Layer) -> Set<UInt32> {
            Set(plan.enumerated().filter { $1.layer == layer && $1.box.intersection(box) != nil }.map { UInt32($0.offset + 1) })
        }
        #expect(Set(answer.base) == touched(.backgroundBase) && !answer.base.isEmpty)
        #expect(Set(answer.refinement).isSuperset(of: touched(.backgroundRefinement).union(touched(.mask))))
        #expect(Set(answer.refinement).isDisjoint(with: answer.base))
        let far = plan.enumerated().filter { $1.layer == .backgroundRefinement && $1.box.z.lowerBound >= 16 }
        #expect(!far.isEmpty && far.allSatisfy { !answer.refinement.contains(UInt32($0.offset + 1)) })
    }

    @Test("No answer is given to a request for what is not there, or where exact voxels are not sent")
    func noAnswer() async throws {
        let coded = try await coded(.int16)
        #expect(try coded.answer(StackedBox(parsing: "0:81,0:72,0:32")) == nil)
        #expect(try coded.answer(StackedBox(parsing: "0:1,0:1,32:33")) == nil)
        #expect(try coded.encoder.answer(Focus(number: 1, volume: 1, box: StackedBox(parsing: Self.box))) == nil)
        let preview = try await Coded(coded.image, regions: [Box(parsing: Self.region)], goal: .lossy)
        #expect(try preview.answer(StackedBox(parsing: Self.box)) == nil)
    }

    @Test("A hostile answer is refused, and the volume stands as it was")
    func hostile() async throws {
        let coded = try await coded(.int16)
        let decoder = try Fixtures.decoder(coded.encoder.manifest)
        _ = try await Fixtures.apply(coded.chunks { $0 <= .backgroundBase }, to: decoder)
        let before = await decoder.snapshot(volume: 0)
        let honest = try #require(try coded.answer(StackedBox(parsing: "25:40,30:44,8:28"))?.records.first)
        let slices = try FocusChunk(decoding: ChunkRecord(decoding: honest).payload).slices
        func record(_ box: String, volume: Int = 0, coder: UInt8 = 1, _ slices: [UInt8]) throws -> [UInt8] {
            let part = FocusChunk(
                focus: 1, volume: volume, part: 0, partCount: 1, box: try StackedBox(parsing: box), slices: slices)
            return try ChunkRecord(coder: coder, payload: part.encoded()).encoded()
        }
        let bad = try [
            record("25:40,30:44,8:28", coder: 2, slices), record("25:40,30:44,8:28", volume: 1, slices),
            record("70:85,30:44,8:28", slices), record("25:40,30:44,20:40", slices),
            record("0:2147483647,0:2147483647,0:32", slices), record("25:40,30:44,8:29", slices),
            record("0:80,30:44,8:28", slices),
            record("25:40,30:44,8:28", []), record("25:40,30:44,8:28", Array(0..<200)),
            record("25:26,30:31,8:9", [UInt8](repeating: 0, count: 70_000)),
            ChunkRecord(coder: 1, payload: [1, 2, 3]).encoded(),
        ]
        for (index, record) in bad.enumerated() {
            await #expect(throws: (any Error).self, "\(index)") { _ = try await decoder.applyFocus(record: record) }
        }
        var damaged = honest
        damaged[damaged.count / 2] ^= 4
        let error = await #expect(throws: FormatError.self) { _ = try await decoder.applyFocus(record: damaged) }
        #expect(error?.code == .digestMismatch)
        let after = await decoder.snapshot(volume: 0)
        #expect(after.voxels == before.voxels && after.quality == before.quality)
        _ = try await decoder.applyFocus(record: honest)
        _ = try await Fixtures.apply(coded.chunks { $0 > .backgroundBase }, to: decoder)
        #expect(try await decoder.outcome(volume: 0).state == .lossless)
    }

    @Test("In a session of previews nothing is shown ahead of the plan: its end would depend on the order of arrival")
    func previews() async throws {
        let full = try await coded(.int16)
        let record = try #require(try full.answer(StackedBox(parsing: Self.box))?.records.first)
        let preview = try await Coded(full.image, regions: [Box(parsing: Self.region)], goal: .lossy)
        let decoder = try Fixtures.decoder(preview.encoder.manifest)
        await #expect(throws: CodingError.self) { _ = try await decoder.applyFocus(record: record) }
        _ = try await Fixtures.apply(preview.chunks { _ in true }, to: decoder)
        #expect(try await decoder.outcome(volume: 0) == preview.table.outcomes[0])
    }

    @Test("An answer goes behind the regions of interest and ahead of all else, the latest request first")
    func ranks() throws {
        let box = try StackedBox(parsing: Self.box)
        func focus(_ number: UInt32) -> UInt64 {
            TransmissionOrder.roiFirst.focusRank(Focus(number: number, volume: 0, box: box))
        }
        let order = TransmissionOrder.roiFirst
        let lastROI = order.rank(of: PlannedChunk(layer: .roiBase, box: box), ordinal: UInt32(WireLimits.chunkCount - 1))
        let ranks = [
            lastROI, focus(256), focus(255), focus(2), focus(1), order.focusedBaseRank,
            order.rank(of: PlannedChunk(layer: .backgroundBase, box: box), ordinal: 1), order.focusedRefinementRank,
            order.rank(of: PlannedChunk(layer: .extensions, box: box), ordinal: 1),
        ]
        #expect(ranks == ranks.sorted() && Set(ranks).count == ranks.count)
        #expect(order.focusCodingRank >= UInt64(WireLimits.chunkCount))
    }

    @Test("Slice by slice, an answer goes behind what is not about slices and ahead of every slice, and what is under it follows")
    func fifo() async throws {
        let order = TransmissionOrder.fifo
        let box = try StackedBox(x: 0..<1, y: 0..<1, z: 0..<1)
        let ranks = [
            order.rank(of: PlannedChunk(layer: .valueTable, box: box), ordinal: UInt32(WireLimits.chunkCount - 1)),
            order.focusRank(Focus(number: 256, volume: 0, box: box)), order.focusRank(Focus(number: 1, volume: 0, box: box)),
            order.focusedBaseRank, order.focusedRefinementRank, order.rank(of: PlannedChunk(layer: .roiBase, box: box), ordinal: 1),
        ]
        #expect(ranks == ranks.sorted() && Set(ranks).count == ranks.count)
        let coded = try await Coded(
            Fixtures.image(Fixtures.shape(80, 72, 32), .int16), regions: [Box(parsing: Self.region)], order: .fifo)
        try await expectExact(coded, try StackedBox(parsing: Self.box), shownAfter: .roiBase)
    }
}
