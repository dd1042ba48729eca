internal import Bytes
internal import Faults
internal import Decoding
internal import HEVCDecoding
internal import HEVCCodec
internal import Glibc
package import NIfTIFile
package import ExactCodec
internal import Synchronization
package import VolumeModel
package import WireFormat

/// Codes one volume's chunks, and decodes every one of them again: previews before they are handed out, since they say what error they leave, and
/// what was made from the source alone once everything has been, so that the link does not wait for it.
package final class VolumeEncoder: Sendable {
    /// Layout that says what the chunks are.
    package let layout: VolumeLayout
    let image: NIfTIImage
    let settings: EncodingSettings
    let exactCoder: any ExactCoder
    /// Places where masks have marked voxels, by the slices of their chunks, and the numbering of voxels: known once those chunks are coded.
    let sourceFacts: Mutex<SourceFacts>
    /// Range that errors in the volume are compared with.
    package var robustRange: RobustRange { RobustRange(of: image.volume, surroundings: surroundings) }
    private let surroundings: Surroundings
    let assembler: Mutex<VolumeAssembler>
    /// Error that the base layers' chunks so far leave.
    private let fidelities = Mutex<[Layer: Fidelity]>([:])

    /// Returns the error that a base layer leaves to be refined, over its chunks coded so far; nil where none is.
    package func fidelity(of layer: Layer) -> Fidelity? { fidelities.withLock { $0[layer] } }

    /// Plans a volume's chunks.
    /// - Parameters:
    ///   - facts: what is known of the image; found out where they are not given.
    ///   - title: the file's name for people; the name where none is given.
    ///   - regionCertainty: a model's, in hundredths.
    ///   - regions: boxes over one time point; those that overlap become one.
    ///   - goal: layers beyond it are not planned.
    ///   - bitsPerSecond: what the link is expected to carry, where that decides whether previews pay; nil where nobody knows.
    ///   - exactCoder: codes exact voxels in place of the settings' coder.
    /// - Throws: `CodingError`, when the volume is too large, there is no room for it, or previews are all that is asked for and HEVC cannot hold them.
    package init(
        image: NIfTIImage, facts: VolumeFacts? = nil, name: Name, title: String? = nil, regions found: [Box],
        regionSource: RegionSource, regionCertainty: UInt8? = nil, goal: Goal, settings: EncodingSettings,
        bitsPerSecond: Double? = nil, exactCoder: (any ExactCoder)? = nil
    ) throws(CodingError) {
        let volume = image.volume
        try Self.check(volume.shape, goal: goal)
        let facts = facts ?? VolumeFacts(of: image, settings: settings)
        surroundings = facts.surroundings
        let range = facts.range
        let regions = ChunkPlanner.regions(found, content: surroundings.content, shape: volume.shape, settings: settings)
        let needsValueTable =
            ExactCoding.withoutTable(low: range.lowerBound, high: range.upperBound, type: volume.voxelType) == nil
        // Where values are numbered by a table, what lies between two of them is no bound: such regions go straight to exact.
        let maxError = settings.roiMaxError.map { needsValueTable ? 0 : $0 }
        let plan = ChunkPlanner.plan(
            shape: volume.shape, voxelType: volume.voxelType, content: surroundings.content, regions: regions,
            hasExtensions: !image.trailer.isEmpty || image.extensions.contains { $0 != 0 } || image.extensions.count > 4,
            needsValueTable: needsValueTable, maxError: maxError, goal: goal, bitsPerSecond: bitsPerSecond,
            isCentreOut: settings.whenUnsure == .centreOut && [.everything, .unsure].contains(regionSource), settings: settings)
        guard plan.count + 2 <= WireLimits.chunkCount else {
            throw CodingError(.tooLarge, "\(plan.count) chunks, above the limit of \(WireLimits.chunkCount)")
        }
        layout = try VolumeLayout(
            VolumeManifest(
                name: name, title: title, header: image.header.bytes, extensionByteCount: image.extensions.count,
                trailerByteCount: image.trailer.count,
                sourceDigest: facts.digest, low: range.lowerBound, high: range.upperBound,
                bitDepth: UInt8(settings.roi.bitDepth),
                knee: facts.knee,
                fill: surroundings.fill, content: surroundings.content, regionSource: regionSource,
                regionCertainty: regionCertainty, regions: regions,
                maxError: maxError, plan: plan),
            memoryLimit: .max, diskLimit: .max)
        self.image = image
        self.settings = settings
        self.exactCoder = exactCoder ?? settings.exactCoder.coder
        assembler = Mutex(try VolumeAssembler(layout))
        sourceFacts = Mutex(
            SourceFacts(coding: ExactCoding.withoutTable(low: layout.map.low, high: layout.map.high, type: volume.voxelType)))
    }

    /// Checks that HEVC can hold a volume's slices where there is nothing but previews to send.
    /// - Throws: `CodingError.Code.tooLarge`.
    package static func check(_ shape: Shape, goal: Goal) throws(CodingError) {
        guard goal == .lossless || PreviewRule.holds(shape) else {
            throw CodingError(
                .tooLarge,
                "slices of \(shape.columns)x\(shape.rows): previews end at \(SliceStack.sideLimit); without them, so to the exact end, it can be sent"
            )
        }
    }

    /// Codes one planned chunk on the calling thread, all that it rests on having been coded.
    /// - Throws: `CodingError`; `.verificationFailed` when a chunk that is decoded at once does not decode to what it must.
    package func encode(_ index: Int) throws(CodingError) -> ChunkRecord {
        let chunk = layout.manifest.plan[index]
        do {
            let record =
                switch chunk.layer {
                case .roiBase, .backgroundBase: try encodeBase(chunk)
                case .extensions: ChunkRecord(coder: 1, payload: try Zstandard.compress(image.extensions + image.trailer))
                case .mask: try encodeMask(chunk)
                case .valueTable: try encodeValueTable()
                case .roiBounded, .roiRefinement, .backgroundRefinement:
                    exactCoder.usesBase ? try encodeRefinement(chunk) : try encodeFromSource(chunk)
                case .manifest, .table, .focusBase: throw CodingError(.invalidSettings, "a \(chunk.layer.name) chunk in a plan")
                }
            return isVerifiedLater(index) ? record : try verify(record, index)
        } catch let error as CodingError {
            throw error
        } catch {
            // A coder that does not take a volume's own voxels errs as one does that changes them.
            throw CodingError(
                error is ExactCodecError ? .verificationFailed : .invalidSettings, "\(chunk.layer.name) over \(chunk.box): \(error)"
            )
        }
    }

    private func encodeBase(_ chunk: PlannedChunk) throws -> ChunkRecord {
        let box = chunk.box
        var samples = layout.map.samples(of: image.volume, in: box)
        if chunk.layer == .backgroundBase {
            let fill = StoredValue.double(layout.manifest.fill, image.volume.voxelType)
            for region in layout.manifest.regions {
                for hole in layout.shape.stacked(region) {
                    switch settings.holeFill {
                    case .harmonic: HoleFiller.fillHarmonically(&samples, of: box, hole: hole)
                    case .zero: HoleFiller.fill(&samples, of: box, hole: hole, with: layout.map.sample(of: fill))
                    }
                }
            }
        }
        let stack = try SliceStack(columns: box.x.count, rows: box.y.count, count: box.z.count, samples: samples)
        return ChunkRecord(
            coder: 1, payload: try HEVCEncoder.encode(stack, chunk.layer == .roiBase ? settings.roi : settings.background))
    }

    private func encodeMask(_ chunk: PlannedChunk) throws -> ChunkRecord {
        var finder = FillFinder(volume: image.volume, box: chunk.box, fill: layout.manifest.fill)
        let flags = image.volume.voxelType.acceptBits(&finder)
        let payload = try MaskCoder.encode(flags, columns: chunk.box.x.count, rows: chunk.box.y.count)
        // A mask of scattered voxels costs more than the few bits each of them would.
        let count = flags.reduce(0) { $0 + Int($1) }
        guard payload.count * 8 <= count else { return ChunkRecord(coder: 0, payload: []) }
        sourceFacts.withLock { $0.maskedSlices.append(chunk.box.z) }
        return ChunkRecord(coder: 3, payload: payload)
    }

    private func encodeValueTable() throws -> ChunkRecord {
        let coding = layout.manifest.content.map { ExactCoding.withTable(for: image.volume, content: $0) } ?? .planes
        sourceFacts.withLock { $0.coding = coding }
        guard case .palette(let values) = coding else { return ChunkRecord(coder: ExactCoding.planesCoder, payload: []) }
        return try ExactCoding.encodeTable(values, image.volume.voxelType)
    }

    private func encodeRefinement(_ chunk: PlannedChunk) throws -> ChunkRecord {
        let (coding, known) = assembler.withLock { ($0.coding, $0.known(in: chunk)) }
        guard let coding else { throw CodingError(.invalidSettings, "refinement before its value table") }
        if case .planes = coding { return try encodePlanes(of: chunk, known) }
        let context = try assembler.withLock { assembler throws(CodingError) in try assembler.context(for: chunk, usesBase: true) }
        var codes = coding.codes(of: image.volume, in: chunk.box)
        if chunk.layer == .roiBounded, let maxError = layout.manifest.maxError {
            let bound = ErrorBound(maxError: UInt16(maxError), maxCode: coding.maxCode)
            for index in codes.indices { codes[index] = bound.interval(of: codes[index]) }
        }
        return ChunkRecord(coder: exactCoder.identifier, payload: try exactCoder.encode(codes, given: context))
    }

    /// True of a chunk that is decoded again only once everything is coded: no other chunk's bytes depend on it.
    func isVerifiedLater(_ index: Int) -> Bool {
        switch layout.manifest.plan[index].layer {
        case .mask, .valueTable, .roiBounded, .roiRefinement, .backgroundRefinement: !exactCoder.usesBase
        default: false
        }
    }

    /// Decodes a chunk as the receiver will, puts it into this end's own copy, and measures what is left.
    /// - Returns: the record with what was measured.
    /// - Throws: `CodingError`; `.verificationFailed` when the chunk does not decode to what it must.
    func verify(_ record: ChunkRecord, _ index: Int) throws(CodingError) -> ChunkRecord {
        let request = try assembler.withLock { assembler throws(CodingError) in try assembler.request(for: index, record) }
        let decoded = try request.decoded()
        let chunk = layout.manifest.plan[index]
        try assembler.withLock { assembler throws(CodingError) in try assembler.apply(decoded, to: index, record) }
        if chunk.layer.isExact {
            guard holdsExactly(chunk) else {
                throw CodingError(
                    .verificationFailed, "a \(chunk.layer.name) chunk over \(chunk.box) does not decode to its voxels")
            }
            return record
        }
        guard case .samples(let samples) = decoded else { return record }
        let fidelity: Fidelity
        if chunk.layer == .roiBounded {
            fidelity = try boundedFidelity(chunk)
        } else {
            fidelity = self.fidelity(of: samples, for: chunk)
            fidelities.withLock { $0[chunk.layer, default: Fidelity()].add(fidelity) }
        }
        return ChunkRecord(
            coder: record.coder, maxAbsoluteError: fidelity.finiteMaxAbsoluteError,
            meanSquaredError: fidelity.finiteMeanSquaredError, payload: record.payload)
    }

    /// Returns the error of decoded samples against the source, where they will be shown.
    func fidelity(of samples: [UInt16], for chunk: PlannedChunk) -> Fidelity {
        var meter = ErrorMeter(layout: layout, volume: image.volume, chunk: chunk, samples: samples)
        return image.volume.voxelType.accept(&meter)
    }

    /// Returns the error left by a chunk that promises a greatest error, by this end's own copy.
    private func boundedFidelity(_ chunk: PlannedChunk) throws(CodingError) -> Fidelity {
        let fidelity: Fidelity
        do {
            // One time point with all slices, so that the chunk's box is a box of it.
            let box = try Box(x: chunk.box.x, y: chunk.box.y, z: chunk.box.z)
            let shape = try Shape(
                columns: layout.shape.columns, rows: layout.shape.rows, slices: layout.shape.stackedSliceCount)
            let source = try Volume(shape: shape, voxelType: image.volume.voxelType, voxels: image.volume.voxels)
            fidelity = try assembler.withLock { assembler in
                let shown = try Volume(shape: shape, voxelType: image.volume.voxelType, voxels: assembler.voxels)
                return try Fidelity.compare(source, shown, box: box)
            }
        } catch {
            throw CodingError(.verificationFailed, "\(error)")
        }
        guard fidelity.maxAbsoluteError <= Double(layout.manifest.maxError ?? 0) else {
            throw CodingError(
                .verificationFailed, "a \(chunk.layer.name) chunk over \(chunk.box) leaves an error of \(fidelity.maxAbsoluteError)"
            )
        }
        return fidelity
    }

    /// Tells whether every voxel marked exact in a chunk's box equals the source.
    private func holdsExactly(_ chunk: PlannedChunk) -> Bool {
        assembler.withLock { assembler in
            var comparer = ExactComparer(
                shape: layout.shape, box: chunk.box, source: image.volume.voxels, decoded: assembler.voxels,
                quality: assembler.levels)
            return image.volume.voxelType.acceptBits(&comparer)
        }
    }

    /// Returns the result that the receiver must end with: this end's own reconstruction.
    package func outcome() throws -> Receipt.Volume {
        let copy = assembler.withLock { $0 }
        var digest = DigestBuilder()
        try copy.image().forEachPart { digest.update($0) }
        let result = digest.finish()
        let state: VolumeState =
            copy.isLossless && result == layout.manifest.sourceDigest ? .lossless : copy.isFull ? .lossy : .partial
        return Receipt.Volume(state: state, digest: result)
    }
}

