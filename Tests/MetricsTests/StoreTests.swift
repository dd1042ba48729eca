import Metrics
import Testing

@Suite("The store of sessions")
struct StoreTests {
    @Test("A session's news take the place of its old ones")
    func replaces() {
        let store = MetricsStore()
        store.update(SessionMetrics(session: "a", role: .sender))
        store.update(SessionMetrics(session: "b", role: .sender))
        store.update(SessionMetrics(session: "a", role: .sender, state: .stalled, byteCount: 7))
        #expect(store.snapshot().map(\.session) == ["a", "b"])
        #expect(store.snapshot().first?.state == .stalled)
        #expect(store.snapshot().first?.byteCount == 7)
    }

    @Test("Both ends of one session stand beside each other")
    func bothEnds() {
        let store = MetricsStore()
        store.update(SessionMetrics(session: "a", role: .sender, byteCount: 1))
        store.update(SessionMetrics(session: "a", role: .receiver, byteCount: 2))
        #expect(store.snapshot().map(\.byteCount) == [1, 2])
    }

    @Test("A session that was turned away is gone, has neither finished nor failed, and takes no other's place")
    func turnedAway() throws {
        let store = MetricsStore()
        store.update(SessionMetrics(session: "a", role: .receiver))
        store.update(SessionMetrics(session: "a", role: .sender))
        store.update(SessionMetrics(session: "ended", role: .receiver, state: .finished))
        store.withdraw(session: "a", role: .receiver)
        store.withdraw(session: "ended", role: .receiver)
        #expect(store.snapshot().map(\.role) == [.sender, .receiver] && store.snapshot().map(\.session) == ["a", "ended"])
        #expect(store.prometheus().contains("fovea_sessions_total{result=\"failed\"} 0"))
    }

    @Test("Of ended sessions the last 64 stay, of the others all")
    func endedLimit() {
        let store = MetricsStore()
        for number in 0..<100 { store.update(SessionMetrics(session: "live-\(number)", role: .sender)) }
        for number in 0..<200 {
            store.update(
                SessionMetrics(session: "ended-\(number)", role: .receiver, state: number % 2 == 0 ? .finished : .failed))
        }
        let sessions = store.snapshot()
        #expect(sessions.count { !$0.state.isOver } == 100)
        #expect(sessions.filter(\.state.isOver).map(\.session) == (136..<200).map { "ended-\($0)" })
    }

    @Test("The session that ended first goes first, whenever it began")
    func endedOrder() {
        let store = MetricsStore()
        store.update(SessionMetrics(session: "early", role: .sender))
        for number in 0..<64 { store.update(SessionMetrics(session: "\(number)", role: .sender, state: .finished)) }
        store.update(SessionMetrics(session: "early", role: .sender, state: .finished))
        #expect(store.snapshot().map(\.session).first == "early")
        #expect(!store.snapshot().contains { $0.session == "0" })
    }

    @Test("Totals count what every session has added, those that are gone from the store included")
    func totals() throws {
        let store = MetricsStore()
        for number in 0..<100 {
            for bytes in [10, 25, 40] {
                store.update(
                    SessionMetrics(
                        session: "\(number)", role: .sender, state: .transferring, datagramCount: bytes / 5, byteCount: bytes))
            }
            for _ in 0..<2 {
                store.update(
                    SessionMetrics(
                        session: "\(number)", role: .sender, state: number < 30 ? .failed : .finished, datagramCount: 9,
                        byteCount: 45))
            }
        }
        let text = try PrometheusParser(store.prometheus())
        #expect(text.value("fovea_bytes_total") == 4500)
        #expect(text.value("fovea_datagrams_total") == 900)
        #expect(text.value("fovea_sessions_total", ["result": "finished"]) == 70)
        #expect(text.value("fovea_sessions_total", ["result": "failed"]) == 30)
    }

    @Test("A session that ended and is tried again is one session in the store and two in the totals")
    func again() throws {
        let store = MetricsStore()
        store.update(SessionMetrics(session: "a", role: .sender, state: .failed, byteCount: 100))
        store.update(SessionMetrics(session: "a", role: .sender, state: .connecting))
        store.update(SessionMetrics(session: "a", role: .sender, state: .finished, byteCount: 300))
        #expect(store.snapshot().map(\.state) == [.finished])
        let text = try PrometheusParser(store.prometheus())
        #expect(text.value("fovea_bytes_total") == 400)
        #expect(text.value("fovea_sessions_total", ["result": "finished"]) == 1)
        #expect(text.value("fovea_sessions_total", ["result": "failed"]) == 1)
    }

    @Test("Counts that shrink or are absurd neither lower the totals nor stop the program")
    func absurdCounts() throws {
        let store = MetricsStore()
        for count in [50, 20, Int.min, -1, .max, 0, .max] {
            store.update(SessionMetrics(session: "a", role: .sender, datagramCount: count, byteCount: count))
        }
        #expect(try PrometheusParser(store.prometheus()).value("fovea_bytes_total") == Double(Int.max))
    }

    @Test("A total stands still while a session's own count goes back, and grows again with it")
    func shrinkingCounts() throws {
        let store = MetricsStore()
        var totals: [Double?] = []
        for count in [50, 20, 20, 30, -5, 10] {
            store.update(SessionMetrics(session: "a", role: .sender, datagramCount: count, byteCount: count))
            totals.append(try PrometheusParser(store.prometheus()).value("fovea_bytes_total"))
        }
        #expect(totals == [50, 50, 50, 60, 60, 70])
    }

    @Test("A layer that comes twice is shown once")
    func twoLayers() {
        let store = MetricsStore()
        var metrics = SessionMetrics.sample
        metrics.layers += metrics.layers
        store.update(metrics)
        #expect(store.snapshot() == [.sample])
    }

    @Test("Sessions may post at once")
    func concurrent() async throws {
        let store = MetricsStore()
        await withTaskGroup { group in
            for number in 0..<8 {
                group.addTask {
                    for count in 1...200 {
                        store.update(SessionMetrics(session: "\(number)", role: .sender, byteCount: count))
                        if count % 50 == 0 { _ = store.prometheus() }
                    }
                }
            }
        }
        #expect(store.snapshot().count == 8)
        #expect(try PrometheusParser(store.prometheus()).value("fovea_bytes_total") == 1600)
    }
}
