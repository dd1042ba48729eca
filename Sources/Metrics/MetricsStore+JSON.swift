internal import Foundation

extension MetricsStore {
    /// Everything in the store as one JSON object on one line: `version`, `sessions`, `totals`; keys are sorted, and what is
    /// not known is null.
    package func json() -> String {
        let (sessions, totals) = reading()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let store = BoardJSON(sessions: sessions.map(SessionJSON.init), totals: TotalsJSON(totals: totals))
        return (try? encoder.encode(store)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}

private struct BoardJSON: Encodable {
    let version = 1
    let sessions: [SessionJSON]
    let totals: TotalsJSON
}

private struct TotalsJSON: Encodable {
    let totals: MetricsTotals
    enum Key: String, CodingKey {
        case bytes, datagrams, finished, failed, refused
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(totals.byteCount, forKey: .bytes)
        try container.encode(totals.datagramCount, forKey: .datagrams)
        try container.encode(totals.finishedCount, forKey: .finished)
        try container.encode(totals.failedCount, forKey: .failed)
        // Only a receiver refuses.
        if !totals.refused.isEmpty { try container.encode(totals.refused, forKey: .refused) }
    }
}

private struct SessionJSON: Encodable {
    let metrics: SessionMetrics
    enum Key: String, CodingKey {
        case session, role, state, datagrams, bytes, layers, completeness
        case goodput = "goodput_bps"
        case rate = "rate_bps"
        case retransmitRatio = "retransmit_ratio"
        case roundTrip = "round_trip_seconds"
        case queueDelay = "queue_delay_seconds"
        case age = "age_seconds"
    }

    init(_ metrics: SessionMetrics) { self.metrics = metrics }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(metrics.session, forKey: .session)
        try container.encode(metrics.role.rawValue, forKey: .role)
        try container.encode(metrics.state.rawValue, forKey: .state)
        try container.encode(finite(metrics.goodputBitsPerSecond), forKey: .goodput)
        try container.encode(finite(metrics.rateBitsPerSecond), forKey: .rate)
        try container.encode(finite(metrics.retransmitRatio), forKey: .retransmitRatio)
        try container.encode(finite(metrics.roundTripSeconds), forKey: .roundTrip)
        try container.encode(finite(metrics.queueDelaySeconds), forKey: .queueDelay)
        try container.encode(finite(metrics.ageSeconds), forKey: .age)
        try container.encode(metrics.datagramCount, forKey: .datagrams)
        try container.encode(metrics.byteCount, forKey: .bytes)
        try container.encode(metrics.layers.map(LayerJSON.init), forKey: .layers)
        try container.encode(metrics.completeness.map(CompletenessJSON.init), forKey: .completeness)
    }

    /// JSON has no infinity: it becomes null.
    private func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }
}

private struct CompletenessJSON: Encodable {
    let progress: VoxelProgress
    enum Key: String, CodingKey {
        case share, bytes
        case exactVoxels = "exact_voxels"
        case bodyVoxels = "body_voxels"
    }

    init(_ progress: VoxelProgress) { self.progress = progress }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(progress.exactVoxelCount, forKey: .exactVoxels)
        try container.encode(progress.bodyVoxelCount, forKey: .bodyVoxels)
        try container.encode(progress.share, forKey: .share)
        try container.encode(progress.byteCount, forKey: .bytes)
    }
}

private struct LayerJSON: Encodable {
    let layer: LayerProgress
    enum Key: String, CodingKey {
        case name, bytes, chunks
        case expectedBytes = "expected_bytes"
        case expectedChunks = "expected_chunks"
    }

    init(_ layer: LayerProgress) { self.layer = layer }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(layer.name, forKey: .name)
        try container.encode(layer.byteCount, forKey: .bytes)
        try container.encode(layer.expectedByteCount, forKey: .expectedBytes)
        try container.encode(layer.chunkCount, forKey: .chunks)
        try container.encode(layer.expectedChunkCount, forKey: .expectedChunks)
    }
}
