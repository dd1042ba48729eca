internal import Faults
internal import ExactCodec
internal import VolumeModel
internal import WireFormat

/// Numbering of exact voxels for the refinement layers.
enum ExactCoding: Sendable, Equatable {
    /// Whole numbers of a range of at most 2^16: a voxel's code is its distance from the least.
    case integers(low: Int64, greatest: UInt16)
    /// Any type with at most 2^16 distinct values: a voxel's code is its value's place in the order of values.
    case palette([UInt64])
    /// Anything else: byte planes.
    case planes

    /// Palette and planes are said in a value-table chunk, by these numbers.
    static let paletteCoder: UInt8 = 1
    static let planesCoder: UInt8 = 2
    static let differencesCoder: UInt8 = 3
    static let paletteLimit = 1 << 16

    /// The numbering that needs no table: nil for floating-point types and for wide integers.
    static func withoutTable(low: Double, high: Double, type: VoxelType) -> ExactCoding? {
        guard type.isInteger, high - low <= 65535, max(abs(low), abs(high)) <= StoredValue.exactLimit else { return nil }
        return .integers(low: Int64(low), greatest: UInt16(high - low))
    }

    /// The numbering for a volume that needs a table.
    static func withTable(for volume: Volume, content: Box) -> ExactCoding {
        var collector = Collector(volume: volume, boxes: volume.shape.stacked(content))
        guard let values = volume.voxelType.acceptBits(&collector) else { return .planes }
        return .palette(values.sorted { precedes($0, $1, volume.voxelType) })
    }

    /// The order of a palette: by value, so that neighbours in value are neighbours in code; equal values (0 and -0) and not-a-numbers by their bits.
    private static func precedes(_ a: UInt64, _ b: UInt64, _ type: VoxelType) -> Bool {
        let x = StoredValue.double(a, type)
        let y = StoredValue.double(b, type)
        if x < y { return true }
        if x > y { return false }
        if x.isNaN != y.isNaN { return y.isNaN }
        return a < b
    }

    private struct Collector: StoredBitsVisitor {
        let volume: Volume
        let boxes: [StackedBox]

        func visit<Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable>(_ type: Bits.Type) -> Set<UInt64>? {
            volume.voxels.withUnsafeBytes { raw in
                let voxels = raw.bindMemory(to: type)
                var values: Set<Bits> = []
                var last: Bits?
                for box in boxes {
                    for z in box.z {
                        for y in box.y {
                            let start = (z * volume.shape.rows + y) * volume.shape.columns
                            for x in box.x where voxels[start + x] != last {
                                last = voxels[start + x]
                                values.insert(voxels[start + x])
                            }
                            guard values.count <= ExactCoding.paletteLimit else { return nil }
                        }
                    }
                }
                return Set(values.map { UInt64($0) })
            }
        }
    }

    /// The greatest code.
    var maxCode: UInt16 {
        switch self {
        case .integers(_, let greatest): greatest
        case .palette(let values): UInt16(max(0, values.count - 1))
        case .planes: 0
        }
    }

    /// The code nearest to what each sample stands for.
    func codes(ofSamples map: SampleMap) -> [UInt16] {
        switch self {
        case .integers(let low, let greatest):
            return map.storedBits.map { bits in
                UInt16(max(0, min(Int64(greatest), Int64(StoredValue.double(bits, map.voxelType)) - low)))
            }
        case .palette(let values):
            let numbers = values.map { StoredValue.double($0, map.voxelType) }
            let finite = numbers.prefix { !$0.isNaN }
            var next = 0
            return map.storedBits.map { bits in
                let value = StoredValue.double(bits, map.voxelType)
                // Samples stand for ever greater values, so the search goes on where it was.
                while next + 1 < finite.count, abs(finite[next + 1] - value) <= abs(finite[next] - value) || !finite[next].isFinite
                { next += 1 }
                return UInt16(next)
            }
        case .planes:
            return []
        }
    }

    /// The stored bits of every code.
    func storedBits(_ type: VoxelType) -> [UInt64] {
        switch self {
        case .integers(let low, let greatest):
            let mask: UInt64 = type.byteCount == 8 ? .max : (1 << UInt64(type.byteCount * 8)) - 1
            return (0...Int64(greatest)).map { UInt64(bitPattern: low + $0) & mask }
        case .palette(let values): return values
        case .planes: return []
        }
    }

    /// The codes of a box.
    func codes(of volume: Volume, in box: StackedBox) -> [UInt16] {
        var reader = CodeReader(coding: self, volume: volume, box: box)
        return volume.voxelType.acceptBits(&reader)
    }

