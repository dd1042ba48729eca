internal import Concurrency
internal import Faults
internal import Decoding
internal import Dispatch
internal import Foundation
internal import ProgressiveCoding
internal import Synchronization

/// Runs the decoders of all sessions: as many at a time as there are cores, in fair turns between sessions.
///
/// A decoder whose session has had its turn is stopped by a signal and goes on when the turn comes round, so a large chunk of one
/// session holds up no other. No thread of Swift's pool waits for a decoder.
package final class DecodingFloor: Sendable {
    private typealias Waiter = CheckedContinuation<DecodedChunk, any Error>
    /// A request and what has become of it.
    private struct Task {
        let request: DecodeRequest
        let decoder: ConfinedDecoder.Lane
        let continuation: Waiter
        var worker: WorkerProcess?
        var isPaused = false
        /// Why it is to end before it is done.
        var end: (any Error)?
    }
    private struct State {
        var turns: FairTurns
        var tasks: [FairTurns.Job: Task] = [:]
        var lanes: [FairTurns.Lane: ConfinedDecoder.Lane] = [:]
        /// When the timer is due next.
        var nextLook: Duration?

        /// Ends a lane.
        /// - Returns: who waits for jobs that never began.
        mutating func close(_ lane: FairTurns.Lane, _ error: any Error, now: Duration) -> [Waiter] {
            let (waiting, begun) = turns.close(lane, now: now)
            lanes[lane] = nil
            for job in begun {
                if tasks[job]?.end == nil { tasks[job]?.end = error }
                tasks[job]?.worker?.kill()
            }
            return waiting.compactMap { tasks.removeValue(forKey: $0)?.continuation }
        }
    }
    private let state: Mutex<State>
    private let limits: WorkerLimits
    private let executable: String
    private let timer = DispatchQueue(label: "fovea.turns")
    private let origin = ContinuousClock.now

    /// The most bytes the decoders of a session hold together, unless one chunk alone takes more.
    package static let laneMemory = 2 << 30
    /// Interval at which turns are looked at while somebody waits, and while nobody does.
    private static let interval = (contended: Duration.milliseconds(10), calm: Duration.milliseconds(200))

    /// Makes a floor.
    /// - Parameters:
    ///   - slotCount: how many decoders run at a time; nil for one a core.
    ///   - executable: the program `fovea-decoder`, or another that calls `ConfinedWorker.serve()`.
    package convenience init(slotCount: Int? = nil, executable: String) {
        self.init(slotCount: slotCount, executable: executable, limits: WorkerLimits())
    }

    package init(slotCount: Int?, executable: String, limits: WorkerLimits) {
        self.executable = executable
        self.limits = limits
        let slots = slotCount ?? ProcessInfo.processInfo.activeProcessorCount
        state = Mutex(State(turns: FairTurns(slotCount: slots, mayPause: true, hasSurcharge: true, laneMemory: Self.laneMemory)))
    }

    private var now: Duration { .now - origin }

    func open(_ make: (FairTurns.Lane) -> ConfinedDecoder.Lane) -> ConfinedDecoder.Lane {
        state.withLock { state in
            let lane = make(state.turns.open())
            state.lanes[lane.lane] = lane
            return lane
        }
    }

    func allow(voxels: Int, to lane: ConfinedDecoder.Lane) {
        state.withLock { $0.turns.allow(limits.budget(voxels: voxels), to: lane.lane) }
    }

    /// Ends a session's work at once: what waits fails, what runs is killed, and what is asked later fails.
    func close(_ lane: ConfinedDecoder.Lane, _ error: any Error) {
        let dropped = state.withLock { $0.close(lane.lane, error, now: now) }
        lane.discard(error)
        for continuation in dropped { continuation.resume(throwing: error) }
        advance()
    }

    func decode(_ request: DecodeRequest, rank: UInt64, in lane: ConfinedDecoder.Lane) async throws -> DecodedChunk {
        try await withCheckedThrowingContinuation { continuation in
            let isTaken = state.withLock { state in
                let job = state.turns.add(
                    to: lane.lane, rank: rank, memory: limits.working(request), limit: limits.time(request),
                    byteCount: request.payloadByteCount)
                guard let job else { return false }
                state.tasks[job] = Task(request: request, decoder: lane, continuation: continuation)
                return true
            }
            if isTaken { advance() } else { continuation.resume(throwing: lane.end ?? CancellationError()) }
        }
    }

    /// Starts processes ahead of time.
    func prepare(_ count: Int, for lane: ConfinedDecoder.Lane) {
        DispatchQueue(label: "fovea.decoding").async { [executable] in
            for _ in 0..<count {
                guard let worker = try? WorkerProcess(executable: executable) else { return }
                lane.put(worker)
            }
        }
    }

    /// Does what is due, and comes back while anything runs.
    private func advance() {
        let (dropped, delay) = state.withLock { state -> ([(Waiter, any Error)], (span: Duration, due: Duration)?) in
            let time = now
            var dropped: [(Waiter, any Error)] = []
            // Signals go out under the lock: a stop that overtook a continue would hold a job for ever.
            for step in state.turns.steps(now: time) {
                switch step {
                case .start(let job): DispatchQueue(label: "fovea.decoding").async { [self] in work(job) }
                case .pause(let job):
                    state.tasks[job]?.isPaused = true
                    state.tasks[job]?.worker?.pause()
                case .resume(let job):
                    state.tasks[job]?.isPaused = false
                    state.tasks[job]?.worker?.resume()
                case .expire(let job):
                    guard let task = state.tasks[job] else { continue }
                    state.tasks[job]?.end = limits.expired(task.request)
                    task.worker?.kill()
                case .exhaust(let number):
                    guard let lane = state.lanes[number] else { continue }
                    let error = WorkerLimits.exhausted(state.turns.used(by: number))
                    dropped += state.close(number, error, now: time).map { ($0, error) }
                    lane.discard(error)
                }
            }
            guard state.turns.isBusy else { return (dropped, nil) }
            let next = time + (state.turns.isContended ? Self.interval.contended : Self.interval.calm)
            if let armed = state.nextLook, armed <= next { return (dropped, nil) }
            state.nextLook = next
            return (dropped, (next - time, next))
        }
        for (continuation, error) in dropped { continuation.resume(throwing: error) }
        guard let delay else { return }
        timer.asyncAfter(deadline: .now() + delay.span / .seconds(1)) { [weak self] in self?.look(delay.due) }
    }

    /// Looks at the turns when the timer says so. Of several timers only the one that was set last counts, or they would multiply.
    private func look(_ due: Duration) {
        let isCurrent = state.withLock { state in
            guard state.nextLook == due else { return false }
            state.nextLook = nil
            return true
        }
        if isCurrent { advance() }
    }

    /// Does one job, on a thread that may wait.
    private func work(_ job: FairTurns.Job) {
        guard let task = state.withLock({ $0.tasks[job] }) else { return }
        let result = Result { try attempt(job, task) }
        let end = state.withLock { state in
            state.turns.finish(job, now: now)
            return state.tasks.removeValue(forKey: job)?.end
        }
        advance()
        task.continuation.resume(with: end.map { .failure($0) } ?? result)
    }

    /// Has a process decode; one that dies is not held against the chunk until it happens again in a fresh one.
    private func attempt(_ job: FairTurns.Job, _ task: Task) throws -> DecodedChunk {
        let message = WorkerMessage(task.request).bytes
        for isRetry in [false, true] {
            let worker = try take(for: task.decoder, isFresh: isRetry)
            guard register(worker, job) else { throw CancellationError() }
            defer { register(nil, job) }
            worker.limit(time: limits.time(task.request), memory: limits.memory(task.request))
            if let bytes = worker.answer(message) {
                var message = WorkerMessage(bytes: bytes)
                guard let result = message.takeResult() else {
                    throw CodingError(.invalidChunk, "the decoder's process gave no answer")
                }
                register(nil, job)
                task.decoder.put(worker)
                return try result.mapError { CodingError(.invalidChunk, $0.message) }.get()
            }
            if worker.hasRunOutOfTime { throw limits.expired(task.request) }
            if state.withLock({ $0.tasks[job]?.end != nil }) { throw CancellationError() }
        }
        throw CodingError(.invalidChunk, "a chunk brought its decoder down twice")
    }

    /// Notes which process does a job; false when the job is to end.
    @discardableResult
    private func register(_ worker: WorkerProcess?, _ job: FairTurns.Job) -> Bool {
        state.withLock { state in
            guard state.tasks[job]?.end == nil else { return false }
            // One that was stopped while it answered must not stay so.
            if worker == nil, state.tasks[job]?.isPaused == true { state.tasks[job]?.worker?.resume() }
            state.tasks[job]?.worker = worker
            if state.tasks[job]?.isPaused == true { worker?.pause() }
            return true
        }
    }

    /// A process of the session's own: one that is idle, or a new one. Where the system gives no new one, the next that is idle.
    private func take(for lane: ConfinedDecoder.Lane, isFresh: Bool) throws -> WorkerProcess {
        let deadline = ContinuousClock.now + .seconds(2)
        while true {
            if !isFresh, let worker = lane.take() { return worker }
            do {
                return try WorkerProcess(executable: executable)
            } catch {
                guard error.code == .exhausted, ContinuousClock.now < deadline else { throw error }
                if let worker = lane.take() { return worker }
                Thread.sleep(forTimeInterval: 0.05)
            }
        }
    }
}
