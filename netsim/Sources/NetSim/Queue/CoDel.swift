/// The controlled-delay algorithm: drops packets as they leave the queue, so that the least waiting time stays near a target.
///
/// K. Nichols, V. Jacobson, A. McGregor, J. Iyengar, "Controlled Delay Active Queue Management", RFC 8289, 2018, section 5. The
/// RFC's `dequeue` loops over packets; here the queue offers one packet after the other until one may go.
struct CoDel: Sendable {
    private let target: Duration
    private let interval: Duration
    /// When the waiting time will have been above the target for an interval; `nil` while it is below.
    private var firstAboveTime: Duration?
    private var isDropping = false
    private var nextDrop = Duration.zero
    private var dropCount = 0
    private var lastDropCount = 0
    /// The action that the packet offered before has left to be done for this one.
    private var pending = Pending.nothing

    private enum Pending { case nothing, passUnseen, scheduleNextDrop }

    /// A queue that holds no more than this behind the packet is not a standing one: the link must not run dry.
    private static let fullPacketByteCount = 1500

    init(target: Duration, interval: Duration) {
        self.target = target
        self.interval = interval
    }

    /// Decides about the packet at the head when its turn has come.
    ///
    /// - Parameters:
    ///   - waitingTime: How long it has been in the queue.
    ///   - byteCount: What else is in the queue.
    ///   - now: The ideal time.
    mutating func drops(waitingTime: Duration, behind byteCount: Int, at now: Duration) -> Bool {
        let mayDrop = isAboveTarget(waitingTime, byteCount, now)
        let pending = self.pending
        self.pending = .nothing
        // The packet behind the first one dropped goes whatever its own waiting time.
        if pending == .passUnseen { return false }
        guard mayDrop else {
            isDropping = false
            return false
        }
        guard isDropping else {
            beginDropping(at: now)
            return true
        }
        if pending == .scheduleNextDrop { nextDrop = controlLaw(nextDrop) }
        guard now >= nextDrop else { return false }
        dropCount += 1
        self.pending = .scheduleNextDrop
        return true
    }

    private mutating func isAboveTarget(_ waitingTime: Duration, _ byteCount: Int, _ now: Duration) -> Bool {
        guard waitingTime >= target, byteCount > Self.fullPacketByteCount else {
            firstAboveTime = nil
            return false
        }
        guard let firstAboveTime else {
            firstAboveTime = now + interval
            return false
        }
        return now >= firstAboveTime
    }

    /// Begins a cycle of drops.
    ///
    /// Where the last cycle has not been over for long, the drop rate that it ended with is a good start for this one.
    private mutating func beginDropping(at now: Duration) {
        isDropping = true
        let added = dropCount - lastDropCount
        dropCount = added > 1 && now - nextDrop < interval * 16 ? added : 1
        lastDropCount = dropCount
        nextDrop = controlLaw(now)
        pending = .passUnseen
    }

    private func controlLaw(_ time: Duration) -> Duration { time + interval / Double(dropCount).squareRoot() }
}
