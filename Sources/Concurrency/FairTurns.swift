/// Whose turn it is: the jobs of several lanes share a few slots, each lane its fair part of the time.
///
/// A lane is the work of one session. Turns go to the lane that has used the least time; within a lane the job of the lowest rank goes
/// first, then the one that came first. A lane is charged for the time its jobs hold slots. With surcharges, time that brings little
/// costs more: beyond ``grant``, and ``grantPerByte`` for each byte of its chunks, it counts ``surcharge`` times. A lane that is new
/// or comes back from idleness starts level with the others, not with all the time it never used, or those who come and go would starve
/// those who stay.
///
/// The value knows no clock and no thread: time is handed in, and what is to be done comes out as ``Step``s.
public struct FairTurns: Sendable {
    /// One session's work.
    public struct Lane: Hashable, Sendable { fileprivate let number: Int }
    /// One piece of work.
    public struct Job: Hashable, Sendable { fileprivate let number: Int }

    /// An action to take now.
    public enum Step: Sendable, Equatable {
        /// A job begins.
        case start(Job)
        /// A job that holds a slot stands still until it is resumed.
        case pause(Job)
        /// A job goes on.
        case resume(Job)
        /// A job has held slots for longer than it may; said once, the job keeps its slot until it is finished.
        case expire(Job)
        /// A lane's jobs together have held slots for longer than the lane may; said once.
        case exhaust(Lane)
    }

    /// Time by which a lane may be ahead of another before it gives up a slot to it.
    public static let quantum = Duration.milliseconds(50)
    /// Used time by which a lane that is new or was idle starts below the others: what is begun is answered soon.
    static let welcome = Duration.milliseconds(100)
    /// Time of a lane that costs no surcharge, whatever it brings.
    static let grant = Duration.milliseconds(500)
    /// The same for each byte of its chunks: honest chunks take about a third of it.
    static let grantPerByte = Duration.microseconds(10)
    /// Factor by which time costs more beyond that.
    static let surcharge = 32

    private enum Phase {
        case waiting, paused
        case running(since: Duration)
    }
    private struct Entry {
        let lane: Lane
        let rank: UInt64
        let memory: Int
        let limit: Duration
        let byteCount: Int
        var phase = Phase.waiting
        var used = Duration.zero
        var isExpired = false
    }
    private struct LaneState {
        var budget: Duration?
        /// Time by which turns are given: time used, surcharges included.
        var charged: Duration
        var used = Duration.zero
        var byteCount = 0
        var isExhausted = false
        /// The next one last.
        var waiting: [Job] = []
        var paused: [Job] = []
        var running: [Job] = []
        var memory = 0

        var isIdle: Bool { waiting.isEmpty && paused.isEmpty && running.isEmpty }
        var startedCount: Int { paused.count + running.count }
        /// Returns the time that the lane is taken to have used once so many jobs have had their next turn.
        func expected(_ count: Int) -> Duration { charged + FairTurns.quantum * count }
    }

    private let slotCount: Int
    private let mayPause: Bool
    private let hasSurcharge: Bool
    private let laneMemory: Int
    private var lanes: [Lane: LaneState] = [:]
    private var jobs: [Job: Entry] = [:]
    private var count = 0
    private var runningCount = 0
    /// The least that a lane with work has used; never falls.
    private var floor = Duration.zero

    /// - Parameters:
    ///   - slotCount: how many jobs run at a time.
    ///   - mayPause: false where a job that runs cannot be stopped and resumed.
    ///   - hasSurcharge: whether a lane's time has to bring bytes.
    ///   - laneMemory: the most bytes a lane's begun jobs may hold together; one alone may hold more.
    public init(slotCount: Int, mayPause: Bool, hasSurcharge: Bool, laneMemory: Int = .max) {
        self.slotCount = max(1, slotCount)
        self.mayPause = mayPause
        self.hasSurcharge = hasSurcharge
        self.laneMemory = laneMemory
    }

    /// Makes a lane.
    /// - Parameter budget: how long its jobs together may hold slots; nil sets no bound.
    public mutating func open(budget: Duration? = nil) -> Lane {
        count += 1
        let lane = Lane(number: count)
        lanes[lane] = LaneState(budget: budget, charged: .zero)
        return lane
    }

    /// Sets how long a lane's jobs together may hold slots.
    public mutating func allow(_ budget: Duration, to lane: Lane) { lanes[lane]?.budget = budget }

    /// Adds a job.
    /// - Parameters:
    ///   - rank: the lowest goes first within its lane.
    ///   - memory: the most bytes it may hold once begun.
    ///   - limit: how long it may hold a slot.
    ///   - byteCount: of the chunk, which pay for its time once it begins.
    /// - Returns: nil when the lane is closed.
    public mutating func add(to lane: Lane, rank: UInt64, memory: Int = 0, limit: Duration = .seconds(1 << 40), byteCount: Int = 0)
        -> Job?
    {
        guard var state = lanes[lane] else { return nil }
        if state.isIdle { state.charged = max(state.charged, floor - Self.welcome) }
        count += 1
        let job = Job(number: count)
        jobs[job] = Entry(lane: lane, rank: rank, memory: memory, limit: limit, byteCount: byteCount)
        // Behind everything that goes earlier; the list is kept from last to first.
        var (low, high) = (0, state.waiting.count)
        while low < high {
            let middle = (low + high) / 2
            if (jobs[state.waiting[middle]]?.rank ?? 0) > rank { low = middle + 1 } else { high = middle }
        }
        state.waiting.insert(job, at: low)
        lanes[lane] = state
        return job
    }