/// Compares the voxels of a box that are marked exact with the source.
private struct ExactComparer: StoredBitsVisitor {
    let shape: Shape
    let box: StackedBox
    let source: PagedArray<UInt8>
    let decoded: PagedArray<UInt8>
    let quality: PagedArray<UInt8>

    func visit<Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable>(_ type: Bits.Type) -> Bool {
        source.withUnsafeBytes { source in
            decoded.withUnsafeBytes { decoded in
                quality.withUnsafeBufferPointer { quality in
                    let (source, decoded) = (source.bindMemory(to: type), decoded.bindMemory(to: type))
                    var difference: Bits = 0
                    forEachRow(of: box, in: shape) { row in
                        guard let ours = source.baseAddress, let theirs = decoded.baseAddress,
                            memcmp(ours + row.lowerBound, theirs + row.lowerBound, row.count * MemoryLayout<Bits>.stride) != 0
                        else { return }
                        for index in row {
                            difference |= quality[index] == Quality.exact ? source[index] ^ decoded[index] : 0
                        }
                    }
                    return difference == 0
                }
            }
        }
    }
}

/// Flags the voxels of a box that hold exactly the fill value.
private struct FillFinder: StoredBitsVisitor {
    let volume: Volume
    let box: StackedBox
    let fill: UInt64

