/// The receiving half of one end: notices gaps, reports them, and acknowledges what is complete.
struct ReliableReceiver: Sendable {
    private static let acknowledgementInterval = Duration.milliseconds(10)
    private static let shortestReportInterval = Duration.milliseconds(20)
    /// Number of unanswered acknowledgements that are remembered for measuring the round trip.
    private static let rememberedAcknowledgementCount = 256

    /// One above the highest number that has arrived.
    private var expected = 0
    private var missing = SequenceSet()
    private var reportDue: Duration?

    private var acknowledgementDue: Duration?
    private var lastAcknowledgementTime: Duration?
    private var lastAcknowledgedPosition = 0
    private var confirmedPosition = 0
    private var acknowledgementNumber = 0
    private var unanswered = RingBuffer<(number: Int, position: Int, time: Duration)>()

    var nextEventTime: Duration? { earlier(reportDue, acknowledgementDue) }

    private var completePosition: Int { missing.first ?? expected }

    /// Takes a datagram in.
    ///
    /// - Returns: Whether it is new, and the loss report that it calls for.
    mutating func receive(
        _ sequence: Int, at now: Duration, roundTrip: RoundTripEstimate
    ) -> (isNew: Bool, report: PairMessage?) {
        var report: PairMessage?
        if sequence >= expected {
            if sequence > expected {
                let gap = expected...(sequence - 1)
                if missing.isEmpty { reportDue = now + reportInterval(roundTrip) }
                missing.insert(gap)
                report = .lossReport([gap])
            }
            expected = sequence + 1
        } else if missing.remove(sequence) {
            if missing.isEmpty { reportDue = nil }
        } else {
            return (false, nil)
        }
        if completePosition > lastAcknowledgedPosition {
            let earliest = lastAcknowledgementTime.map { max(now, $0 + Self.acknowledgementInterval) } ?? now
            acknowledgementDue = min(acknowledgementDue ?? earliest, earliest)
        }
        return (true, report)
    }

    /// Takes in the echo of an acknowledgement.
    ///
    /// - Returns: A sample of the round-trip time, unless the acknowledgement is no longer remembered.
    mutating func receiveEcho(_ number: Int, at now: Duration) -> Duration? {
        while let first = unanswered.first, first.number <= number {
            unanswered.popFirst()
            confirmedPosition = max(confirmedPosition, first.position)
            if first.number == number {
                if confirmedPosition >= completePosition { acknowledgementDue = nil }
                return now - first.time
            }
        }
        return nil
    }

    /// The messages that the clock alone calls for at `now`.
    mutating func takeDue(at now: Duration, roundTrip: RoundTripEstimate) -> [PairMessage] {
        var messages: [PairMessage] = []
        if let due = reportDue, due <= now {
            messages.append(.lossReport(firstOf: missing.ranges))
            reportDue = now + reportInterval(roundTrip)
        }
        if let due = acknowledgementDue, due <= now {
            messages.append(makeAcknowledgement(at: now, roundTrip: roundTrip))
        }
        return messages
    }

    private mutating func makeAcknowledgement(at now: Duration, roundTrip: RoundTripEstimate) -> PairMessage {
        acknowledgementNumber += 1
        lastAcknowledgementTime = now
        lastAcknowledgedPosition = completePosition
        unanswered.append((acknowledgementNumber, completePosition, now))
        if unanswered.count > Self.rememberedAcknowledgementCount { unanswered.popFirst() }
        // Repeated until its echo has come: were the last one lost, the sender's window would never open again.
        acknowledgementDue = now + max(Self.acknowledgementInterval, roundTrip.timeout)
        return .acknowledgement(
            number: acknowledgementNumber, position: completePosition, roundTrip: roundTrip.smoothed)
    }

    /// SRT live mode's rule.
    private func reportInterval(_ roundTrip: RoundTripEstimate) -> Duration {
        max(Self.shortestReportInterval, roundTrip.timeout / 2)
    }
}
