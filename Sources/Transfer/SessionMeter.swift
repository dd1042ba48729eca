internal import Concurrency
package import Metrics
package import ProgressiveCoding
package import WireFormat

/// Keeps one end's figures of a session for the store.
package struct SessionMeter {
    private let store: MetricsStore?
    private var metrics: SessionMetrics
    private var layers: [Layer: LayerProgress] = [:]
    /// Chunks whose size is known, coded or come.
    private var known: [Layer: [UInt32: Int]] = [:]
    private var byteCount = 0
    private var marks: [(time: Duration, byteCount: Int)] = []
    private var next = Duration.zero
    private static let interval = Duration.milliseconds(250)
    /// Goodput is that of the last second.
    private static let window = Duration.seconds(1)

    package var state: SessionMetrics.State {
        get { metrics.state }
        set { metrics.state = newValue }
    }

    /// The extent to which the session's volumes are exact; nil at the sending end.
    package var completeness: Completeness? {
        didSet {
            metrics.completeness = completeness.map {
                VoxelProgress(exactVoxelCount: $0.exactVoxelCount, bodyVoxelCount: $0.bodyVoxelCount, byteCount: $0.byteCount)
            }
        }
    }

    package init(store: MetricsStore?, session: String, role: SessionMetrics.Role) {
        self.store = store
        metrics = SessionMetrics(session: session, role: role, state: .connecting)
    }

    package mutating func plan(_ planned: [Layer]) {
        for layer in planned {
            layers[layer, default: LayerProgress(name: layer.name)].expectedChunkCount += 1
        }
    }

    /// A chunk's size is known: once it is of all of a layer's chunks, so is the layer's.
    /// - Parameter ordinal: the chunk's in the plan; one that was damaged on the way comes again.
    package mutating func know(_ layer: Layer, _ ordinal: UInt32, byteCount count: Int) {
        guard let planned = layers[layer]?.expectedChunkCount, planned > 0 else { return }
        known[layer, default: [:]][ordinal] = count
        if let sizes = known[layer], sizes.count == planned { layers[layer]?.expectedByteCount = sizes.values.reduce(0, +) }
    }

    package mutating func count(_ layer: Layer, byteCount count: Int) {
        layers[layer, default: LayerProgress(name: layer.name)].byteCount += count
        layers[layer]?.chunkCount += 1
        byteCount += count
    }

    package func isDue(_ now: Duration) -> Bool { store != nil && now >= next }

    package mutating func show(
        now: Duration, datagramCount: Int, rate: Double? = nil, roundTrip: Duration? = nil, queueDelay: Duration? = nil,
        retransmitRatio: Double? = nil
    ) {
        next = now + Self.interval
        marks.append((now, byteCount))
        while marks.count > 2, now - marks[1].time >= Self.window { marks.removeFirst() }
        if let first = marks.first, now > first.time {
            metrics.goodputBitsPerSecond = Double(byteCount - first.byteCount) * 8 / (now - first.time).inSeconds
        }
        metrics.datagramCount = datagramCount
        metrics.byteCount = byteCount
        metrics.rateBitsPerSecond = rate
        metrics.roundTripSeconds = roundTrip?.inSeconds
        metrics.queueDelaySeconds = queueDelay?.inSeconds
        metrics.retransmitRatio = retransmitRatio
        metrics.layers = layers.sorted { $0.key.rawValue < $1.key.rawValue }.map(\.value)
        metrics.ageSeconds = now.inSeconds
        store?.update(metrics)
    }

    /// Takes the session out of the store: it was turned away, and comes again.
    package func withdraw() { store?.withdraw(session: metrics.session, role: metrics.role) }

    package mutating func end(isFinished: Bool, now: Duration) {
        metrics.state = isFinished ? .finished : .failed
        metrics.byteCount = byteCount
        metrics.layers = layers.sorted { $0.key.rawValue < $1.key.rawValue }.map(\.value)
        metrics.ageSeconds = now.inSeconds
        metrics.goodputBitsPerSecond = 0
        store?.update(metrics)
    }
}
