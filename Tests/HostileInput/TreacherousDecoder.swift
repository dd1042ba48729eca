internal import Decoding
internal import ProgressiveCoding
internal import ExactCodec
internal import Synchronization

/// A decoder's process that does its work, or that a chunk has taken over: then it answers with whatever the chunk says.
final class TreacherousDecoder: ChunkDecoder {
    private let treacherous = Mutex(false)

    var isTreacherous: Bool {
        get { treacherous.withLock { $0 } }
        set { treacherous.withLock { $0 = newValue } }
    }

    func decode(_ request: DecodeRequest, rank: UInt64) async throws -> DecodedChunk {
        switch request {
        case .slices(let payload, let columns, let rows, let count, _):
            // HEVC has a target of its own, behind its process.
            return isTreacherous
                ? Self.lie(payload, columns * rows * count) : .samples(Self.samples(payload, columns * rows * count))
        case .mask(let payload, let count, _, _) where isTreacherous: return Self.lie(payload, count)
        case .codes(let payload, _, let context) where isTreacherous: return Self.lie(payload, context.voxelCount)
        case .planes(let payload, let count, let byteCount) where isTreacherous: return Self.lie(payload, count * byteCount)
        case .compressed(let payload, let count) where isTreacherous: return Self.lie(payload, count)
        default: return try request.perform()
        }
    }

    /// An answer of the right kind and size, or not.
    private static func lie(_ payload: [UInt8], _ count: Int) -> DecodedChunk {
        let rest = Array(payload.dropFirst())
        switch (payload.first ?? 0) % 6 {
        case 0: return .samples(samples(rest, count))
        case 1: return .bytes((0..<count).map { rest.isEmpty ? 0 : rest[$0 % rest.count] })
        case 2: return .samples(samples(rest, rest.count / 2))
        case 3: return .bytes(rest)
        // More than any table holds.
        case 4: return .bytes([UInt8](repeating: rest.first ?? 0, count: 1 << 20))
        default: return .bytes([])
        }
    }

    private static func samples(_ bytes: [UInt8], _ count: Int) -> [UInt16] {
        guard bytes.count > 1 else { return [UInt16](repeating: UInt16(bytes.first ?? 0), count: count) }
        return (0..<count).map { UInt16(bytes[2 * $0 % bytes.count]) << 8 | UInt16(bytes[(2 * $0 + 1) % bytes.count]) }
    }
}
