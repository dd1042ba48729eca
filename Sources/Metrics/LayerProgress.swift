/// The progress of one layer of a session.
package struct LayerProgress: Sendable, Equatable {
    /// The layer's name, as in JSON elsewhere.
    package var name: String
    /// Bytes of chunk records so far.
    package var byteCount: Int
    /// Bytes of chunk records in all, once that is known.
    package var expectedByteCount: Int?
    /// Chunks so far.
    package var chunkCount: Int
    /// Chunks in all.
    package var expectedChunkCount: Int

    /// Makes a value.
    package init(
        name: String, byteCount: Int = 0, expectedByteCount: Int? = nil,
        chunkCount: Int = 0, expectedChunkCount: Int = 0
    ) {
        self.name = name
        self.byteCount = byteCount
        self.expectedByteCount = expectedByteCount
        self.chunkCount = chunkCount
        self.expectedChunkCount = expectedChunkCount
    }
}
