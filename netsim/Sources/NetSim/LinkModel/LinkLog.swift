/// Writes link events as text, after mahimahi: a header of `#` lines that says how the run was made, then one event a
/// line. The same seed and the same arrivals give the same bytes.
///
/// ```
/// 12.000 + 1484 up 0            at 12 ms a packet of 1484 bytes arrived
/// 73.187 - 1484 61.187 up 0     at 73.187 ms it left, 61.187 ms after it had arrived
/// 12.500 d 1 1484 up 0 loss     at 12.5 ms one packet of 1484 bytes was dropped
/// 13.000 + 1484 up 0 duplicate  at 13 ms the link made a copy of a packet
/// ```
///
/// Times are milliseconds to the microsecond. After mahimahi's own columns come the direction, the client's number, for a drop
/// its cause (`loss`, `queue`, `outage` or `aqm`), and what the link has done to the packet: `duplicate` for a copy, `corrupt`
/// for one with a bit flipped. What `aqm` drops, and `queue` where the oldest go, may have arrived before.
///
/// The first line says version 1 where the log has nothing that version 1 does not know, and 2 otherwise: 2 adds `aqm`,
/// `duplicate`, `corrupt`, and to the header losses in bursts, queues, jitter and the rest.
public struct LinkLog: LinkEventSink, Sendable {
    /// The latest version of the format.
    public static let formatVersion = 2

    /// Everything written since the log was made or last taken from.
    public private(set) var text: String

    /// Creates a log that holds its header.
    ///
    /// - Parameters:
    ///   - link: The link whose events follow.
    ///   - seed: The seed of its models.
    public init(link: LinkParameters, seed: UInt64) {
        text = """
            # netsim link log, version \(LinkHeader.version(of: link))
            # link: \(link.name)
            # up: \(LinkHeader.describe(link.up))
            # down: \(LinkHeader.describe(link.down))
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
        if event.marks.contains(.duplicate) { text += " duplicate" }
        if event.marks.contains(.corrupt) { text += " corrupt" }
        text += "\n"
    }

    /// Removes and returns the text so far, for writers that cannot hold a whole run in memory.
    public mutating func takeText() -> String {
        let taken = text
        text = ""
        return taken
    }

    /// Whole numbers only: a `Double` here would print differently as a run grows longer.
    static func appendMilliseconds(_ duration: Duration, to text: inout String) {
        let attosecondsPerMicrosecond: Int128 = 1_000_000_000_000
        let attoseconds = duration.attoseconds
        let magnitude = (attoseconds.magnitude + UInt128(attosecondsPerMicrosecond / 2)) / UInt128(attosecondsPerMicrosecond)
        let fraction = String(UInt64(magnitude % 1000))
        if attoseconds < 0, magnitude > 0 { text += "-" }
        text += String(UInt64(truncatingIfNeeded: magnitude / 1000))
        text += "." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }
}
