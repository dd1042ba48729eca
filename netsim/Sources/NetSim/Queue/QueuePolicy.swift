/// The state of a ``QueueDiscipline`` and what it decides.
struct QueuePolicy: Sendable {
    private enum State: Sendable {
        case dropTail
        case dropHead
        case coDel(CoDel)
        case pie(PIE)
    }

    private var state: State
    /// True when a packet that was taken leaves for sure, so that its departure follows from the arrivals up to its own.
    let decidesOnArrival: Bool
    /// True when room is made for what arrives.
    let dropsHead: Bool

    init(_ discipline: QueueDiscipline, generator: SeededGenerator) {
        switch discipline {
        case .dropTail: state = .dropTail
        case .dropHead: state = .dropHead
        case .coDel(let target, let interval): state = .coDel(CoDel(target: target, interval: interval))
        case .pie(let target, let updateInterval):
            state = .pie(PIE(target: target, updateInterval: updateInterval, generator: generator))
        }
        decidesOnArrival = discipline == .dropTail
        dropsHead = discipline == .dropHead
    }

    /// Decides whether a packet is dropped on arrival although it would fit.
    mutating func refuses(_ packet: SimulatedPacket<some Sendable>, behind byteCount: Int, at now: Duration) -> Bool {
        guard case .pie(var pie) = state else { return false }
        defer { state = .pie(pie) }
        return pie.drops(packet, behind: byteCount, at: now)
    }

    /// Decides whether the packet whose turn has come is dropped instead.
    mutating func dropsOnDeparture(waitingTime: Duration, behind byteCount: Int, at now: Duration) -> Bool {
        switch state {
        case .dropTail, .dropHead: return false
        case .coDel(var coDel):
            defer { state = .coDel(coDel) }
            return coDel.drops(waitingTime: waitingTime, behind: byteCount, at: now)
        case .pie(var pie):
            pie.departed(waitingTime: waitingTime, leaving: byteCount, at: now)
            state = .pie(pie)
            return false
        }
    }
}
