internal import Fuzzing
internal import ExactCodec

@main
struct FuzzExact {
    static func main() { fuzz(seeds: { [] }) { decode($0) } }
}

/// Hands whatever the fuzzer makes to every decoder of exact voxels. The first bytes choose the decoder and the chunk's sides, the rest is the chunk. A
/// decoder may refuse it; when it gives voxels, they must be as many as announced and within their range.
private func decode(_ bytes: [UInt8]) {
    guard bytes.count >= 8 else { return }
    let (columns, rows, slices) = (1 + Int(bytes[1] % 24), 1 + Int(bytes[2] % 24), 1 + Int(bytes[3] % 6))
    let voxelCount = columns * rows * slices
    let chunk = Array(bytes[8...])
    switch bytes[0] % 6 {
    case 0, 1, 5:
        let greatest = UInt16(bytes[4]) << 8 | UInt16(bytes[5])
        let seed = UInt32(bytes[6])
        // A base and known voxels of all kinds, the same for the same bytes.
        var base: [UInt16] = []
        var known: [UInt8] = []
        for index in 0..<voxelCount {
            let mixed = (UInt32(index) &+ seed) &* 2_654_435_761
            base.append(UInt16(truncatingIfNeeded: mixed >> 9) % (greatest == .max ? .max : greatest + 1))
            known.append(mixed >> 28 < UInt32(bytes[7] % 16) ? UInt8(1 + mixed & 1) : 0)
        }
        guard
            let context = try? ExactContext(
                columns: columns, rows: rows, slices: slices, maxCode: greatest, base: base, known: known,
                reach: bytes[7] & 16 == 0 ? .max : UInt16(bytes[7] >> 5))
        else { fatalError("a context that was refused") }
        let coder = ExactCoders.allCases[Int(bytes[0] / 6) % ExactCoders.allCases.count].coder
        if let codes = try? coder.decode(chunk, given: context) {
            precondition(codes.count == voxelCount)
            precondition(codes.indices.allSatisfy { known[$0] != 0 || codes[$0] <= greatest })
        }
        _ = try? ExactCoders.coder(identifier: bytes[6])
    case 2:
        if let flags = try? MaskCoder.decode(chunk, count: voxelCount, columns: columns, rows: rows) {
            precondition(flags.count == voxelCount && flags.allSatisfy { $0 <= 1 })
        }
    case 3:
        let byteCount = 1 << Int(bytes[4] % 4)
        if let voxels = try? BytePlaneCoder.decode(chunk, count: voxelCount, byteCount: byteCount) {
            precondition(voxels.count == voxelCount * byteCount)
        }
    default:
        if let plain = try? Zstandard.decompress(chunk, count: voxelCount) { precondition(plain.count == voxelCount) }
    }
}
