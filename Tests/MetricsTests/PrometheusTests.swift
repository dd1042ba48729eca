import Metrics
import Testing

@Suite("Metrics for Prometheus")
struct PrometheusTests {
    private static let labels = ["session": "case-17", "role": "sender"]

    @Test("A session's numbers are there, in base units, and what is not known is not")
    func sample() throws {
        let store = MetricsStore()
        store.update(.sample)
        let text = try PrometheusParser(store.prometheus())
        #expect(text.value("fovea_session_goodput_bits_per_second", Self.labels) == 18.5e6)
        #expect(text.value("fovea_session_rate_bits_per_second", Self.labels) == 20e6)
        #expect(text.value("fovea_session_retransmit_ratio", Self.labels) == 0.0125)
        #expect(text.value("fovea_session_round_trip_seconds", Self.labels) == 0.08)
        #expect(text.value("fovea_session_queue_delay_seconds", Self.labels) == nil)
        #expect(text.value("fovea_session_datagrams", Self.labels) == 1200)
        #expect(text.value("fovea_session_bytes", Self.labels) == 1_500_000)
        #expect(text.value("fovea_session_age_seconds", Self.labels) == 2.25)
        let base = Self.labels.merging(["layer": "background_base"]) { $1 }
        #expect(text.value("fovea_layer_bytes", base) == 1_460_000)
        #expect(text.value("fovea_layer_expected_bytes", base) == nil)
        #expect(text.value("fovea_layer_chunks", base) == 9)
        #expect(text.value("fovea_layer_expected_chunks", base) == 31)
    }

    @Test("How much is exact is there at the receiving end, in voxels of the body and as their share")
    func completeness() throws {
        let store = MetricsStore()
        store.update(
            SessionMetrics(
                session: "case-17", role: .receiver,
                completeness: VoxelProgress(exactVoxelCount: 25, bodyVoxelCount: 100, byteCount: 9)))
        let text = try PrometheusParser(store.prometheus())
        let labels = ["session": "case-17", "role": "receiver"]
        #expect(text.value("fovea_session_exact_ratio", labels) == 0.25)
        #expect(text.value("fovea_session_exact_voxels", labels) == 25)
        #expect(text.value("fovea_session_body_voxels", labels) == 100)
        #expect(text.value("fovea_session_exact_ratio", Self.labels) == nil)
    }

    @Test("Every state has its number of sessions, also when that is none")
    func states() throws {
        let store = MetricsStore()
        for state in SessionMetrics.State.allCases {
            #expect(try PrometheusParser(store.prometheus()).value("fovea_sessions", ["state": state.rawValue]) == 0)
        }
        store.update(SessionMetrics.sample.with(.stalled))
        let text = try PrometheusParser(store.prometheus())
        #expect(text.value("fovea_sessions", ["state": "stalled"]) == 1)
        #expect(text.value("fovea_sessions", ["state": "transferring"]) == 0)
        #expect(text.value("fovea_session_state", Self.labels.merging(["state": "stalled"]) { $1 }) == 1)
        #expect(text.value("fovea_session_state", Self.labels.merging(["state": "failed"]) { $1 }) == 0)
    }

    @Test("Refused callers are counted by reason, at a receiver only")
    func refused() throws {
        let store = MetricsStore()
        #expect(try PrometheusParser(store.prometheus()).value("fovea_refused_connections_total", ["reason": "full"]) == nil)
        store.update(refused: ["full": 3, "wrong_secret": 0])
        let text = try PrometheusParser(store.prometheus())
        #expect(text.value("fovea_refused_connections_total", ["reason": "full"]) == 3)
        #expect(text.value("fovea_refused_connections_total", ["reason": "wrong_secret"]) == 0)
        #expect(store.json().contains(#""refused":{"full":3,"wrong_secret":0}"#))
    }

    @Test("What only grows is a counter that says so by its name, everything else a gauge")
    func types() throws {
        let store = MetricsStore()
        store.update(.sample)
        let text = try PrometheusParser(store.prometheus())
        #expect(text.types.count == 16)
        for (name, type) in text.types { #expect((type == "counter") == name.hasSuffix("_total"), "\(name) is a \(type)") }
    }

    @Test(
        "Any name comes back as it was",
        arguments: [
            "a\"} 1\nfovea_bytes_total 99", "\\", "\\n", "\n", "\r\n", "\"\"", "a,b=\"c\"", "{}", "# HELP", "", "名前", "e\u{301}",
            "\0",
            "\u{2028}",
        ])
    func escaping(name: String) throws {
        let store = MetricsStore()
        store.update(
            SessionMetrics(
                session: name, role: .receiver, goodputBitsPerSecond: 5, layers: [LayerProgress(name: name, byteCount: 6)]))
        let text = try PrometheusParser(store.prometheus())
        let labels = ["session": name, "role": "receiver"]
        #expect(text.value("fovea_session_goodput_bits_per_second", labels) == 5)
        #expect(text.value("fovea_layer_bytes", labels.merging(["layer": name]) { $1 }) == 6)
        #expect(text.value("fovea_bytes_total") == 0)
    }

    @Test("Backslashes, quotes and line breaks are written as the format has it")
    func escapes() {
        let store = MetricsStore()
        store.update(SessionMetrics(session: "a\\b\"c\nd", role: .sender))
        #expect(store.prometheus().contains(#"{session="a\\b\"c\nd",role="sender"}"#))
    }

    @Test("Numbers that are none are written as the format has it")
    func notFinite() throws {
        let store = MetricsStore()
        store.update(
            SessionMetrics(
                session: "a", role: .sender, goodputBitsPerSecond: .infinity, rateBitsPerSecond: -.infinity,
                roundTripSeconds: .nan))
        let text = store.prometheus()
        #expect(text.contains("goodput_bits_per_second{session=\"a\",role=\"sender\"} +Inf\n"))
        #expect(text.contains("rate_bits_per_second{session=\"a\",role=\"sender\"} -Inf\n"))
        #expect(text.contains("round_trip_seconds{session=\"a\",role=\"sender\"} NaN\n"))
        _ = try PrometheusParser(text)
    }
}