    private struct CodeReader: StoredBitsVisitor {
        let coding: ExactCoding
        let volume: Volume
        let box: StackedBox

        func visit<Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable>(_ type: Bits.Type) -> [UInt16] {
            volume.voxels.withUnsafeBytes { raw in
                let voxels = raw.bindMemory(to: type)
                if case .integers(let low, _) = coding {
                    // Modulo the type's width the difference is the code, whatever the sign.
                    let offset = Bits(truncatingIfNeeded: low)
                    return [UInt16](unsafeUninitializedCapacity: box.voxelCount) { codes, count in
                        forEachRow(of: box, in: volume.shape) { row in
                            for (place, index) in row.enumerated() {
                                codes[count + place] = UInt16(truncatingIfNeeded: voxels[index] &- offset)
                            }
                            count += row.count
                        }
                    }
                }
                var codes = [UInt16]()
                codes.reserveCapacity(box.voxelCount)
                switch coding {
                case .palette(let values):
                    let places = Dictionary(values.enumerated().map { (Bits(truncatingIfNeeded: $1), UInt16($0)) }) { first, _ in
                        first
                    }
                    var last: (bits: Bits, code: UInt16)?
                    forEachRow(of: box, in: volume.shape) { row in
                        for index in row {
                            if let last, last.bits == voxels[index] {
                                codes.append(last.code)
                            } else {
                                let code = places[voxels[index]] ?? 0
                                last = (voxels[index], code)
                                codes.append(code)
                            }
                        }
                    }
                case .integers, .planes: break
                }
                return codes
            }
        }
    }

    /// A palette's chunk, in the shorter of two forms: its count, then by Zstandard each value's stored bytes, little-endian, or the
    /// differences of one value's bits from those before it, all first bytes, then all second ones, and so on.
    static func encodeTable(_ values: [UInt64], _ type: VoxelType) throws(ExactCodecError) -> ChunkRecord {
        var bytes: [UInt8] = []
        for value in values { withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0.prefix(type.byteCount)) } }
        var differences: [UInt8] = []
        for byte in 0..<type.byteCount {
            var before: UInt64 = 0
            for value in values {
                differences.append(UInt8(truncatingIfNeeded: (value &- before) >> UInt64(8 * byte)))
                before = value
            }
        }
        let count = withUnsafeBytes(of: UInt32(values.count).bigEndian) { Array($0) }
        let plain = try Zstandard.compress(bytes, level: 19)
        let short = try Zstandard.compress(differences, level: 19)
        return short.count < plain.count
            ? ChunkRecord(coder: differencesCoder, payload: count + short)
            : ChunkRecord(coder: paletteCoder, payload: count + plain)
    }

    static func tableCount(_ payload: [UInt8]) throws(CodingError) -> Int {
        let count = payload.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        guard payload.count >= 4, (1...paletteLimit).contains(count) else {
            throw CodingError(.invalidChunk, "a value table of \(count) values")
        }
        return count
    }

    /// Reads a palette that a peer sent.
    /// - Parameters:
    ///   - count: of its values, as the peer announced it.
    ///   - coder: which form it has.
    /// - Throws: `CodingError.Code.invalidChunk` when there are more or fewer of them, or not each above the one before: then a value has two codes.
    static func decodeTable(_ bytes: [UInt8], count: Int, coder: UInt8, _ type: VoxelType) throws(CodingError) -> ExactCoding {
        guard (1...paletteLimit).contains(count), bytes.count == count * type.byteCount else {
            throw CodingError(.invalidChunk, "a value table of \(bytes.count) bytes for \(count) values of \(type)")
        }
        var values: [UInt64] = []
        values.reserveCapacity(count)
        let mask: UInt64 = type.byteCount == 8 ? .max : (1 << UInt64(8 * type.byteCount)) - 1
        for index in 0..<count {
            let isPlain = coder == paletteCoder
            let number = (0..<type.byteCount).reduce(UInt64(0)) { sum, byte in
                sum | UInt64(bytes[isPlain ? index * type.byteCount + byte : byte * count + index]) << UInt64(8 * byte)
            }
            values.append(isPlain ? number : ((values.last ?? 0) &+ number) & mask)
        }
        guard zip(values, values.dropFirst()).allSatisfy({ precedes($0, $1, type) }) else {
            throw CodingError(.invalidChunk, "a value table whose values do not ascend, or that names one twice")
        }
        return .palette(values)
    }
}
