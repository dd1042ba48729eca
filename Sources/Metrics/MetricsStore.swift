internal import Synchronization

/// A store in which sessions post what they are doing, and where others read it.
package final class MetricsStore: Sendable {
    /// Number of ended sessions that are kept; the one that ended first goes first. What they add to the totals stays.
    package static let endedLimit = 64

    private let state = Mutex(BoardState())

    /// Makes an empty store.
    package init() {}

    /// Posts what one end of a session is doing, in place of what it posted before.
    ///
    /// A session that has ended and is posted as going on begins anew. One that never says that it has ended stays for good, so
    /// every loop says so on its way out.
    package func update(_ metrics: SessionMetrics) {
        var metrics = metrics
        // Two samples of one name and the same labels make Prometheus refuse the lot.
        var names: Set<String> = []
        metrics.layers.removeAll { !names.insert($0.name).inserted }
        state.withLock { $0.take(metrics) }
    }

    /// Takes away a session that has not ended, and counts it neither as finished nor as failed. What it added to the totals stays.
    package func withdraw(session: String, role: SessionMetrics.Role) {
        state.withLock { state in
            state.entries.removeAll { $0.ended == nil && $0.metrics.session == session && $0.metrics.role == role }
        }
    }

    /// Posts how many callers have been refused since the program began, by reason.
    package func update(refused counts: [String: Int]) { state.withLock { $0.totals.refused = counts } }

    /// Returns the metrics that every session that goes on and those that ended last have posted, in the order in which they began.
    package func snapshot() -> [SessionMetrics] { reading().sessions }

    /// Returns the posted metrics and their totals, of one moment.
    func reading() -> (sessions: [SessionMetrics], totals: MetricsTotals) {
        state.withLock { ($0.entries.map(\.metrics), $0.totals) }
    }
}

/// The totals of all sessions since the program began, those that are no longer kept included.
struct MetricsTotals: Sendable, Equatable {
    /// Bytes of chunk records.
    var byteCount = 0
    var datagramCount = 0
    /// Sessions that have ended.
    var finishedCount = 0
    var failedCount = 0
    /// Callers that were let in no further, by reason.
    var refused: [String: Int] = [:]
}

private struct BoardState {
    struct Entry {
        var metrics: SessionMetrics
        /// Number of sessions that had ended when this one did.
        var ended: Int?
    }

    /// In the order in which they began.
    var entries: [Entry] = []
    var totals = MetricsTotals()
    private var endedCount = 0

    mutating func take(_ metrics: SessionMetrics) {
        var known = entries.firstIndex { $0.metrics.session == metrics.session && $0.metrics.role == metrics.role }
        if let index = known, entries[index].ended != nil, !metrics.state.isOver {
            entries.remove(at: index)
            known = nil
        }
        let before = known.map { entries[$0].metrics }
        totals.byteCount.grow(from: before?.byteCount ?? 0, to: metrics.byteCount)
        totals.datagramCount.grow(from: before?.datagramCount ?? 0, to: metrics.datagramCount)
        let index = known ?? entries.count
        if known == nil {
            entries.append(Entry(metrics: metrics))
        } else {
            entries[index].metrics = metrics
        }
        guard metrics.state.isOver, entries[index].ended == nil else { return }
        entries[index].ended = endedCount
        endedCount += 1
        if metrics.state == .finished { totals.finishedCount += 1 } else { totals.failedCount += 1 }
        let ended = entries.indices.filter { entries[$0].ended != nil }
        if ended.count > MetricsStore.endedLimit,
            let first = ended.min(by: { (entries[$0].ended ?? 0) < (entries[$1].ended ?? 0) })
        {
            entries.remove(at: first)
        }
    }
}

extension Int {
    /// Adds what a count has grown by. A total never shrinks, and rather stands still than overflows.
    fileprivate mutating func grow(from before: Int, to now: Int) {
        let (sum, overflows) = addingReportingOverflow(Swift.max(0, now) - Swift.min(Swift.max(0, before), Swift.max(0, now)))
        self = overflows ? .max : sum
    }
}
