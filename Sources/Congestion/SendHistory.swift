internal import Concurrency

/// The history of what has gone on the wire, and when: a receiver cannot have seen more than what was sent before it.
struct SendHistory: Sendable {
    private struct Mark: Sendable {
        let time: Duration
        let byteCount: Double
    }

    private var marks: [Mark] = []
    private var byteCount = 0.0
    private static let reach = Duration.seconds(12)
    private static let spacing = Duration.microseconds(500)

    mutating func add(byteCount added: Int, now: Duration) {
        byteCount += Double(added)
        if let last = marks.last, now - last.time < Self.spacing {
            marks[marks.count - 1] = Mark(time: last.time, byteCount: byteCount)
        } else {
            marks.append(Mark(time: now, byteCount: byteCount))
        }
        if marks.count > 8192, let first = marks.firstIndex(where: { now - $0.time < Self.reach }), first > 4096 {
            marks.removeFirst(first)
        }
    }

    /// Bits a second between two times; infinite before anything is known of them.
    func rate(from start: Duration, to end: Duration) -> Double {
        guard let first = marks.first, end > start, start >= first.time else { return .infinity }
        return (sum(at: end) - sum(at: start)) * 8 / (end - start).inSeconds
    }

    /// Returns the time it took to send so many bytes, the last of them at `end`.
    func span(of byteCount: Double, endingAt end: Duration) -> Duration {
        let last = sum(at: end)
        guard let first = marks.first(where: { $0.byteCount > last - byteCount }) else { return .zero }
        return max(.zero, end - first.time)
    }

    private func sum(at time: Duration) -> Double {
        var (low, high) = (0, marks.count)
        while low < high {
            let middle = (low + high) / 2
            if marks[middle].time <= time { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? marks[low - 1].byteCount : 0
    }
}
