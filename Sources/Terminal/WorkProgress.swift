/// Progress of a piece of work.
package struct WorkProgress: Sendable, Equatable {
    /// From 0 to 1.
    package var share: Double
    /// Bytes that are done, where the work has bytes.
    package var byteCount: Int?
    /// All its bytes, as far as can be told now.
    package var totalByteCount: Int?
    /// True when that total is counted, not estimated.
    package var isTotalKnown: Bool
    /// Notes that a person should know beside the figures, such as that the region is there.
    package var notes: [String]
    /// Whose work it is.
    package var label: String

    /// Makes a value.
    package init(
        _ label: String, share: Double, byteCount: Int? = nil, totalByteCount: Int? = nil, isTotalKnown: Bool = false,
        notes: [String] = []
    ) {
        self.label = label
        self.share = share
        self.byteCount = byteCount
        self.totalByteCount = totalByteCount
        self.isTotalKnown = isTotalKnown
        self.notes = notes
    }
}

/// A meter of a piece of work that has been watched for a while: it gives a share that never goes back, a rate, the time left.
package struct ProgressMeter: Sendable {
    /// The figures that the meter gives.
    package struct Reading: Sendable, Equatable {
        /// From 0 to 1; never less than before.
        package let share: Double
        /// Bits a second over the last seconds; nil before there are any.
        package let bitsPerSecond: Double?
        /// Seconds; nil while nothing can be said.
        package let secondsLeft: Double?
    }

    private var greatest = 0.0
    private var marks: [(time: Double, share: Double, byteCount: Int)] = []
    /// Seconds that a rate is taken over: long enough for chunks that come in bursts.
    private static let window = 5.0
    /// Seconds before which a rate would say more about the start than about the link.
    private static let least = 0.5

    /// Nothing seen yet.
    package init() {}

    /// Takes the work as it stands.
    /// - Parameter time: in seconds, on a clock that never goes back.
    package mutating func take(_ progress: WorkProgress, at time: Double) -> Reading {
        greatest = max(greatest, progress.share.isFinite ? min(1, max(0, progress.share)) : 0)
        marks.append((time, greatest, progress.byteCount ?? 0))
        while marks.count > 2, time - marks[1].time >= Self.window { marks.removeFirst() }
        guard let first = marks.first, time - first.time >= Self.least else {
            return Reading(share: greatest, bitsPerSecond: nil, secondsLeft: nil)
        }
        let seconds = time - first.time
        let bytes = Double(max(0, (progress.byteCount ?? 0) - first.byteCount))
        let bitsPerSecond = progress.byteCount == nil ? nil : bytes * 8 / seconds
        var left: Double?
        if let total = progress.totalByteCount, let done = progress.byteCount {
            if bytes > 0 { left = Double(max(0, total - done)) * seconds / bytes }
        } else if greatest > first.share {
            left = (1 - greatest) * seconds / (greatest - first.share)
        }
        return Reading(share: greatest, bitsPerSecond: bitsPerSecond, secondsLeft: greatest >= 1 ? 0 : left)
    }
}
