extension MetricsStore {
    /// Everything in the store in Prometheus's text format, version 0.0.4; what is not known is left out.
    package func prometheus() -> String {
        let (sessions, totals) = reading()
        var text = PrometheusText()
        text.add(
            "fovea_sessions", .gauge, "Sessions by state; of those that have ended, the last \(Self.endedLimit).",
            SessionMetrics.State.allCases.map { state in
                PrometheusText.Sample([("state", state.rawValue)], sessions.count { $0.state == state })
            })
        text.add(
            "fovea_sessions_total", .counter, "Sessions that have ended, by how.",
            [.init([("result", "finished")], totals.finishedCount), .init([("result", "failed")], totals.failedCount)])
        text.add(
            "fovea_refused_connections_total", .counter, "Callers that were let in no further, by reason.",
            totals.refused.sorted { $0.key < $1.key }.map { .init([("reason", $0.key)], $0.value) })
        text.add("fovea_bytes_total", .counter, "Bytes of chunk records, sent and received.", [.init([], totals.byteCount)])
        text.add("fovea_datagrams_total", .counter, "Datagrams, sent and received.", [.init([], totals.datagramCount)])
        text.add(sessions)
        text.add(layersOf: sessions)
        return text.text
    }
}

extension PrometheusText {
    fileprivate mutating func add(_ sessions: [SessionMetrics]) {
        func add(_ name: String, _ help: String, _ value: (SessionMetrics) -> Double?) {
            self.add(
                "fovea_session_\(name)", .gauge, help, sessions.compactMap { one in value(one).map { Sample(one.labels, $0) } })
        }
        self.add(
            "fovea_session_state", .gauge, "1 for the state that the session is in, 0 for the others.",
            sessions.flatMap { one in
                SessionMetrics.State.allCases.map { Sample(one.labels + [("state", $0.rawValue)], one.state == $0 ? 1 : 0) }
            })
        add("goodput_bits_per_second", "Bits of chunk records a second, over the last second.") { $0.goodputBitsPerSecond }
        add("rate_bits_per_second", "What the sender paces at.") { $0.rateBitsPerSecond }
        add("retransmit_ratio", "Retransmissions over first transmissions.") { $0.retransmitRatio }
        add("round_trip_seconds", "The transport's round trip.") { $0.roundTripSeconds }
        add("queue_delay_seconds", "What queues on the way add to the round trip.") { $0.queueDelaySeconds }
        add("exact_ratio", "Voxels inside the body that are exact over all inside it; 0 until it is known where the body is.") {
            $0.completeness?.share
        }
        add("exact_voxels", "Voxels inside the body that are exact.") { $0.completeness.map { Double($0.exactVoxelCount) } }
        add("body_voxels", "Voxels inside the body, once it is known where that is.") {
            $0.completeness?.bodyVoxelCount.map(Double.init)
        }
        add("age_seconds", "Time since the session began, or from its beginning to its end.") { $0.ageSeconds }
        self.add("fovea_session_datagrams", .gauge, "Datagrams so far.", sessions.map { Sample($0.labels, $0.datagramCount) })
        self.add(
            "fovea_session_bytes", .gauge, "Bytes of chunk records so far.", sessions.map { Sample($0.labels, $0.byteCount) })
    }

    fileprivate mutating func add(layersOf sessions: [SessionMetrics]) {
        func add(_ name: String, _ help: String, _ value: (LayerProgress) -> Int?) {
            self.add(
                "fovea_layer_\(name)", .gauge, help,
                sessions.flatMap { one in
                    one.layers.compactMap { layer in value(layer).map { Sample(one.labels + [("layer", layer.name)], $0) } }
                })
        }
        add("bytes", "Bytes of the layer's chunk records so far.") { $0.byteCount }
        add("expected_bytes", "Bytes of the layer's chunk records in all, once known.") { $0.expectedByteCount }
        add("chunks", "Chunks of the layer so far.") { $0.chunkCount }
        add("expected_chunks", "Chunks of the layer in all.") { $0.expectedChunkCount }
    }
}

extension SessionMetrics {
    fileprivate var labels: [(name: String, value: String)] { [("session", session), ("role", role.rawValue)] }
}
