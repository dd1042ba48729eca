/// Smoothed round-trip time and its variation, with SRT's weights.
struct RoundTripEstimate: Sendable, Equatable {
    private(set) var smoothed: Duration
    private(set) var variation: Duration

    init(unloaded: Duration) {
        smoothed = unloaded
        variation = unloaded / 2
    }

    mutating func add(_ sample: Duration) {
        let difference = sample > smoothed ? sample - smoothed : smoothed - sample
        variation = (variation * 3 + difference) / 4
        smoothed = (smoothed * 7 + sample) / 8
    }

    /// Time to wait for an answer before asking again.
    var timeout: Duration { smoothed + variation * 4 }

    /// Time for which a retransmission is surely still under way.
    var certainlyUnderWay: Duration { max(.zero, smoothed - variation * 4) }
}
