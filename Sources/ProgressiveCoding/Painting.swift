internal import NIfTIFile
internal import ExactCodec
internal import VolumeModel
internal import WireFormat

/// Writes base samples as the stored values they stand for.
struct Painter: StoredBitsVisitor {
    let layout: VolumeLayout
    let chunk: PlannedChunk
    let samples: [UInt16]
    let level: UInt8
    var voxels = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    var quality = UnsafeMutableBufferPointer<UInt8>(start: nil, count: 0)
    var base = UnsafeMutableBufferPointer<UInt16>(start: nil, count: 0)

    init(layout: VolumeLayout, chunk: PlannedChunk, samples: [UInt16], level: UInt8) {
        self.layout = layout
        self.chunk = chunk
        self.samples = samples
        self.level = level
    }

    func visit<Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable>(_ type: Bits.Type) {
        let target = voxels.bindMemory(to: type)
        let table = layout.map.storedBits.map { Bits(truncatingIfNeeded: $0) }
        let greatest = layout.map.maxSample
        let isBase = chunk.layer != .focusBase
        let box = chunk.box
        var line = 0
        for z in box.z {
            for y in box.y {
                let start = (z * layout.shape.rows + y) * layout.shape.columns
                let spans = chunk.layer == .backgroundBase ? layout.spansOutsideRegions(x: box.x, y: y, stackedSlice: z) : [box.x]
                for span in spans {
                    for x in span {
                        let sample = min(samples[line + x - box.x.lowerBound], greatest)
                        // A planned base takes the place of what was asked for: its error is the one that is told.
                        // Refinement counts on the base also around what the mask has settled, and under what was shown ahead of it.
                        if isBase { base[start + x] = sample }
                        if quality[start + x] < level || isBase && quality[start + x] == level {
                            target[start + x] = table[Int(sample)]
                            quality[start + x] = level
                        }
                    }
                }
                line += box.x.count
            }
        }
    }
}

/// Writes the values of codes.
struct Settler: StoredBitsVisitor {
    let shape: Shape
    let box: StackedBox
    let bits: [UInt64]
    let codes: [UInt16]?
    let known: [UInt8]
    let level: UInt8
    var newlyExactCount = 0
    var voxels = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    var quality = UnsafeMutableBufferPointer<UInt8>(start: nil, count: 0)

    init(shape: Shape, box: StackedBox, bits: [UInt64], codes: [UInt16]?, known: [UInt8], level: UInt8) {
        self.shape = shape
        self.box = box
        self.bits = bits
        self.codes = codes
        self.known = known
        self.level = level
    }

    mutating func visit<Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable>(_ type: Bits.Type) {
        let target = voxels.bindMemory(to: type)
        let table = bits.map { Bits(truncatingIfNeeded: $0) }
        guard let last = table.indices.last else { return }
        let (level, quality) = (level, quality)
        var position = 0
        var count = 0
        known.withUnsafeBufferPointer { known in
            (codes ?? []).withUnsafeBufferPointer { codes in
                table.withUnsafeBufferPointer { table in
                    forEachRow(of: box, in: shape) { row in
                        for index in row {
                            if known[position] == ExactContext.takesPart {
                                target[index] = table[codes.isEmpty ? 0 : min(last, Int(codes[position]))]
                                count += quality[index] == Quality.exact ? 0 : 1
                                quality[index] = level
                            }
                            position += 1
                        }
                    }
                }
            }
        }
        newlyExactCount = level == Quality.exact ? count : 0
    }
}

/// Writes one value into every voxel.
struct Filler: StoredBitsVisitor {
    let fill: UInt64
    var voxels = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    init(fill: UInt64) { self.fill = fill }

    func visit<Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable>(_ type: Bits.Type) {
        voxels.bindMemory(to: type).update(repeating: Bits(truncatingIfNeeded: fill))
    }
}