    func visit<Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable>(_ type: Bits.Type) -> [UInt8] {
        volume.voxels.withUnsafeBytes { raw in
            let voxels = raw.bindMemory(to: type)
            let fill = Bits(truncatingIfNeeded: fill)
            return [UInt8](unsafeUninitializedCapacity: box.voxelCount) { flags, count in
                forEachRow(of: box, in: volume.shape) { row in
                    for (place, index) in row.enumerated() { flags[count + place] = voxels[index] == fill ? 1 : 0 }
                    count += row.count
                }
            }
        }
    }
}

/// Compares decoded samples with the source, where they will be shown.
private struct ErrorMeter: VoxelVisitor {
    let layout: VolumeLayout
    let volume: Volume
    let chunk: PlannedChunk
    let samples: [UInt16]

    func visit<V: Voxel>(_ type: V.Type) -> Fidelity {
        let box = chunk.box
        let values = layout.map.storedBits.indices.map { layout.map.value(of: UInt16($0)) }
        var result = Fidelity()
        volume.withVoxels(as: type) { voxels in
            var line = 0
            for z in box.z {
                for y in box.y {
                    let start = (z * layout.shape.rows + y) * layout.shape.columns
                    let spans =
                        chunk.layer == .backgroundBase ? layout.spansOutsideRegions(x: box.x, y: y, stackedSlice: z) : [box.x]
                    for span in spans {
                        for x in span {
                            let sample = min(samples[line + x - box.x.lowerBound], layout.map.maxSample)
                            let value = voxels[start + x].doubleValue
                            result.add(value, values[Int(sample)], isIdentical: value == values[Int(sample)])
                        }
                    }
                    line += box.x.count
                }
            }
        }
        return result
    }
}
