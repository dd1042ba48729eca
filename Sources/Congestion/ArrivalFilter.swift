/// The greatest rate of arrivals of late.
struct ArrivalFilter: Sendable {
    private var samples: [(time: Duration, rate: Double)] = []

    var isEmpty: Bool { samples.isEmpty }
    var greatest: Double { samples.first?.rate ?? 0 }

    /// Forgets what is older than `span` and what is less and older than this.
    mutating func add(_ rate: Double, now: Duration, span: Duration) {
        samples.removeAll { now - $0.time > span }
        while let last = samples.last, last.rate <= rate { samples.removeLast() }
        samples.append((now, rate))
    }

    /// Keeps what is known from growing old.
    mutating func hold(now: Duration) {
        guard let greatest = samples.first else { return }
        samples = [(now, greatest.rate)]
    }

    mutating func reset(to rate: Double, now: Duration) { samples = [(now, rate)] }
}
