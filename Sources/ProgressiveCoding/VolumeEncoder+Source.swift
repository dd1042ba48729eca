internal import Faults
internal import NIfTIFile
internal import ExactCodec
internal import Synchronization
internal import VolumeModel
internal import WireFormat

/// The facts that chunks of exact voxels rest on at the sender, where nothing has to be decoded first.
struct SourceFacts: Sendable {
    /// The numbering of voxels; nil until the value table is coded.
    var coding: ExactCoding?
    /// Stacked slices whose fill voxels a mask has settled.
    var maskedSlices: [Range<Int>] = []
}

/// Exact voxels for a coder that looks at no base: what the receiver will know before each chunk follows from the source alone.
extension VolumeEncoder {
    /// Codes a chunk of exact voxels, or one within a bound.
    func encodeFromSource(_ chunk: PlannedChunk) throws -> ChunkRecord {
        let facts = sourceFacts.withLock { $0 }
        guard let coding = facts.coding else { throw CodingError(.invalidSettings, "refinement before its value table") }
        let flags = flags(in: chunk, masked: facts.maskedSlices)
        if case .planes = coding { return try encodePlanes(of: chunk, flags) }
        let exact = coding.codes(of: image.volume, in: chunk.box)
        let bound = layout.bound(coding)
        switch (chunk.layer, bound) {
        case (.roiBounded, let bound?):
            let intervals = exact.map { bound.interval(of: $0) }
            let context = try context(
                chunk, base: intervals, flags: flags, greatest: bound.interval(of: coding.maxCode), reach: .max)
            let fidelity = Self.fidelity(of: intervals, exact, flags: flags, bound)
            return ChunkRecord(
                coder: exactCoder.identifier, maxAbsoluteError: fidelity.maxAbsoluteError,
                meanSquaredError: fidelity.meanSquaredError, payload: try exactCoder.encode(intervals, given: context))
        case (.roiRefinement, let bound?):
            let base = exact.map { bound.code(ofInterval: bound.interval(of: $0)) }
            let context = try context(chunk, base: base, flags: flags, greatest: coding.maxCode, reach: bound.maxError)
            return ChunkRecord(coder: exactCoder.identifier, payload: try exactCoder.encode(exact, given: context))
        default:
            let context = try context(chunk, base: exact, flags: flags, greatest: coding.maxCode, reach: .max)
            return ChunkRecord(coder: exactCoder.identifier, payload: try exactCoder.encode(exact, given: context))
        }
    }

    /// Codes a chunk's voxels that take part as byte planes.
    func encodePlanes(of chunk: PlannedChunk, _ flags: [UInt8]) throws -> ChunkRecord {
        let byteCount = image.volume.voxelType.byteCount
        var voxels: [UInt8] = []
        var position = 0
        forEachRow(of: chunk.box, in: layout.shape) { row in
            for index in row {
                if flags[position] == ExactContext.takesPart {
                    voxels.append(contentsOf: image.volume.voxels[index * byteCount..<(index + 1) * byteCount])
                }
                position += 1
            }
        }
        return ChunkRecord(coder: 1, payload: try BytePlaneCoder.encode(voxels, byteCount: byteCount))
    }

    private func context(
        _ chunk: PlannedChunk, base: [UInt16], flags: [UInt8], greatest: UInt16, reach: UInt16
    ) throws(ExactCodecError) -> ExactContext {
        try ExactContext(
            columns: chunk.box.x.count, rows: chunk.box.y.count, slices: chunk.box.z.count, maxCode: greatest, base: base,
            known: flags, reach: reach)
    }

    /// The error a bound leaves in a chunk; voxels that are exact already count with none, as in a comparison of the whole box.
    private static func fidelity(of intervals: [UInt16], _ exact: [UInt16], flags: [UInt8], _ bound: ErrorBound) -> Fidelity {
        var fidelity = Fidelity()
        for index in exact.indices {
            let shown = flags[index] == ExactContext.takesPart ? bound.code(ofInterval: intervals[index]) : exact[index]
            fidelity.add(Double(exact[index]), Double(shown), isIdentical: shown == exact[index])
        }
        return fidelity
    }

    /// The flags of a chunk's voxels as the receiver will have them: ``VolumeAssembler/known(in:)`` with every region exact.
    private func flags(in chunk: PlannedChunk, masked: [Range<Int>]) -> [UInt8] {
        var finder = PartFinder(layout: layout, chunk: chunk, voxels: image.volume.voxels, masked: masked)
        return image.volume.voxelType.acceptBits(&finder)
    }
}

private struct PartFinder: StoredBitsVisitor {
    let layout: VolumeLayout
    let chunk: PlannedChunk
    let voxels: PagedArray<UInt8>
    let masked: [Range<Int>]

    func visit<Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable>(_ type: Bits.Type) -> [UInt8] {
        let box = chunk.box
        let fill = Bits(truncatingIfNeeded: layout.manifest.fill)
        return voxels.withUnsafeBytes { raw in
            let voxels = raw.bindMemory(to: type)
            var result = [UInt8](repeating: ExactContext.aside, count: box.voxelCount)
            result.withUnsafeMutableBufferPointer { fillFlags($0, voxels, fill) }
            return result
        }
    }

    private func fillFlags<Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable>(
        _ flags: UnsafeMutableBufferPointer<UInt8>, _ voxels: UnsafeBufferPointer<Bits>, _ fill: Bits
    ) {
        let box = chunk.box
        var line = -box.x.lowerBound
        for z in box.z {
            // Fill voxels are exact with a mask's chunk, and like all others where masks do not pay.
            let fillFlag = masked.contains { $0.contains(z) } ? ExactContext.aside : ExactContext.takesPart
            for y in box.y {
                let start = (z * layout.shape.rows + y) * layout.shape.columns
                let spans =
                    chunk.layer == .backgroundRefinement ? layout.spansOutsideRegions(x: box.x, y: y, stackedSlice: z) : [box.x]
                var place = box.x.lowerBound
                for span in spans + [box.x.upperBound..<box.x.upperBound] {
                    for x in place..<max(place, span.lowerBound) where voxels[start + x] != fill {
                        flags[line + x] = ExactContext.neighbour
                    }
                    for x in span { flags[line + x] = voxels[start + x] == fill ? fillFlag : ExactContext.takesPart }
                    place = span.upperBound
                }
                line += box.x.count
            }
        }
    }
}