    /// Ends a lane.
    /// - Returns: its jobs that never began, and those that have begun; all of them are forgotten.
    public mutating func close(_ lane: Lane, now: Duration) -> (waiting: [Job], begun: [Job]) {
        charge(now)
        guard let state = lanes.removeValue(forKey: lane) else { return ([], []) }
        runningCount -= state.running.count
        let begun = state.paused + state.running
        for job in state.waiting + begun { jobs[job] = nil }
        return (state.waiting, begun)
    }

    /// Takes a job out that has begun and is over.
    public mutating func finish(_ job: Job, now: Duration) {
        charge(now)
        guard let entry = jobs.removeValue(forKey: job), var state = lanes[entry.lane] else { return }
        if case .running = entry.phase { runningCount -= 1 }
        state.running.removeAll { $0 == job }
        state.paused.removeAll { $0 == job }
        state.memory -= entry.memory
        lanes[entry.lane] = state
    }

    /// Returns the time for which a lane's jobs have held slots.
    public func used(by lane: Lane) -> Duration { lanes[lane]?.used ?? .zero }

    /// True when jobs run: then ``steps(now:)`` is to be asked again soon, since one may be due to yield or to end.
    public var isBusy: Bool { runningCount > 0 }

    /// True when somebody waits for a slot.
    public var isContended: Bool { lanes.values.contains { !$0.waiting.isEmpty || !$0.paused.isEmpty } }

    /// Returns the actions to take now; they are taken to be done.
    public mutating func steps(now: Duration) -> [Step] {
        charge(now)
        var steps = limits()
        while runningCount < slotCount, let next = best() { steps.append(begin(next, now)) }
        guard mayPause else { return steps }
        // Each turn of the loop brings two lanes nearer to each other.
        for _ in 0..<slotCount {
            guard let next = best(), let lane = jobs[next]?.lane, let candidate = lanes[lane] else { break }
            let holder = lanes.filter { $0.key != lane && !$0.value.running.isEmpty }
                .max {
                    ($0.value.expected($0.value.running.count), $0.key.number) < (
                        $1.value.expected($1.value.running.count), $1.key.number
                    )
                }
            guard let holder,
                holder.value.expected(holder.value.running.count - 1) >= candidate.expected(candidate.running.count + 1)
            else { break }
            // The one that matters least.
            guard let job = holder.value.running.max(by: { (jobs[$0]?.rank ?? 0, $0.number) < (jobs[$1]?.rank ?? 0, $1.number) })
            else { break }
            steps.append(pause(job, holder.key))
            steps.append(begin(next, now))
        }
        return steps
    }

    private mutating func limits() -> [Step] {
        var steps: [Step] = []
        for (lane, state) in lanes where !state.running.isEmpty {
            if let budget = state.budget, state.used > budget, !state.isExhausted {
                lanes[lane]?.isExhausted = true
                steps.append(.exhaust(lane))
            }
            for job in state.running {
                guard let entry = jobs[job], entry.used > entry.limit, !entry.isExpired else { continue }
                jobs[job]?.isExpired = true
                steps.append(.expire(job))
            }
        }
        return steps
    }

    /// The job that gets the next slot.
    private func best() -> Job? {
        var found: (job: Job, key: (Duration, Int))?
        for (lane, state) in lanes {
            guard let job = candidate(of: state) else { continue }
            let key = (state.expected(state.running.count), lane.number)
            if let found, found.key < key { continue }
            found = (job, key)
        }
        return found?.job
    }

    /// The job a lane would give a slot: the lowest rank of those that may begin or go on.
    private func candidate(of state: LaneState) -> Job? {
        let paused = state.paused.min { (jobs[$0]?.rank ?? 0, $0.number) < (jobs[$1]?.rank ?? 0, $1.number) }
        guard let waiting = state.waiting.last, let entry = jobs[waiting] else { return paused }
        let hasRoom = state.startedCount == 0 || state.startedCount < slotCount && entry.memory <= laneMemory - state.memory
        guard hasRoom else { return paused }
        guard let paused else { return waiting }
        return (jobs[paused]?.rank ?? 0) <= entry.rank ? paused : waiting
    }

    private mutating func begin(_ job: Job, _ now: Duration) -> Step {
        guard var entry = jobs[job], var state = lanes[entry.lane] else { return .resume(job) }
        let isNew = state.waiting.last == job
        if isNew {
            state.waiting.removeLast()
            state.memory += entry.memory
            state.byteCount += entry.byteCount
        } else {
            state.paused.removeAll { $0 == job }
        }
        state.running.append(job)
        entry.phase = .running(since: now)
        jobs[job] = entry
        lanes[entry.lane] = state
        runningCount += 1
        return isNew ? .start(job) : .resume(job)
    }

    private mutating func pause(_ job: Job, _ lane: Lane) -> Step {
        jobs[job]?.phase = .paused
        lanes[lane]?.running.removeAll { $0 == job }
        lanes[lane]?.paused.append(job)
        runningCount -= 1
        return .pause(job)
    }

    /// Charges every lane for the time its jobs have held slots since the last charge.
    private mutating func charge(_ now: Duration) {
        for (lane, var state) in lanes where !state.running.isEmpty {
            for job in state.running {
                guard case .running(let since)? = jobs[job]?.phase else { continue }
                let time = max(.zero, now - since)
                jobs[job]?.phase = .running(since: now)
                jobs[job]?.used += time
                state.used += time
                let isDear = hasSurcharge && state.used > Self.grant + Self.grantPerByte * state.byteCount
                state.charged += isDear ? time * Self.surcharge : time
            }
            lanes[lane] = state
        }
        if let least = lanes.values.lazy.filter({ !$0.isIdle }).map(\.charged).min() { floor = max(floor, least) }
    }
}
