import NIfTIFile
import ProgressiveCoding
import Testing
import TestSupport
import VolumeModel
import WireFormat

@Suite("The exact end")
struct ExactEndTests {
    static let shapes: [(Int, Int, Int, Int)] = [
        (40, 36, 20, 1), (70, 66, 1, 1), (20, 24, 6, 5), (33, 17, 1, 9), (1, 1, 1, 1), (3, 2, 2, 1),
    ]

    @Test("Every voxel type of every kind of shape ends bit for bit as it began", arguments: VoxelType.allCases, shapes)
    func everyTypeIsExact(_ type: VoxelType, _ sides: (Int, Int, Int, Int)) async throws {
        let shape = try Fixtures.shape(sides.0, sides.1, sides.2, sides.3)
        let image = try Fixtures.image(shape, type, scale: type == .float32 || type == .float64 ? 0.37 : 1)
        let region = try Box(x: 0..<max(1, sides.0 / 2), y: 0..<max(1, sides.1 / 2), z: 0..<max(1, sides.2 / 2))
        try await expectExact(image, [region])
    }

    private func expectExact(_ image: NIfTIImage, _ regions: [Box]) async throws {
        let (manifest, chunks, table) = try await Fixtures.encode(image, regions: regions)
        #expect(table.outcomes[0].state == .lossless)
        let decoder = try Fixtures.decoder(manifest)
        _ = try await Fixtures.apply(chunks.shuffled(), to: decoder)
        try await decoder.check(table)
        let outcome = try await decoder.outcome(volume: 0)
        #expect(outcome == table.outcomes[0])
        let result = await decoder.snapshot(volume: 0)
        #expect(Fixtures.bytes(try result.image()) == Fixtures.bytes(image))
        #expect(result.quality.allSatisfy { $0 == Quality.exact })
    }

    @Test(
        "Whole numbers of 64 bits that no double tells apart come bit for bit, few of them and many",
        arguments: [VoxelType.int64, .uint64], [3, 1 << 20])
    func wideIntegers(_ type: VoxelType, _ count: UInt64) async throws {
        let shape = try Fixtures.shape(40, 36, 48)
        var random = Seeded(count)
        let low: UInt64 = type == .int64 ? UInt64(bitPattern: Int64.min) : UInt64.max - count
        let values = (0..<shape.voxelCount).map { _ in low &+ random.next() % count }
        let header = try NIfTIHeader.make(shape: shape, voxelType: type, affine: .identity, description: "")
        let image = try NIfTIImage(header: header, voxels: values.withUnsafeBytes { Array($0) })
        try await expectExact(image, [try Box(x: 5..<20, y: 5..<20, z: 5..<20)])
    }

    @Test("A volume of one value needs no chunks of voxels")
    func constantVolume() async throws {
        let shape = try Fixtures.shape(30, 30, 10)
        let header = try NIfTIHeader.make(shape: shape, voxelType: .int16, affine: .identity, description: "")
        let image = try NIfTIImage(header: header, voxels: [UInt8](repeating: 7, count: 2 * shape.voxelCount))
        let (manifest, chunks, _) = try await Fixtures.encode(image, regions: [shape.box])
        #expect(chunks.map(\.layer) == [.manifest, .table])
        let decoder = try Fixtures.decoder(manifest)
        #expect(try await decoder.outcome(volume: 0).state == .lossless)
        #expect(await decoder.initialMilestones(volume: 0).contains(.volumeLossless))
    }

    @Test("Not-a-numbers with payloads, infinities, subnormals and negative zeros survive")
    func oddFloats() async throws {
        let shape = try Fixtures.shape(24, 24, 6)
        var random = Seeded(5)
        let values: [Float] = (0..<shape.voxelCount).map { index in
            switch index % 7 {
            case 0: Float(bitPattern: 0x7fc0_0000 | UInt32(random.next() & 0xffff))
            case 1: .infinity
            case 2: -.infinity
            case 3: -0.0
            case 4: Float.leastNonzeroMagnitude
            case 5: Float(random.next() % 1000) * 1e30
            default: Float(index) / 3
            }
        }
        let header = try NIfTIHeader.make(shape: shape, voxelType: .float32, affine: .identity, description: "")
        try await expectExact(try NIfTIImage(header: header, voxels: values.withUnsafeBytes { Array($0) }), [shape.box])
    }

    @Test("Floating-point and 32-bit noise with more values than a table holds survives")
    func bytePlanes() async throws {
        let shape = try Fixtures.shape(64, 64, 20)
        var random = Seeded(6)
        for type in [VoxelType.float32, .float64, .int32, .uint32] {
            let count = shape.voxelCount * type.byteCount
            let voxels = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next() >> 20) }
            let header = try NIfTIHeader.make(shape: shape, voxelType: type, affine: .identity, description: "")
            try await expectExact(try NIfTIImage(header: header, voxels: voxels), [try Box(x: 3..<40, y: 8..<60, z: 2..<9)])
        }
    }

    @Test("The widest int16 range wraps nowhere")
    func widestRange() async throws {
        let shape = try Fixtures.shape(32, 32, 8)
        var random = Seeded(7)
        let values = (0..<shape.voxelCount).map { _ in Int16(truncatingIfNeeded: random.next()) }.enumerated().map {
            $0 == 0 ? Int16.min : $0 == 1 ? Int16.max : $1
        }
        let header = try NIfTIHeader.make(shape: shape, voxelType: .int16, affine: .identity, description: "")
        try await expectExact(try NIfTIImage(header: header, voxels: values.withUnsafeBytes { Array($0) }), [])
    }

    @Test("Extensions and bytes after the voxels arrive verbatim")
    func extensionsArrive() async throws {
        let shape = try Fixtures.shape(20, 20, 4)
        var bytes = try NIfTIHeader.make(shape: shape, voxelType: .uint8, affine: .identity, description: "").bytes
        // vox_offset becomes 384: four flag bytes and an extension of 32.
        withUnsafeBytes(of: Float(384).bitPattern) { bytes.replaceSubrange(108..<112, with: $0) }
        let extensions: [UInt8] = [1, 0, 0, 0, 32, 0, 0, 0, 6, 0, 0, 0] + (0..<24).map { UInt8($0 * 3) }
        let volume = try Fixtures.image(shape, .uint8).volume
        let image = try NIfTIImage(
            header: try NIfTIHeader(bytes: bytes), extensions: extensions, volume: volume, trailer: [9, 8, 7])
        try await expectExact(image, [try Box(x: 2..<9, y: 2..<9, z: 0..<2)])
    }

    @Test("Several regions, two of them overlapping, end exact")
    func severalRegions() async throws {
        let image = try Fixtures.image(try Fixtures.shape(80, 72, 24), .int16)
        try await expectExact(
            image,
            [
                try Box(x: 10..<30, y: 10..<30, z: 2..<9), try Box(x: 25..<44, y: 22..<40, z: 5..<14),
                try Box(x: 60..<78, y: 50..<70, z: 15..<22),
            ])
    }
}
