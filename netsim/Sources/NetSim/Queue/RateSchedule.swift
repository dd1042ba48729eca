/// When the packets of one transmitter leave it, by its ``LinkRate``.
///
/// Packets are offered in the order of their arrivals. Each departure follows from the arrivals alone, never from when somebody
/// looks, so that lateness does not add up.
enum RateSchedule: Sendable {
    case steps(StepSchedule)
    case trace(TraceSchedule)

    /// The rate must be one that ``LinkRate/validate()`` lets pass.
    init(validRate rate: LinkRate) {
        switch rate {
        case .constant(let bitsPerSecond):
            self = .steps(StepSchedule(steps: [LinkRate.Step(from: .zero, bitsPerSecond: bitsPerSecond)]))
        case .steps(let steps): self = .steps(StepSchedule(steps: steps))
        case .trace(let trace): self = .trace(TraceSchedule(trace))
        }
    }

    /// The instant at which the first bit of the next packet is sent, for one that arrives at `arrival`; changes nothing.
    ///
    /// For a trace this is its opportunity: until then it need not be decided which packet takes it.
    func start(arrivingAt arrival: Duration) -> Duration {
        switch self {
        case .steps(let schedule): schedule.start(arrivingAt: arrival)
        case .trace(let schedule): schedule.start(arrivingAt: arrival)
        }
    }

    /// The ideal instant at which a packet's last bit will have been sent.
    mutating func departure(ofByteCount byteCount: Int, arrivingAt arrival: Duration) -> Duration {
        let departure: Duration
        switch self {
        case .steps(var schedule):
            departure = schedule.departure(ofByteCount: byteCount, arrivingAt: arrival)
            self = .steps(schedule)
        case .trace(var schedule):
            departure = schedule.departure(ofByteCount: byteCount, arrivingAt: arrival)
            self = .trace(schedule)
        }
        return departure
    }
}
