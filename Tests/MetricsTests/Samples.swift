import Metrics

extension SessionMetrics {
    /// A sender in the middle of it.
    static let sample = SessionMetrics(
        session: "case-17", role: .sender, state: .transferring, goodputBitsPerSecond: 18.5e6, rateBitsPerSecond: 20e6,
        retransmitRatio: 0.0125, roundTripSeconds: 0.08, datagramCount: 1200, byteCount: 1_500_000,
        layers: [
            LayerProgress(name: "roi_base", byteCount: 40_000, expectedByteCount: 40_000, chunkCount: 4, expectedChunkCount: 4),
            LayerProgress(name: "background_base", byteCount: 1_460_000, chunkCount: 9, expectedChunkCount: 31),
        ], ageSeconds: 2.25)

    /// The same with another state.
    func with(_ state: State) -> SessionMetrics {
        var copy = self
        copy.state = state
        return copy
    }
}
