internal import Concurrency
internal import HEVCDecoding
internal import HEVCCodec
internal import NIfTIFile
internal import ProgressiveCoding
internal import ExactCodec
internal import Synchronization
internal import VolumeModel
internal import WireFormat

extension HostileSession {
    /// Honest sessions of every kind, to begin from: each voxel type, both coders, tables and byte planes, a bound, a long tail, several time points.
    package static func seeds() async throws -> [(name: String, session: HostileSession)] {
        var seeds: [(String, HostileSession)] = []
        for type in VoxelType.allCases { seeds.append(("\(type)", try await seed(type))) }
        seeds.append(("bounded", try await seed(.int16, maxError: 2)))
        seeds.append(("linear", try await seed(.int16, coder: .linear)))
        seeds.append(("planes", try await seed(.float64).withPlanes()))
        seeds.append(("time", try await seed(.int8, sides: (6, 5, 3, 3))))
        seeds.append(("lossy", try await seed(.int16, goal: .lossy)))
        seeds.append(("roi-exact", try await seed(.float32, goal: .roi, maxError: 0)))
        return seeds
    }

    /// An honest session of one small volume; its base layers hold samples instead of HEVC.
    static func seed(
        _ type: VoxelType, sides: (Int, Int, Int, Int) = (10, 9, 6, 1), goal: Goal = .lossless,
        coder: ExactCoders = .contextMixing,
        maxError: Int? = nil
    ) async throws -> HostileSession {
        let shape = try Shape(columns: sides.0, rows: sides.1, slices: sides.2, timepoints: sides.3)
        let parameters = try HEVCParameters(crf: 20, preset: "ultrafast")
        let settings = try EncodingSettings(
            name: "seed", roi: parameters, background: parameters, chunkSliceCount: 4, exactCoder: coder, roiMaxError: maxError)
        let encoder = try VolumeEncoder(
            image: try image(shape, type), name: Name("v"),
            regions: [try Box(x: 2..<5, y: 2..<4, z: 1..<max(2, sides.2 / 2))], regionSource: .box, goal: goal, settings: settings)
        let session = try SessionEncoder([encoder], goal: goal, order: .roiFirst)
        let collected = Mutex<[EncodedChunk]>([])
        _ = try await session.run(on: CodingPool(threadCount: 1)) { chunk in collected.withLock { $0.append(chunk) } }
        var items: [Item] = []
        for chunk in collected.withLock({ $0 }) {
            let record = try ChunkRecord(decoding: chunk.record)
            items.append(try item(chunk, record, session.manifest.volumes[0], type))
        }
        if goal == .lossless {
            let box = try StackedBox(x: 0..<2, y: 0..<2, z: 0..<1)
            let part = FocusChunk(focus: 1, volume: 0, part: 0, partCount: 1, box: box, slices: [0, 9, 0, 8, 0, 7, 0, 6])
            items.insert(Item(kind: .focus, payload: part.encoded()), at: 2)
        }
        return HostileSession(items)
    }

    /// The same, its exact voxels as byte planes: a volume that needs them is too large to begin from.
    private func withPlanes() throws -> HostileSession {
        guard let first = items.first(where: { $0.kind == .manifest }) else { return self }
        let volume = try Manifest(decoding: first.payload).volumes[0]
        let shape = try NIfTIHeader(bytes: volume.header).shape
        let regions = volume.regions.flatMap { shape.stacked($0) }
        return HostileSession(
            items.map { old in
                guard old.kind == .planned else { return old }
                let chunk = volume.plan[old.ordinal]
                var item = old
                switch chunk.layer {
                case .mask: (item.coder, item.payload) = (0, [])
                case .valueTable: (item.coder, item.payload, item.isPlain) = (2, [], false)
                case .roiRefinement, .backgroundRefinement:
                    let inside =
                        chunk.layer == .roiRefinement
                        ? 0 : regions.compactMap { $0.intersection(chunk.box)?.voxelCount }.reduce(0, +)
                    item.coder = 1
                    item.payload = (0..<8 * (chunk.box.voxelCount - inside)).map { UInt8(truncatingIfNeeded: $0) }
                    item.isPlain = true
                default: break
                }
                return item
            })
    }

    private static func item(_ chunk: EncodedChunk, _ record: ChunkRecord, _ volume: VolumeManifest, _ type: VoxelType) throws
        -> Item
    {
        var item = Item(ordinal: Int(chunk.ordinal) - 1, coder: record.coder, payload: record.payload)
        switch chunk.layer {
        case .manifest: item = Item(kind: .manifest, payload: record.payload)
        case .table: item = Item(kind: .table, isFitted: true)
        case .roiBase, .backgroundBase:
            let box = volume.plan[item.ordinal].box
            let stack = try HEVCDecoder.decode(
                record.payload, columns: box.x.count, rows: box.y.count, count: box.z.count, bitDepth: Int(volume.bitDepth))
            item.payload = stack.samples.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
        case .valueTable where record.payload.count > 4:
            let count = record.payload.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            item.payload = try Zstandard.decompress(Array(record.payload.dropFirst(4)), count: count * type.byteCount)
            item.isPlain = true
        default: break
        }
        return item
    }

    /// A block in emptiness with one great value.
    private static func image(_ shape: Shape, _ type: VoxelType) throws -> NIfTIImage {
        struct Store: VoxelVisitor {
            let values: [Double]
            func visit<V: Voxel>(_ type: V.Type) -> [UInt8] { values.map { V(nearest: $0) }.withUnsafeBytes { Array($0) } }
        }
        var state: UInt64 = 7
        let values = (0..<shape.voxelCount).map { index -> Double in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let (x, y, z) = (
                index % shape.columns, index / shape.columns % shape.rows, index / shape.sliceVoxelCount % shape.slices
            )
            guard x > 0, y > 0, x + 1 < shape.columns, y + 1 < shape.rows else { return 0 }
            return index == 200 ? 120 : Double(20 + x * 3 + y * 2 + z + Int(state >> 61))
        }
        var store = Store(values: values)
        let header = try NIfTIHeader.make(shape: shape, voxelType: type, affine: .identity, description: "seed")
        return try NIfTIImage(header: header, voxels: type.accept(&store))
    }
}
