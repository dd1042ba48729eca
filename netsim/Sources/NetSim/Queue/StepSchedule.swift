/// Sends bit after bit at a rate that is constant, or changes at given times.
///
/// A packet leaves when the rate's integral from `max(previous ideal departure, its arrival)` on has reached its bits.
struct StepSchedule: Sendable {
    private let steps: [LinkRate.Step]
    /// The step in force when the last packet left. It only moves on, so that all packets together pass each step once.
    private var index = 0
    private var lastDeparture: Duration?

    /// The steps must be at least one, and ascend.
    init(steps: [LinkRate.Step]) { self.steps = steps }

    func start(arrivingAt arrival: Duration) -> Duration { max(lastDeparture ?? arrival, arrival) }

    mutating func departure(ofByteCount byteCount: Int, arrivingAt arrival: Duration) -> Duration {
        var start = start(arrivingAt: arrival)
        var bitCount = Double(byteCount) * 8
        while index + 1 < steps.count {
            let change = steps[index + 1].from
            if change > start {
                let carried = (change - start) / .seconds(1) * steps[index].bitsPerSecond
                if bitCount <= carried { break }
                bitCount -= carried
                start = change
            }
            index += 1
        }
        let departure = start + Self.serviceTime(bitCount: bitCount, rate: steps[index].bitsPerSecond)
        lastDeparture = departure
        return departure
    }

    /// The longest a single packet can take: far beyond any run, and far from overflowing a `Duration`.
    private static let longestServiceSeconds = 1e6

    static func serviceTime(bitCount: Double, rate: Double) -> Duration {
        .seconds(min(longestServiceSeconds, bitCount / rate))
    }
}
