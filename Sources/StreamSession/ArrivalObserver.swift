internal import Concurrency
internal import Congestion
internal import WireFormat

/// A receiver's measurements of the link, and the time to report them: more often than the longest interval where more than a few datagrams come.
struct ArrivalObserver: Sendable {
    private let timing: SessionTiming
    private var next = Report()
    private var firstArrival: Duration?
    private var lastArrival = Duration.zero
    private var echoArrival: Duration?
    private var lastDeparture: UInt32?
    private var lastReport: Duration
    /// Fewer are not worth a report before the longest interval is over.
    private static let enough: UInt32 = 4
    private var countSinceReport: UInt32 = 0
    /// Datagrams that left further apart than this are no train: the pause was the sender's.
    private static let runGap = 4000

    init(timing: SessionTiming, now: Duration) {
        self.timing = timing
        lastReport = now
        next.holdMicroseconds = Report.noEcho
    }

    var receivedByteCount: UInt64 { next.receivedByteCount }

    /// When the next report is due.
    var nextReport: Duration {
        lastReport + (countSinceReport >= Self.enough ? timing.minReportInterval : timing.reportInterval)
    }

    /// A datagram came.
    /// - Parameter departure: when it left, by its own word.
    mutating func note(byteCount: Int, departure: UInt32?, now: Duration) {
        next.receivedByteCount += UInt64(byteCount)
        next.receivedDatagramCount += 1
        countSinceReport += 1
        lastArrival = now
        guard let departure else { return extendRun(byteCount: byteCount, now: now) }
        let gap = lastDeparture.map { Int(Int32(bitPattern: departure &- $0)) } ?? 0
        // What was sent again tells of how long it was missing, not of the link.
        guard gap >= 0 else { return }
        if gap > Self.runGap { beginRun() }
        extendRun(byteCount: byteCount, now: now)
        lastDeparture = departure
        let delay = now.wrappedMicroseconds &- departure
        // The clocks' offset is unknown, so only differences between delays mean anything: nearest below wins, modulo 2^32.
        if echoArrival == nil || Int32(bitPattern: delay &- next.minDelayMicroseconds) < 0 { next.minDelayMicroseconds = delay }
        next.echoMicroseconds = departure
        echoArrival = now
    }

    private mutating func extendRun(byteCount: Int, now: Duration) {
        next.arrivalCount += 1
        guard let firstArrival else {
            firstArrival = now
            return
        }
        next.spanByteCount = UInt32(clamping: UInt64(next.spanByteCount) + UInt64(byteCount))
        next.spanMicroseconds = UInt32(clamping: (now - firstArrival).microseconds)
    }

    private mutating func beginRun() {
        next.arrivalCount = 0
        next.spanByteCount = 0
        next.spanMicroseconds = 0
        firstArrival = nil
    }

    /// The report that is due now.
    mutating func report(now: Duration) -> Report? {
        guard now >= nextReport else { return nil }
        var report = next
        report.lastArrivalMicroseconds = UInt64(max(0, lastArrival.microseconds))
        if let echoArrival {
            report.holdMicroseconds = UInt32(clamping: (now - echoArrival).microseconds)
        }
        lastReport = now
        countSinceReport = 0
        beginRun()
        next.holdMicroseconds = Report.noEcho
        echoArrival = nil
        return report
    }
}

extension Datagram {
    /// When it left its sender, where it says so.
    var departure: UInt32? {
        switch self {
        case .data(let fragment): fragment.departureMicroseconds
        case .parity(let parity): parity.departureMicroseconds
        case .heartbeat(let heartbeat): heartbeat.departureMicroseconds
        default: nil
        }
    }
}
