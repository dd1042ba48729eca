internal import HEVCDecoding
internal import Decoding
package import DecoderHost
internal import HEVCCodec
internal import ProgressiveCoding
internal import ExactCodec

/// The work that a peer's chunk gives a decoder's process, made of any bytes: HEVC first of all, and every coder beside it.
///
/// A byte for the coder, three for the sides, two for depth and range, then the payload.
package struct HostileWork: Sendable {
    private let bytes: [UInt8]

    /// Takes any bytes.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Hands it to a process that decodes, and then an honest chunk: whatever became of the first, the second is decoded.
    /// - Returns: the promises that were broken.
    package func decode(by decoder: ConfinedDecoder) async -> [String] {
        guard bytes.count > 6 else { return [] }
        let (columns, rows, count) = (1 + Int(bytes[1] % 96), 1 + Int(bytes[2] % 96), 1 + Int(bytes[3] % 12))
        let voxelCount = columns * rows * count
        let payload = Array(bytes[6...])
        let request: DecodeRequest
        switch bytes[0] % 8 {
        case 0...3:
            request = .slices(
                payload: payload, columns: columns, rows: rows, count: count, bitDepth: [8, 10, 12][Int(bytes[4] % 3)])
        case 4: request = .mask(payload: payload, count: voxelCount, columns: columns, rows: rows)
        case 5: request = .planes(payload: payload, count: voxelCount, byteCount: 1 << Int(bytes[4] % 4))
        case 6: request = .compressed(payload: payload, count: voxelCount)
        default:
            let greatest = UInt16(bytes[4]) << 8 | UInt16(bytes[5])
            let base = (0..<voxelCount).map { UInt16(truncatingIfNeeded: $0 &* 40503) % (greatest | 1) }
            guard
                let context = try? ExactContext(
                    columns: columns, rows: rows, slices: count, maxCode: greatest, base: base,
                    known: [UInt8](repeating: 0, count: voxelCount))
            else { return ["a context that was refused"] }
            request = .codes(payload: payload, coder: 1 + bytes[5] % 3, context: context)
        }
        var faults: [String] = []
        if case .samples(let samples)? = try? await decoder.decode(request, rank: 0), samples.count != voxelCount {
            faults.append("\(samples.count) samples where \(voxelCount) were asked for")
        }
        if bytes.count % 16 == 0 {
            let plain: [UInt8] = [1, 2, 3]
            let honest = (try? Zstandard.compress(plain)).map { DecodeRequest.compressed(payload: $0, count: plain.count) }
            if let honest, (try? await decoder.decode(honest, rank: 0)) != .bytes(plain) {
                faults.append("an honest chunk is not decoded")
            }
        }
        return faults
    }

    /// HEVC chunks of several sizes and depths.
    package static func seeds() throws -> [[UInt8]] {
        var seeds: [[UInt8]] = []
        for (columns, rows, count, depth) in [(8, 8, 1, 12), (33, 20, 3, 12), (70, 66, 2, 8), (16, 90, 4, 10)] {
            let samples = (0..<columns * rows * count).map { UInt16(truncatingIfNeeded: $0 &* 31 / 7) & (1 << UInt16(depth) - 1) }
            let stack = try SliceStack(columns: columns, rows: rows, count: count, samples: samples)
            let chunk = try HEVCEncoder.encode(stack, HEVCParameters(bitDepth: depth, crf: 30, preset: "ultrafast"))
            seeds.append(
                [0, UInt8(columns - 1), UInt8(rows - 1), UInt8(count - 1), depth == 8 ? 0 : depth == 10 ? 1 : 2, 0] + chunk)
        }
        return seeds
    }
}
