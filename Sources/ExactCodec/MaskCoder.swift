public import Faults

/// Codes a set of voxels, such as the outside of the body, by what stands around each: the causal neighbours in its slice and all neighbours in the
/// slice before, under several contexts that are mixed. Where all neighbours agree, one adaptive probability serves.
public enum MaskCoder {
    /// Codes slices x rows x columns flags of 0 or 1.
    /// - Throws: `ExactCodecError.Code.invalidInput` when the sides do not fit the flags, or one is neither 0 nor 1.
    public static func encode(_ bits: [UInt8], columns: Int, rows: Int) throws(ExactCodecError) -> [UInt8] {
        try check(bits.count, columns, rows)
        try check(bits)
        var coder = BinaryEncoder(capacity: bits.count / 64)
        var padded = PaddedBits(count: bits.count, columns: columns, rows: rows)
        defer { padded.deallocate() }
        bits.withUnsafeBufferPointer { padded.run(&coder, input: $0.baseAddress, output: nil) }
        return CheckedStream.seal(coder.finish(), hash: hash(bits, columns, rows))
    }

    /// Gives back `count` flags.
    /// - Throws: `ExactCodecError.Code.corruptChunk`; `.invalidInput` when the sides do not fit the count.
    public static func decode(_ chunk: [UInt8], count: Int, columns: Int, rows: Int) throws(ExactCodecError) -> [UInt8] {
        try check(count, columns, rows)
        var bits = [UInt8](repeating: 0, count: count)
        var padded = PaddedBits(count: count, columns: columns, rows: rows)
        defer { padded.deallocate() }
        chunk.withUnsafeBufferPointer { bytes in
            var coder = BinaryDecoder(bytes, from: CheckedStream.byteCount)
            bits.withUnsafeMutableBufferPointer { padded.run(&coder, input: nil, output: $0.baseAddress) }
        }
        try CheckedStream.verify(chunk, hash: hash(bits, columns, rows))
        return bits
    }

    /// Over 32 flags at a time, the first in the lowest bit; what is missing of the last ones is 0.
    private static func hash(_ bits: [UInt8], _ columns: Int, _ rows: Int) -> UInt32 {
        var hash = CheckedStream.start(sides: [columns, rows, bits.count])
        bits.withUnsafeBytes { raw in
            var start = 0
            while start < raw.count {
                var word: UInt32 = 0
                if start + 32 <= raw.count {
                    for part in 0..<4 {
                        let flags = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: start + 8 * part, as: UInt64.self))
                        // Each flag's bit comes to stand in the highest byte, the first the lowest.
                        word |= UInt32(truncatingIfNeeded: flags &* 0x0102_0408_1020_4080 >> 56) << UInt32(8 * part)
                    }
                } else {
                    for index in start..<raw.count { word |= UInt32(raw[index]) << UInt32(index - start) }
                }
                hash = CheckedStream.step(hash, word)
                start += 32
            }
        }
        return hash
    }

    private static func check(_ bits: [UInt8]) throws(ExactCodecError) {
        var all: UInt8 = 0
        for bit in bits { all |= bit }
        guard all <= 1 else { throw ExactCodecError(.invalidInput, "a mask with a flag that is neither 0 nor 1") }
    }

    private static func check(_ count: Int, _ columns: Int, _ rows: Int) throws(ExactCodecError) {
        guard columns > 0, rows > 0, count >= 0, count % (columns * rows) == 0 else {
            throw ExactCodecError(.invalidInput, "a mask of \(count) voxels does not consist of slices of \(rows)x\(columns)")
        }
    }
}

/// Flags with a rim, so that every voxel has all its neighbours: three columns at both ends, two rows before and one behind, two slices before.
private struct PaddedBits {
    private let columns: Int
    private let rows: Int
    private let slices: Int
    private let stride: Int
    private let plane: Int
    private let bits: UnsafeMutablePointer<UInt8>
    private let columnSums: UnsafeMutablePointer<UInt8>

    init(count: Int, columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
        slices = count / (columns * rows)
        stride = columns + 6
        plane = stride * (rows + 3)
        bits = .allocate(capacity: plane * (slices + 2))
        // Beyond the edges is outside the body, where masks are mostly set.
        bits.initialize(repeating: 1, count: plane * (slices + 2))
        columnSums = .allocate(capacity: columns + 2)
    }

    func deallocate() {
        bits.deallocate()
        columnSums.deallocate()
    }

    mutating func run<C: BinaryCoder>(_ coder: inout C, input: UnsafePointer<UInt8>?, output: UnsafeMutablePointer<UInt8>?) {
        var model = MixingModel<7, 0>(
            contextSizes: [1 << 12, 1 << 13, 1 << 13, 1 << 14, 1 << 10, 1 << 9, 1 << 16], nodeCount: 1, selectorCount: 512,
            weight: 14000)
        defer { model.deallocate() }
        var agreement = Agreement()
        let sums = UnsafeMutablePointer<UInt8>.allocate(capacity: columns)
        defer { sums.deallocate() }
        for line in 0..<slices * rows {
            let start = bits + ((line / rows + 2) * plane + (line % rows + 2) * stride + 3)
            let given = input.map { $0 + line * columns }
            sumNeighbours(of: start, into: sums)
            var x = 0
            while x < columns {
                let v = start + x
                let sum = sums[x] &+ v[-1] &+ v[-2] &+ v[-3]
                if sum == 0 || sum == 17 {
                    let count = Self.length(of: sums[x], from: sums + x, limit: columns - x)
                    x += agreement.code(v, count: count, value: sum == 0 ? 0 : 1, given: given.map { $0 + x }, with: &coder)
                } else {
                    v[0] = code(v, given: given.map { Int($0[x]) } ?? 0, by: &model, with: &coder)
                    x += 1
                }
            }
            output.map { $0 + line * columns }?.update(from: start, count: columns)
        }
    }

