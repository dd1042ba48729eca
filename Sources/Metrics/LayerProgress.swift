/// The progress of one layer of a session.
public struct LayerProgress: Sendable, Equatable {
    /// The layer's name, as in JSON elsewhere.
    public var name: String
    /// Bytes of chunk records so far.
    public var byteCount: Int
    /// Bytes of chunk records in all, once that is known.
    public var expectedByteCount: Int?
    /// Chunks so far.
    public var chunkCount: Int
    /// Chunks in all.
    public var expectedChunkCount: Int

    /// Makes a value.
    public init(
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
