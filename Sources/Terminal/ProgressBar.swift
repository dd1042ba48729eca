internal import Foundation

/// One line that shows how far a piece of work has come, for a display of any width.
package struct ProgressBar: Sendable {
    private var meter = ProgressMeter()
    private var lastTime: Double?
    private var lastTenth = -1
    /// Seconds between two drawings.
    private static let interval = 0.1
    private static let barWidths = 10...32

    /// A bar of nothing yet.
    package init() {}

    /// The line to show now; nil while the last one is fresh enough.
    ///
    /// Where a line cannot be written over, there is one for each tenth of the work.
    /// - Parameter time: in seconds, on a clock that never goes back.
    package mutating func line(_ progress: WorkProgress, at time: Double, on display: Display) -> String? {
        let reading = meter.take(progress, at: time)
        if display.canRewrite {
            if let lastTime, time - lastTime < Self.interval, reading.share < 1 { return nil }
        } else {
            let tenth = Int(reading.share * 10)
            guard tenth > lastTenth else { return nil }
            lastTenth = tenth
        }
        lastTime = time
        return Self.text(progress, reading, on: display)
    }

    /// The line for a reading: the bar, and beside it as much as there is room for, the most important first.
    static func text(_ progress: WorkProgress, _ reading: ProgressMeter.Reading, on display: Display) -> String {
        // The last column stays free: some terminals go to the next line once it is written.
        let room = max(0, display.width - 1)
        let percent = String(format: "%3d %%", Int((reading.share * 100).rounded(.down)))
        var parts = [percent]
        var optional: [String] = []
        if let left = reading.secondsLeft { optional.append("\(duration(left)) left") }
        optional += progress.notes
        if let done = progress.byteCount {
            let total = progress.totalByteCount.map { " of \(progress.isTotalKnown ? "" : "about ")\(Text.bytes(max(done, $0)))" }
            optional.append(Text.bytes(done) + (total ?? ""))
        }
        if let rate = reading.bitsPerSecond { optional.append(Text.rate(rate)) }
        if !progress.label.isEmpty { optional.append(progress.label) }
        var used = percent.count
        for part in optional {
            // Other scripts may take two columns a character.
            let columns = part.unicodeScalars.reduce(0) { $0 + ($1.isASCII || !display.isUnicode ? 1 : 2) }
            guard used + 2 + columns + Self.barWidths.lowerBound + 1 <= room else { continue }
            parts.append(part)
            used += 2 + columns
        }
        let barWidth = min(Self.barWidths.upperBound, room - used - 1)
        let bar = barWidth >= Self.barWidths.lowerBound ? bar(reading.share, width: barWidth, on: display) + " " : ""
        return display.fitted(bar + parts.joined(separator: "  "), columns: room)
    }

    private static func bar(_ share: Double, width: Int, on display: Display) -> String {
        if display.isUnicode {
            let filled = Int(share * Double(width))
            return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        }
        let filled = Int(share * Double(width - 2))
        return "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: width - 2 - filled) + "]"
    }

    /// Seconds as people read them: 8 s, 3:05 min, 2:07 h.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 360_000 else { return "days" }
        let whole = Int(seconds.rounded(.up))
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return String(format: "%d:%02d min", whole / 60, whole % 60) }
        return String(format: "%d:%02d h", whole / 3600, whole % 3600 / 60)
    }
}
