internal import Metrics
internal import ProgressiveCoding
public import Sites
internal import Synchronization
internal import VolumeModel

/// What sessions have come to, for pages that follow them: fed by a receiving site's events, and brought up to date about twenty
/// times a second by who serves it.
public final class LiveBoard: Sendable {
    private struct State {
        /// In the order in which they began.
        var sessions: [LiveSession] = []
        var revision = 0
        var hasVisitor = false

        mutating func update(_ name: String, _ body: (inout LiveSession) -> Void) {
            guard let place = sessions.firstIndex(where: { $0.name == name }) else { return }
            body(&sessions[place])
            revision += 1
            sessions[place].revision = revision
        }
    }
    private let state = Mutex(State())

    /// How many ended sessions keep their voxels to be looked at; the one that ended first lets go of them first.
    public static let endedLimit = 4
    /// How many sessions are listed; of the ended ones the first go first.
    public static let listLimit = 64

    /// Makes an empty board.
    public init() {}

    /// Takes what happens at a receiving site. Returns at once: voxels are looked at later.
    public func take(_ event: ReceivingSite.Event) {
        let now = ContinuousClock.now
        state.withLock { state in
            switch event {
            case .manifest(let place, let decoder):
                if !state.sessions.contains(where: { $0.name == place.session }) {
                    state.sessions.append(LiveSession(name: place.session, begun: now))
                }
                state.update(place.session) { $0.announce(place.index, decoder) }
                Self.tidy(&state)
            case .firstROIByte, .progress: break
            case .applied(let place, _, _):
                state.update(place.session) { session in
                    session.stale.insert(place.index)
                    if session.state == .failed { session.state = .receiving }
                }
            case .shown(let place, let box): state.update(place.session) { $0.volumes[place.index]?.show(box) }
            case .focus(let place, let number, let box, let progress):
                let seconds: Double? = if case .shown(let seconds, _) = progress { seconds } else { nil }
                state.update(place.session) { $0.noteFocus(Int(number), volume: place.index, box: box, seconds: seconds) }
            case .milestone(let milestone, let place, let seconds):
                state.update(place.session) { session in
                    session.stale.insert(place.index)
                    session.volumes[place.index]?.reach(milestone, after: seconds)
                    // The sender's own word for when it began, where it makes sense.
                    if seconds.isFinite, seconds >= 0, seconds < 1e6 { session.begun = now - .seconds(seconds) }
                }
            case .receipt(let place): state.update(place.session) { $0.volumes[place.index]?.receive() }
            case .stalled(let name): state.update(name) { $0.state = .stalled }
            case .resumed(let name): state.update(name) { $0.state = .receiving }
            case .altered(let name): state.update(name) { $0.isAltered = true }
            case .refused: break
            case .ended(let name, let result):
                state.update(name) { $0.end(result, at: now) }
                Self.tidy(&state)
            }
        }
    }

    /// Waits until a page has been opened, or so long.
    public func awaitVisit(for patience: Duration) async {
        let deadline = ContinuousClock.now + patience
        while !Task.isCancelled, .now < deadline, !state.withLock({ $0.hasVisitor }) {
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Notes that a page follows.
    func visit() { state.withLock { $0.hasVisitor = true } }

    private static func tidy(_ state: inout State) {
        let ended = state.sessions.filter { $0.ended != nil }.sorted { ($0.ended ?? .now) < ($1.ended ?? .now) }
        for session in ended.filter({ !$0.isForgotten }).dropLast(endedLimit) { state.update(session.name) { $0.forget() } }
        let surplus = Set(ended.prefix(max(0, state.sessions.count - listLimit)).map(\.name))
        if !surplus.isEmpty {
            state.sessions.removeAll { surplus.contains($0.name) }
            state.revision += 1
        }
    }

    /// Asks the decoders how far their volumes have come, where that may have changed; and the sessions' figures.
    func refresh(_ figures: [SessionMetrics]) async {
        let stale = state.withLock { state in
            let stale = state.sessions.flatMap { session in
                session.stale.compactMap { index in
                    session.volumes[index].map { (session: session.name, index: index, decoder: $0.asked) }
                }
            }
            for place in state.sessions.indices { state.sessions[place].stale = [] }
            return stale
        }
        for (name, index, decoder) in stale {
            let progress = await decoder.progress(volume: index)
            state.withLock { $0.update(name) { $0.volumes[index]?.take(progress, from: decoder) } }
        }
        state.withLock { state in
            for metrics in figures where metrics.role == .receiver {
                guard let session = state.sessions.first(where: { $0.name == metrics.session }), session.figures != metrics else {
                    continue
                }
                state.update(metrics.session) { $0.figures = metrics }
            }
        }
    }

    /// Sessions that have changed since a revision, the names of all there are, and the revision they stand at.
    func changes(since revision: Int) -> (revision: Int, names: [String], changed: [LiveSession]) {
        state.withLock { state in
            (state.revision, state.sessions.map(\.name), state.sessions.filter { $0.revision > revision })
        }
    }

    func volume(session: String, index: Int) -> LiveVolume? {
        state.withLock { $0.sessions.first { $0.name == session }?.volumes[index] }
    }

    /// How many requests of a session are not answered yet; nil where there is no such session.
    func openFocusCount(_ session: String) -> Int? {
        state.withLock { state in
            state.sessions.first { $0.name == session }?.focus.count { $0.seconds == nil }
        }
    }
}
