/// Writes link events as text, after mahimahi: a header of `#` lines that says how the run was made, then one event a
/// line. The same seed and the same arrivals give the same bytes.
///
/// ```
/// 12.000 + 1484 up 0            at 12 ms a packet of 1484 bytes arrived
/// 73.187 - 1484 61.187 up 0     at 73.187 ms it left, 61.187 ms after it had arrived
/// 12.500 d 1 1484 up 0 loss     at 12.5 ms one packet of 1484 bytes was dropped
/// ```
///
/// Times are milliseconds to the microsecond. After mahimahi's own columns come the direction, the client's number and,
/// for a drop, its cause: `loss`, `queue` or `outage`.
public struct LinkLog: LinkEventSink, Sendable {
    /// The version of the format, in the first line of every log.
    public static let formatVersion = 1

    /// Everything written since the log was made or last taken from.
    public private(set) var text: String

    /// Creates a log that holds its header.
    ///
    /// - Parameters:
    ///   - link: The link whose events follow.
    ///   - seed: The seed of its models.
    public init(link: LinkParameters, seed: UInt64) {
        text = """
            # netsim link log, version \(Self.formatVersion)
            # link: \(link.name)
            # up: \(Self.describe(link.up))
            # down: \(Self.describe(link.down))
            # seed: \(seed)
            # base timestamp: 0

            """
    }

    /// Appends one line.
    public mutating func record(_ event: LinkEvent) {
        Self.appendMilliseconds(event.time, to: &text)
        switch event.kind {
        case .arrival:
            text += " + \(event.byteCount)"
        case .departure(let delay):
            text += " - \(event.byteCount) "
            Self.appendMilliseconds(delay, to: &text)
        case .drop:
            text += " d 1 \(event.byteCount)"
        }
        text += " \(event.heading.rawValue) \(event.client)"
        if case .drop(let cause) = event.kind { text += " \(cause.rawValue)" }
        text += "\n"
    }

    /// Removes and returns the text so far, for writers that cannot hold a whole run in memory.
    public mutating func takeText() -> String {
        let taken = text
        text = ""
        return taken
    }

    private static func describe(_ direction: LinkDirection) -> String {
        var delay = ""
        appendMilliseconds(direction.delay, to: &delay)
        return "rate \(describe(direction.rate)), delay \(delay) ms, "
            + "loss \(direction.lossProbability), queue \(direction.queueByteCount) bytes"
    }

    private static func describe(_ rate: LinkRate) -> String {
        switch rate {
        case .constant(let bitsPerSecond): return "\(bitsPerSecond) bit/s"
        case .steps(let steps):
            let texts = steps.map { step in
                var from = ""
                appendMilliseconds(step.from, to: &from)
                return "\(from) ms: \(step.bitsPerSecond) bit/s"
            }
            return "steps [\(texts.joined(separator: "; "))]"
        case .trace(let trace):
            return "trace [\(trace.name): \(trace.milliseconds.count) x \(LinkTrace.opportunityByteCount) bytes "
                + "in \(trace.milliseconds.last ?? 0) ms]"
        }
    }

    /// Whole numbers only: a `Double` here would print differently as a run grows longer.
    private static func appendMilliseconds(_ duration: Duration, to text: inout String) {
        let attosecondsPerMicrosecond: Int128 = 1_000_000_000_000
        let attoseconds = duration.attoseconds
        let magnitude = (attoseconds.magnitude + UInt128(attosecondsPerMicrosecond / 2)) / UInt128(attosecondsPerMicrosecond)
        let fraction = String(UInt64(magnitude % 1000))
        if attoseconds < 0, magnitude > 0 { text += "-" }
        text += String(UInt64(truncatingIfNeeded: magnitude / 1000))
        text += "." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }
}
