package import SRTTransport

/// Makes few lines of many refusals: for each reason one at once, and after that one in ``interval`` with how many there were.
///
/// It has no clock: time comes in with every call.
package struct RefusalLog: Sendable {
    package struct Line: Sendable, Equatable {
        package let reason: SRTRefusal
        package let count: Int
        /// The last of those it speaks of.
        package let address: String
    }
    private struct Entry: Sendable {
        var toldCount = 0
        var address = ""
        var nextLine = Duration.zero
    }
    package static let interval = Duration.seconds(10)
    private var entries: [SRTRefusal: Entry] = [:]

    package init() {}

    /// Returns the lines that there are to say now.
    /// - Parameters:
    ///   - refused: some of the latest.
    ///   - counts: how many there have been in all.
    package mutating func take(_ refused: [SRTAdmission.Refused], counts: [SRTRefusal: Int], now: Duration) -> [Line] {
        for one in refused { entries[one.reason, default: Entry()].address = one.address }
        return SRTRefusal.allCases.compactMap { reason in
            let count = counts[reason] ?? 0
            var entry = entries[reason] ?? Entry()
            guard count > entry.toldCount, now >= entry.nextLine else { return nil }
            defer { entries[reason] = entry }
            let line = Line(reason: reason, count: count - entry.toldCount, address: entry.address)
            (entry.toldCount, entry.nextLine) = (count, now + Self.interval)
            return line
        }
    }
}
