package import ExactCodec
internal import HEVCDecoding

/// A chunk that does not decode to what was announced.
package struct DecodeError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One sentence for a person.
    package let message: String
    /// Makes an error.
    package init(_ message: String) { self.message = message }
    package var description: String { message }
}

/// The work on one chunk that touches a peer's bytes: it needs nothing but what stands here, so that it can be done elsewhere.
package enum DecodeRequest: Sendable, Equatable {
    /// A base chunk: HEVC to samples.
    case slices(payload: [UInt8], columns: Int, rows: Int, count: Int, bitDepth: Int)
    /// A mask chunk to flags.
    case mask(payload: [UInt8], count: Int, columns: Int, rows: Int)
    /// A refinement chunk to codes.
    case codes(payload: [UInt8], coder: UInt8, context: ExactContext)
    /// A refinement chunk of byte planes to stored voxels.
    case planes(payload: [UInt8], count: Int, byteCount: Int)
    /// Zstandard to bytes.
    case compressed(payload: [UInt8], count: Int)
    /// Nothing to decode.
    case nothing

    /// Decodes on the calling thread, in this process.
    /// - Throws: `DecodeError`.
    package func perform() throws(DecodeError) -> DecodedChunk {
        do {
            switch self {
            case .slices(let payload, let columns, let rows, let count, let bitDepth):
                return .samples(
                    try HEVCDecoder.decode(payload, columns: columns, rows: rows, count: count, bitDepth: bitDepth).samples)
            case .mask(let payload, let count, let columns, let rows):
                return .bytes(try MaskCoder.decode(payload, count: count, columns: columns, rows: rows))
            case .codes(let payload, let coder, let context):
                return .samples(try ExactCoders.coder(identifier: coder).decode(payload, given: context))
            case .planes(let payload, let count, let byteCount):
                return .bytes(try BytePlaneCoder.decode(payload, count: count, byteCount: byteCount))
            case .compressed(let payload, let count):
                return .bytes(try Zstandard.decompress(payload, count: count))
            case .nothing:
                return .bytes([])
            }
        } catch {
            throw DecodeError("\(error)")
        }
    }
}

/// Result of decoding a chunk.
package enum DecodedChunk: Sendable, Equatable {
    /// Samples or codes, slices x rows x columns.
    case samples([UInt16])
    /// Flags, stored voxels or plain bytes.
    case bytes([UInt8])
}

extension DecodeRequest {
    /// Voxels, or bytes where a chunk holds no voxels, that come out of the chunk.
    package var voxelCount: Int {
        switch self {
        case .slices(_, let columns, let rows, let count, _): columns * rows * count
        case .mask(_, let count, _, _): count
        case .codes(_, _, let context): context.voxelCount
        case .planes(_, let count, _): count
        case .compressed(_, let count): count
        case .nothing: 0
        }
    }

    /// Bytes of the chunk.
    package var payloadByteCount: Int {
        switch self {
        case .slices(let payload, _, _, _, _), .mask(let payload, _, _, _), .codes(let payload, _, _), .planes(let payload, _, _),
            .compressed(let payload, _):
            payload.count
        case .nothing: 0
        }
    }
}
