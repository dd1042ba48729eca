internal import Faults
package import Decoding
internal import ExactCodec
package import NIfTIFile
package import VolumeModel
package import WireFormat

/// Quality of a voxel; the values of the quality volume.
package enum Quality {
    /// Not arrived.
    package static let missing: UInt8 = 0
    /// The background at base quality.
    package static let backgroundBase: UInt8 = 1
    /// A region of interest at base quality.
    package static let roiBase: UInt8 = 2
    /// Bit for bit the source.
    package static let exact: UInt8 = 3
}

/// A volume as it comes together, chunk by chunk, with the quality of every voxel. Sender and receiver run the same one.
package struct VolumeAssembler: Sendable {
    /// Layout of the volume: its chunks and the places where they belong.
    package let layout: VolumeLayout
    /// Stored values: the fill value where nothing has arrived.
    package private(set) var voxels: PagedArray<UInt8>
    /// A ``Quality`` a voxel, as chunks have brought it.
    private(set) var levels: PagedArray<UInt8>
    /// True once the bytes turned out not to be the sender's: ``quality`` calls nothing better than a base then.
    private(set) var isDistrusted = false
    /// Bytes between header and voxels; zeros, which mean no extensions, until they arrive.
    package private(set) var extensions: [UInt8]
    /// Bytes after the voxels.
    package private(set) var trailer: [UInt8]
    private(set) var baseSamples: PagedArray<UInt16>
    private(set) var coding: ExactCoding?
    private var sampleCodes: [UInt16] = []
    private var exactBits: [UInt64] = []
    private var isApplied: [Bool]
    private var remaining: [Layer: Int] = [:]
    /// Voxels of the content, of all time points, less those that masks have found to hold the fill value: the body, once every mask is in.
    private var unmaskedCount = 0
    /// Voxels that exact layers have settled, masks apart.
    private var exactCount = 0

    /// An empty volume; what lies beyond the content is exact with the manifest alone.
    /// - Parameter isFilled: false where ``fill()`` is called later: it touches every voxel, which takes its time on a large volume.
    /// - Throws: `CodingError.Code.noRoom` when neither memory nor disk has room for it.
    package init(_ layout: VolumeLayout, isFilled: Bool = true) throws(CodingError) {
        self.layout = layout
        let shape = layout.shape
        let byteCount = layout.header.voxelType.byteCount
        do {
            voxels = try PagedArray(zeros: shape.voxelCount * byteCount)
            levels = try PagedArray(zeros: shape.voxelCount)
            baseSamples = try PagedArray(zeros: shape.voxelCount)
        } catch {
            throw CodingError(.noRoom, "'\(layout.manifest.name)': \(error.message)")
        }
        extensions = [UInt8](repeating: 0, count: layout.manifest.extensionByteCount)
        trailer = [UInt8](repeating: 0, count: layout.manifest.trailerByteCount)
        isApplied = [Bool](repeating: false, count: layout.manifest.plan.count)
        for chunk in layout.manifest.plan { remaining[chunk.layer, default: 0] += 1 }
        unmaskedCount = (layout.manifest.content?.voxelCount ?? 0) * shape.timepoints
        if isFilled { try fill() }
        if let coding = ExactCoding.withoutTable(low: layout.map.low, high: layout.map.high, type: layout.header.voxelType) {
            use(coding)
        }
    }

    /// Gives every voxel its fill value, and the quality of what the manifest alone settles: the arrays come as zeros, which mean missing.
    /// - Throws: `CodingError.Code.noRoom`, where somebody else holds the arrays by now.
    mutating func fill() throws(CodingError) {
        if layout.manifest.fill != 0 {
            var filler = Filler(fill: layout.manifest.fill)
            try withPlanes { [layout] voxels, _, _ in
                filler.voxels = voxels
                layout.header.voxelType.acceptBits(&filler)
            }
        }
        let (shape, content) = (layout.shape, layout.manifest.content)
        try withPlanes { _, quality, _ in
            for row in 0..<shape.stackedSliceCount * shape.rows {
                let line = row * shape.columns..<(row + 1) * shape.columns
                guard let content, content.z.contains(shape.position(ofStacked: row / shape.rows).slice),
                    content.y.contains(row % shape.rows)
                else {
                    quality[line].update(repeating: Quality.exact)
                    continue
                }
                quality[line.prefix(content.x.lowerBound)].update(repeating: Quality.exact)
                quality[line.dropFirst(content.x.upperBound)].update(repeating: Quality.exact)
            }
        }
    }

    private mutating func use(_ coding: ExactCoding) {
        self.coding = coding
        sampleCodes = coding.codes(ofSamples: layout.map)
        exactBits = coding.storedBits(layout.header.voxelType)
    }

    /// Tells whether a chunk is in.
    package func hasApplied(_ index: Int) -> Bool { isApplied[index] }

    /// Tells whether every planned chunk of a layer is in; true where none is planned.
    package func isComplete(_ layer: Layer) -> Bool { remaining[layer, default: 0] == 0 }

    /// True when every voxel is exact, and all that stands around them.
    package var isLossless: Bool { remaining.values.allSatisfy { $0 == 0 } && isExactEverywhere }

    private var isExactEverywhere: Bool {
        !isDistrusted
            && levels.withUnsafeBufferPointer { quality in
                var difference: UInt8 = 0
                for level in quality { difference |= level ^ Quality.exact }
                return difference == 0
            }
    }

    /// Completeness of the body, its bytes not counted. Kept as chunks come: no voxel is looked at.
    var completeness: Completeness {
        let isBodyKnown = layout.manifest.content == nil || layout.hasMasks && isComplete(.mask)
        return Completeness(exactVoxelCount: exactCount, bodyVoxelCount: isBodyKnown ? unmaskedCount : nil)
    }

    /// True when no voxel is missing.
    package var isFull: Bool {
        levels.withUnsafeBufferPointer { quality in
            var least = UInt8.max
            for level in quality { least = min(least, level) }
            return least != Quality.missing
        }
    }

    /// Returns the decode request for a chunk, all that it rests on being in.
    /// - Throws: `CodingError.Code.invalidChunk`.
    package func request(for index: Int, _ record: ChunkRecord) throws(CodingError) -> DecodeRequest {
        let chunk = layout.manifest.plan[index]
        let box = chunk.box
        switch (chunk.layer, record.coder) {
        case (.roiBase, 1), (.backgroundBase, 1):
            return .slices(
                payload: record.payload, columns: box.x.count, rows: box.y.count, count: box.z.count,
                bitDepth: Int(layout.manifest.bitDepth))
        case (.extensions, 1):
            return .compressed(payload: record.payload, count: extensions.count + trailer.count)
        case (.mask, 0), (.valueTable, ExactCoding.planesCoder):
            return .nothing
        case (.mask, 3):
            return .mask(payload: record.payload, count: box.voxelCount, columns: box.x.count, rows: box.y.count)
        case (.valueTable, ExactCoding.paletteCoder), (.valueTable, ExactCoding.differencesCoder):
            let count = try ExactCoding.tableCount(record.payload)
            return .compressed(payload: Array(record.payload.dropFirst(4)), count: count * layout.header.voxelType.byteCount)
        case (.roiBounded, _), (.roiRefinement, _), (.backgroundRefinement, _):
            switch coding {
            case .planes?:
                let count = known(in: chunk).reduce(0) { $0 + ($1 == 0 ? 1 : 0) }
                return .planes(payload: record.payload, count: count, byteCount: layout.header.voxelType.byteCount)
            case .some:
                let usesBase = (try? ExactCoders.coder(identifier: record.coder))?.usesBase ?? true
                return .codes(payload: record.payload, coder: record.coder, context: try context(for: chunk, usesBase: usesBase))
            case nil:
                throw CodingError(.invalidChunk, "a refinement chunk before its value table")
            }
        default:
            throw CodingError(.invalidChunk, "coder \(record.coder) is unknown for \(chunk.layer.name)")
        }
    }

    /// Returns the context that both ends know before a refinement chunk.
    /// - Parameter usesBase: whether the coder looks at the base; otherwise it is left out.
    func context(for chunk: PlannedChunk, usesBase: Bool) throws(CodingError) -> ExactContext {
        let bound = self.bound
        let known = known(in: chunk)
        let isBounded = chunk.layer == .roiRefinement && bound != nil
        // Codes of the voxels as they stand: where they are known those are exact, and after a bound those within it are the base.
        let isLookedAt = usesBase || isBounded || known.contains(ExactContext.neighbour)
        var base = isLookedAt ? try codes(in: chunk.box) : [UInt16](repeating: 0, count: known.count)
        if usesBase, !isBounded {
            var position = 0
            forEachRow(of: chunk.box, in: layout.shape) { row in
                for index in row {
                    if known[position] == 0 { base[position] = sampleCodes[Int(baseSamples[index])] }
                    position += 1
                }
            }
        }
        var greatest = coding?.maxCode ?? 0
        if chunk.layer == .roiBounded, let bound {
            for index in base.indices { base[index] = bound.interval(of: base[index]) }
            greatest = bound.interval(of: greatest)
        }
        do {
            return try ExactContext(
                columns: chunk.box.x.count, rows: chunk.box.y.count, slices: chunk.box.z.count, maxCode: greatest, base: base,
                known: known, reach: chunk.layer == .roiRefinement ? bound?.maxError ?? .max : .max)
        } catch {
            throw CodingError(.invalidChunk, error.message)
        }
    }

    /// The codes of a box's voxels as they stand; of values that have none, 0.
    private func codes(in box: StackedBox) throws(CodingError) -> [UInt16] {
        do {
            let volume = try Volume(shape: layout.shape, voxelType: layout.header.voxelType, voxels: voxels)
            return coding?.codes(of: volume, in: box) ?? []
        } catch {
            throw CodingError(.invalidChunk, error.message)
        }
    }

    /// The step on the way to exact: intervals of codes; nil when there is none.
    private var bound: ErrorBound? { coding.flatMap { layout.bound($0) } }

    /// Which voxels of a refinement chunk's box take part, and which of the others are neighbours to go by: flags as ``ExactContext`` has them. A
    /// voxel that holds the fill value is none: it says where the body ends, not what is in it.
    func known(in chunk: PlannedChunk) -> [UInt8] {
        let box = chunk.box
        var known = [UInt8](repeating: ExactContext.aside, count: box.voxelCount)
        known.withUnsafeMutableBufferPointer { known in
            levels.withUnsafeBufferPointer { quality in
                var line = -box.x.lowerBound
                for z in box.z {
                    for y in box.y {
                        let start = (z * layout.shape.rows + y) * layout.shape.columns
                        let spans =
                            chunk.layer == .backgroundRefinement
                            ? layout.spansOutsideRegions(x: box.x, y: y, stackedSlice: z) : [box.x]
                        var place = box.x.lowerBound
                        for span in spans + [box.x.upperBound..<box.x.upperBound] {
                            // What lies between: regions, exact by now.
                            for x in place..<max(place, span.lowerBound) where !holdsFill(start + x) {
                                known[line + x] = ExactContext.neighbour
                            }
                            for x in span {
                                known[line + x] =
                                    quality[start + x] == Quality.exact ? ExactContext.aside : ExactContext.takesPart
                            }
                            place = span.upperBound
                        }
                        line += box.x.count
                    }
                }
            }
        }
        return known
    }

    private func holdsFill(_ voxel: Int) -> Bool {
        let byteCount = layout.header.voxelType.byteCount
        return (0..<byteCount).allSatisfy {
            voxels[voxel * byteCount + $0] == UInt8(truncatingIfNeeded: layout.manifest.fill >> UInt64(8 * $0))
        }
    }

    /// Puts a decoded chunk in its place. No voxel ever gets worse.
    /// - Throws: `CodingError.Code.invalidChunk` when what was decoded does not fit, `.noRoom` when a snapshot is held and there is none for another.
    package mutating func apply(_ decoded: DecodedChunk, to index: Int, _ record: ChunkRecord) throws(CodingError) {
        guard !isApplied[index] else { return }
        let chunk = layout.manifest.plan[index]
        switch (chunk.layer, decoded) {
        case (.roiBase, .samples(let samples)) where samples.count == chunk.box.voxelCount:
            try paint(samples, chunk, level: Quality.roiBase)
        case (.backgroundBase, .samples(let samples)) where samples.count == chunk.box.voxelCount:
            try paint(samples, chunk, level: Quality.backgroundBase)
        case (.extensions, .bytes(let bytes)) where bytes.count == extensions.count + trailer.count:
            extensions = Array(bytes.prefix(extensions.count))
            trailer = Array(bytes.dropFirst(extensions.count))
        case (.mask, .bytes(let flags)) where flags.isEmpty || flags.count == chunk.box.voxelCount:
            if !flags.isEmpty {
                unmaskedCount -= try settle(chunk, bits: [layout.manifest.fill], codes: nil, known: flags.map { 1 - min($0, 1) })
            }
        case (.valueTable, .bytes) where record.coder == ExactCoding.planesCoder: use(.planes)
        case (.valueTable, .bytes(let bytes)):
            let count = try ExactCoding.tableCount(record.payload)
            use(try ExactCoding.decodeTable(bytes, count: count, coder: record.coder, layout.header.voxelType))
        case (.roiBounded, .samples(let intervals)) where intervals.count == chunk.box.voxelCount && bound != nil:
            let codes = bound.map { bound in intervals.map { bound.code(ofInterval: $0) } }
            _ = try settle(chunk, bits: exactBits, codes: codes, known: known(in: chunk), level: Quality.roiBase)
        case (.roiRefinement, .samples(let codes)) where codes.count == chunk.box.voxelCount,
            (.backgroundRefinement, .samples(let codes)) where codes.count == chunk.box.voxelCount:
            exactCount += try settle(chunk, bits: exactBits, codes: codes, known: known(in: chunk))
        case (.roiRefinement, .bytes(let bytes)), (.backgroundRefinement, .bytes(let bytes)):
            try settle(chunk, voxels: bytes, known: known(in: chunk))
        default:
            throw CodingError(.invalidChunk, "a \(chunk.layer.name) chunk does not fit its box \(chunk.box)")
        }
        isApplied[index] = true
        remaining[chunk.layer, default: 1] -= 1
    }

    /// Shows what was asked for where nothing as good is shown yet. Refinement still counts on the planned base.
    /// - Parameter samples: slices x rows x columns of the box.
    /// - Throws: `CodingError.Code.invalidChunk` when they are not as many as the box has voxels, `.noRoom` as ``apply(_:to:_:)``.
    mutating func show(_ samples: [UInt16], in box: StackedBox) throws(CodingError) {
        guard samples.count == box.voxelCount else {
            throw CodingError(.invalidChunk, "\(samples.count) samples do not fit a focus on \(box)")
        }
        try paint(samples, PlannedChunk(layer: .focusBase, box: box), level: Quality.roiBase)
    }

    private mutating func paint(_ samples: [UInt16], _ chunk: PlannedChunk, level: UInt8) throws(CodingError) {
        var painter = Painter(layout: layout, chunk: chunk, samples: samples, level: level)
        try withPlanes { [layout] voxels, quality, base in
            painter.voxels = voxels
            painter.quality = quality
            painter.base = base
            layout.header.voxelType.acceptBits(&painter)
        }
    }

    /// Gives voxels that take part (`known` 0) their values: by their codes, or all the one value.
    /// - Returns: how many voxels have become exact by it.
    private mutating func settle(
        _ chunk: PlannedChunk, bits: [UInt64], codes: [UInt16]?, known: [UInt8], level: UInt8 = Quality.exact
    ) throws(CodingError) -> Int {
        var settler = Settler(shape: layout.shape, box: chunk.box, bits: bits, codes: codes, known: known, level: level)
        try withPlanes { [layout] voxels, quality, _ in
            settler.voxels = voxels
            settler.quality = quality
            layout.header.voxelType.acceptBits(&settler)
        }
        return settler.newlyExactCount
    }

    private mutating func settle(_ chunk: PlannedChunk, voxels bytes: [UInt8], known: [UInt8]) throws(CodingError) {
        let byteCount = layout.header.voxelType.byteCount
        guard bytes.count == known.reduce(0, { $0 + ($1 == 0 ? byteCount : 0) }) else {
            throw CodingError(.invalidChunk, "\(bytes.count) bytes of voxels do not fit the chunk at \(chunk.box)")
        }
        var source = 0
        var flag = 0
        var count = 0
        try withPlanes { [layout] voxels, quality, _ in
            forEachRow(of: chunk.box, in: layout.shape) { row in
                for index in row {
                    if known[flag] == 0 {
                        for byte in 0..<byteCount { voxels[index * byteCount + byte] = bytes[source + byte] }
                        if quality[index] != Quality.exact { count += 1 }
                        quality[index] = Quality.exact
                        source += byteCount
                    }
                    flag += 1
                }
            }
        }
        exactCount += count
    }

    /// Hands out voxels, qualities and base samples, to change them. Who holds a snapshot keeps it.
    /// - Throws: `CodingError.Code.noRoom` when a snapshot is held and there is no room for another; nothing is changed then.
    private mutating func withPlanes(
        _ body: (UnsafeMutableRawBufferPointer, UnsafeMutableBufferPointer<UInt8>, UnsafeMutableBufferPointer<UInt16>) -> Void
    ) throws(CodingError) {
        do throws(VolumeError) {
            // Each is this volume's alone before the body changes anything.
            try voxels.withUnsafeMutableBytes { voxels throws(VolumeError) in
                try levels.withUnsafeMutableBufferPointer { levels throws(VolumeError) in
                    try baseSamples.withUnsafeMutableBufferPointer { body(voxels, levels, $0) }
                }
            }
        } catch {
            throw CodingError(.noRoom, "'\(layout.manifest.name)': \(error.message)")
        }
    }

    /// Calls no voxel better than a base from now on, whatever has come or comes: for a volume whose bytes are not the sender's.
    mutating func distrust() {
        exactCount = 0
        isDistrusted = true
    }

    /// A ``Quality`` a voxel, in the order of the file.
    package var quality: Qualities { Qualities(levels: levels, limit: isDistrusted ? Quality.backgroundBase : Quality.exact) }

    /// The file as it stands. Its geometry is in the header; the volume's own affine is not worked out.
    package func image() throws -> NIfTIImage {
        try NIfTIImage(
            header: layout.header, extensions: extensions,
            volume: try Volume(
                shape: layout.shape, voxelType: layout.header.voxelType, voxels: voxels), trailer: trailer)
    }

    /// The companion file that says how good each voxel is.
    package func qualityImage() throws -> NIfTIImage {
        try NIfTIImage(header: try layout.qualityHeader(), voxels: try quality.array())
    }
}