    /// Counts the bytes from a place on that have a value.
    @inline(__always)
    static func length(of value: UInt8, from bytes: UnsafePointer<UInt8>, limit: Int) -> Int {
        let all = UInt64(value) * 0x0101_0101_0101_0101
        var count = 0
        while count + 8 <= limit {
            let others = UnsafeRawPointer(bytes + count).loadUnaligned(as: UInt64.self).littleEndian ^ all
            guard others == 0 else { return count + others.trailingZeroBitCount / 8 }
            count += 8
        }
        while count < limit, bytes[count] == value { count += 1 }
        return count
    }

    /// Codes a voxel by what stands around it.
    @inline(__always)
    private func code<C: BinaryCoder>(
        _ v: UnsafeMutablePointer<UInt8>, given: Int, by model: inout MixingModel<7, 0>, with coder: inout C
    ) -> UInt8 {
        let (s, p) = (stride, plane)
        @inline(__always) func at(_ offset: Int) -> Int32 { Int32(v[offset]) }
        let west = at(-1) | at(-2) << 1 | at(-3) << 2
        let north = at(-s) | at(-s - 1) << 1 | at(-s + 1) << 2 | at(-s - 2) << 3 | at(-s + 2) << 4
        let far = at(-2 * s) | at(-2 * s - 1) << 1 | at(-2 * s + 1) << 2 | at(-s + 3) << 3
        let cross = at(-p) | at(-p - 1) << 1 | at(-p + 1) << 2 | at(-p - s) << 3 | at(-p + s) << 4
        let corners = at(-p - s - 1) | at(-p - s + 1) << 1 | at(-p + s - 1) << 2 | at(-p + s + 1) << 3
        let before = at(-2 * p) | at(-2 * p - 1) << 1 | at(-2 * p + 1) << 2 | at(-2 * p - s) << 3 | at(-2 * p + s) << 4
        model.set(
            [
                west | north << 3 | far << 8, cross | corners << 5 | (west & 1) << 9 | (north & 7) << 10,
                cross | before << 5 | (west & 1) << 10 | (north & 3) << 11,
                west & 3 | north << 2 | cross << 7 | (before & 3) << 12, cross | (west & 3) << 5 | (north & 7) << 7,
                west & 1 | (north & 7) << 1 | cross << 4, west | north << 3 | cross << 8 | (corners & 7) << 13,
            ], selector: Int(west & 1 | (north & 7) << 1 | cross << 4))
        return UInt8(model.code(given, node: 0, with: &coder))
    }

    /// Counts each voxel's neighbours that are set, in earlier rows and in the slice before, for a whole row at once.
    private func sumNeighbours(of row: UnsafePointer<UInt8>, into sums: UnsafeMutablePointer<UInt8>) {
        let north = row - stride
        let before = row - plane
        let (above, below) = (before - stride, before + stride)
        // Over the three rows of the slice before, with a column more at both ends.
        columnSums[0] = above[-1] &+ before[-1] &+ below[-1]
        for x in 0..<columns + 1 { columnSums[x + 1] = above[x] &+ before[x] &+ below[x] }
        for x in 0..<columns {
            let inSlice = north[x - 2] &+ north[x - 1] &+ north[x] &+ north[x + 1] &+ north[x + 2]
            sums[x] = inSlice &+ columnSums[x] &+ columnSums[x + 1] &+ columnSums[x + 2]
        }
    }
}

/// Codes voxels side by side whose neighbours in other rows, and those before the first one, all have one value: nearly all have it, too. One bit says
/// that all do; where one does not, its place follows.
private struct Agreement {
    /// Probabilities in 2^22nds, of either value apart: that a row of voxels is not all alike, by the binary logarithm of their number; that the next
    /// voxel is the odd one, where there is one, by the same.
    private var isMixed = [[UInt32]](repeating: [UInt32](repeating: 1 << 16, count: 16), count: 2)
    private var isNext = [[UInt32]](repeating: (0..<16).map { 1 << UInt32(21 - $0) }, count: 2)

    /// Codes voxels up to the first odd one.
    /// - Parameters:
    ///   - voxels: takes their values.
    ///   - given: what to code; nil to decode.
    /// - Returns: how many voxels that were.
    @inline(__always)
    mutating func code<C: BinaryCoder>(
        _ voxels: UnsafeMutablePointer<UInt8>, count: Int, value: UInt8, given: UnsafePointer<UInt8>?, with coder: inout C
    ) -> Int {
        let odd = given.map { PaddedBits.length(of: value, from: $0, limit: count) } ?? count
        let (kind, size) = (Int(value), min(15, Int.bitWidth - 1 - count.leadingZeroBitCount))
        guard Self.code(odd < count, &isMixed[kind][size], with: &coder) else {
            voxels.update(repeating: value, count: count)
            return count
        }
        var place = 0
        while place < count - 1, !Self.code(place == odd, &isNext[kind][size], with: &coder) { place += 1 }
        voxels.update(repeating: value, count: place)
        voxels[place] = 1 - value
        return place + 1
    }

    @inline(__always)
    private static func code<C: BinaryCoder>(_ bit: Bool, _ probability: inout UInt32, with coder: inout C) -> Bool {
        let coded = coder.code(bit ? 1 : 0, probability: min(65535, max(2, probability >> 6))) != 0
        probability = coded ? probability &+ ((1 << 22) &- probability) >> 5 : probability &- probability >> 5
        return coded
    }
}
