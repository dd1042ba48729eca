package import Concurrency
internal import Faults
package import Decoding
internal import WireFormat

/// Does decode requests: here, or in a process that can do nothing else.
package protocol ChunkDecoder: Sendable {
    /// Decodes one chunk.
    /// - Parameter rank: of the requests that wait, the lowest goes first.
    /// - Throws: `CodingError`; the decoder stays usable.
    func decode(_ request: DecodeRequest, rank: UInt64) async throws -> DecodedChunk
}

extension Layer {
    /// Rank of its chunks in decoding, the lowest first: regions, what somebody asked for, the rest, then what makes them exact.
    var decodingRank: UInt64 { self == .focusBase ? UInt64(Layer.roiBase.rawValue) * 2 + 1 : UInt64(rawValue) * 2 }
}

/// Decodes in this process: for chunks this process made itself.
package struct LocalChunkDecoder: ChunkDecoder {
    private let pool: CodingPool
    /// Makes a decoder that works on a pool's threads.
    package init(pool: CodingPool) { self.pool = pool }
    /// Decodes on one of the pool's threads.
    package func decode(_ request: DecodeRequest, rank: UInt64) async throws -> DecodedChunk {
        try await pool.run(rank: rank) { try request.decoded() }
    }
}

extension DecodeRequest {
    /// Decodes on the calling thread, in this process.
    /// - Throws: `CodingError.Code.invalidChunk`.
    package func decoded() throws(CodingError) -> DecodedChunk {
        do throws(DecodeError) { return try perform() } catch { throw CodingError(.invalidChunk, error.message) }
    }
}
