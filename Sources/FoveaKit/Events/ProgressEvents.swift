package import Concurrency
package import ProgressiveCoding
internal import Synchronization
package import Terminal
package import Transfer

/// Events of progress, now and then, with the rate and the time that is left.
package final class ProgressEvents: Sendable {
    private let clock: Stopwatch
    private let meters = Mutex<[String: (meter: ProgressMeter, last: Double?)]>([:])
    /// Seconds between two events of one piece of work.
    private static let interval = 0.5

    /// - Parameter clock: the transfer's.
    package init(clock: Stopwatch) { self.clock = clock }

    /// The fields of an event that is due; nil between two.
    /// - Parameter work: its label tells one piece of work from another.
    package func fields(_ work: WorkProgress) -> [String: JSONValue]? {
        let time = clock.seconds
        let reading = meters.withLock { meters -> ProgressMeter.Reading? in
            var (meter, last) = meters[work.label] ?? (ProgressMeter(), nil)
            let reading = meter.take(work, at: time)
            let isDue = last.map { time - $0 >= Self.interval } ?? true
            meters[work.label] = (meter, isDue ? time : last)
            return isDue ? reading : nil
        }
        guard let reading else { return nil }
        var figures: [String: JSONValue] = [
            "t": .number(time as Double?), "share": .number(reading.share as Double?), "seconds_left": .number(reading.secondsLeft),
        ]
        if let done = work.byteCount {
            figures["bytes"] = .integer(done)
            figures["rate_bps"] = .number(reading.bitsPerSecond)
        }
        if let total = work.totalByteCount {
            figures["total_bytes"] = .integer(total)
            figures["total_is_estimate"] = .flag(!work.isTotalKnown)
        }
        return figures
    }

    /// Forgets a piece of work.
    package func finish(_ label: String) { meters.withLock { $0[label] = nil } }
}

extension WorkProgress {
    /// A transfer's progress, under its session's name.
    /// - Parameter completeness: at the receiver, how much is exact: the figure that the page and the metrics have.
    package init(_ progress: TransferProgress, of label: String, _ completeness: Completeness? = nil) {
        // Whole per cents, so that 100 is said of every voxel alone.
        let exact = completeness.map { ["\(Int(100 * $0.share)) % exact"] } ?? []
        self.init(
            label, share: progress.share, byteCount: progress.byteCount, totalByteCount: progress.totalByteCount,
            isTotalKnown: progress.isTotalKnown, notes: (progress.hasRegion ? ["region there"] : []) + exact)
    }
}
