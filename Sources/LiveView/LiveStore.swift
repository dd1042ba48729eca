internal import Faults
package import Receiver
internal import Transfer
internal import Foundation
package import Metrics
internal import ProgressiveCoding
internal import Synchronization
internal import VolumeModel

/// The present state of sessions, for pages that follow them: fed by a receiving site's events and by what lies in its folder, and brought
/// up to date about twenty times a second by who serves it.
///
/// Of a session that has ended it keeps voxels only while a page shows it, and of all of those together no more than a limit.
package final class LiveStore: Sendable {
    struct State {
        /// In the order in which they began or were opened: those that are being received, those that are open, and some that were closed.
        var sessions: [LiveSession] = []
        /// The sessions that were found in the folder last, by name.
        var stored: [String: StoredSession] = [:]
        /// The states in which files were found when they were compared, or written and read back here.
        var judged: [String: Judgement] = [:]
        /// Which session each page shows.
        var pages: [Int: String] = [:]
        var pageCount = 0
        var epochCount = 0
        var revision = 0
        /// The revision at which the list of sessions may have changed last.
        var listRevision = 0
        var hasVisitor = false
        /// True when the folder is to be looked at soon, whether or not there is a page.
        var isListingDue = false

        mutating func update(_ name: String, _ body: (inout LiveSession) -> Void) {
            guard let place = sessions.firstIndex(where: { $0.name == name }) else { return }
            let before = Entry(sessions[place])
            body(&sessions[place])
            revision += 1
            sessions[place].revision = revision
            if Entry(sessions[place]) != before { listRevision = revision }
        }

        mutating func nextEpoch() -> Int {
            epochCount += 1
            return epochCount
        }
    }

    /// The state in which a session's files were found.
    struct Judgement {
        let state: StoredSession.State
        let message: String?
        /// The files it is about; nil until they are looked at for the first time after they were written here.
        var files: StoredSession?
    }

    let state = Mutex(State())
    /// The most bytes that the volumes of sessions may take that have ended.
    let openByteLimit: Int

    /// The most sessions that were closed and are still remembered here; the folder's are listed all the same.
    private static let closedLimit = 64
    /// The time that a session stays open when no page shows it.
    static let openTime = Duration.seconds(30)

    /// Makes an empty store.
    /// - Parameter openByteLimit: the most bytes of memory for volumes of sessions that have ended, all of them together.
    package init(openByteLimit: Int = 2 << 30) { self.openByteLimit = openByteLimit }

    /// Takes what happens at a receiving site. Returns at once: voxels are looked at later.
    package func take(_ event: ReceivingSite.Event) {
        let now = ContinuousClock.now
        if case .manifest(let place, let decoder) = event {
            // Cutting it into pieces may take a moment, in which nobody is to be held up.
            let fresh = LiveVolume(index: place.index, epoch: 0, decoder: decoder)
            return state.withLock { $0.announce(fresh, decoder, place.session, at: now) }
        }
        state.withLock { state in
            switch event {
            case .manifest, .firstROIByte, .progress: break
            case .applied(let place, _, _, _):
                state.update(place.session) { session in
                    session.stale.insert(place.index)
                    session.revive()
                }
            case .shown(let place, let box): state.update(place.session) { $0.update(place.index) { $0.show(box) } }
            case .focus(let place, let request): state.update(place.session) { $0.record(request) }
            case .milestone(let milestone, let place, let seconds, _):
                state.update(place.session) { session in
                    session.stale.insert(place.index)
                    session.update(place.index) { $0.reach(milestone, after: seconds) }
                    // The sender's own word for when it began, where it makes sense.
                    if seconds.isFinite, seconds >= 0, seconds < 1e6 {
                        session.begun = now - .seconds(seconds)
                        session.date = (Date().timeIntervalSince1970 - seconds).rounded()
                    }
                }
            case .receipt(let place): state.update(place.session) { $0.update(place.index) { $0.receive() } }
            case .stalled(let name): state.update(name) { $0.setStalled(true) }
            case .resumed(let name): state.update(name) { $0.setStalled(false) }
            case .altered(let name): state.update(name) { $0.isAltered = true }
            case .refused: break
            case .ended(_, .failure(let error as TransferError)) where error.code == .sessionBusy || error.code == .sessionExists:
                // One connection of several that bear its name: the session goes on with another.
                break
            case .ended(let name, let result):
                state.update(name) { $0.end(result, at: now) }
                state.noteEnd(of: name)
            }
        }
    }

    /// Waits until a page has been opened, or so long.
    package func awaitVisit(for timeout: Duration) async {
        let deadline = ContinuousClock.now + timeout
        while !Task.isCancelled, .now < deadline, !state.withLock({ $0.hasVisitor }) {
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Asks the decoders how far their volumes have come, where that may have changed; and the sessions' figures. Closes what no page
    /// shows.
    package func refresh(_ figures: [SessionMetrics], now: ContinuousClock.Instant = .now) async {
        let stale = state.withLock { state in
            let stale = state.sessions.flatMap { session in
                session.stale.compactMap { index in
                    session.volumes[index]?.asked.map { (session: session.name, index: index, decoder: $0) }
                }
            }
            for place in state.sessions.indices { state.sessions[place].stale = [] }
            return stale
        }
        for (name, index, decoder) in stale {
            let progress = await decoder.progress(volume: index)
            state.withLock { $0.update(name) { $0.update(index) { $0.take(progress, from: decoder) } } }
        }
        let limit = openByteLimit
        state.withLock { state in
            for metrics in figures where metrics.role == .receiver {
                guard let session = state.sessions.first(where: { $0.name == metrics.session }), session.figures != metrics else {
                    continue
                }
                state.update(metrics.session) { $0.figures = metrics }
            }
            state.tidy(to: limit, closedLimit: Self.closedLimit, now: now)
        }
    }

    /// Sessions that have changed since a revision, the list of all where it has, and the revision they stand at.
    func changes(since revision: Int) -> (revision: Int, list: [Entry]?, changed: [LiveSession]) {
        state.withLock { state in
            (
                state.revision, state.listRevision > revision || revision < 0 ? state.list() : nil,
                state.sessions.filter { $0.revision > revision }
            )
        }
    }

    /// A volume of an open session. To ask for it is to look at it.
    func volume(session: String, index: Int) -> LiveVolume? {
        state.withLock { state in
            guard let place = state.sessions.firstIndex(where: { $0.name == session }) else { return nil }
            state.sessions[place].lastLook = .now
            return state.sessions[place].volumes[index]
        }
    }
}

extension LiveStore.State {
    fileprivate mutating func announce(
        _ fresh: LiveVolume, _ decoder: SessionDecoder, _ name: String, at now: ContinuousClock.Instant
    ) {
        var fresh = fresh
        fresh.epoch = nextEpoch()
        judged[name] = nil
        if !sessions.contains(where: { $0.name == name }) { sessions.append(LiveSession(name: name, begun: now)) }
        update(name) { $0.announce(fresh, decoder) }
        listRevision = revision
    }

    /// A session that ended here: what was written is known, and stays so for as long as the files do.
    fileprivate mutating func noteEnd(of name: String) {
        guard let session = sessions.first(where: { $0.name == name }) else { return }
        isListingDue = true
        if session.state == .exact { judged[name] = LiveStore.Judgement(state: .exact, message: nil) }
    }

    /// Closes sessions that have ended and that no page shows, and more where they take too much; forgets those closed long ago.
    mutating func tidy(to limit: Int, closedLimit: Int, now: ContinuousClock.Instant) {
        let shown = Set(pages.values)
        for place in sessions.indices where shown.contains(sessions[place].name) { sessions[place].lastLook = now }
        let open = sessions.filter { !$0.isLive && $0.isOpen }
            .sorted { (shown.contains($0.name) ? 1 : 0, $0.lastLook) < (shown.contains($1.name) ? 1 : 0, $1.lastLook) }
        var taken = open.reduce(0) { $0 + $1.memoryByteCount }
        for session in open {
            let isUnseen = !shown.contains(session.name) && now - max(session.lastLook, session.ended ?? now) > LiveStore.openTime
            guard isUnseen || taken > limit else { continue }
            taken -= session.memoryByteCount
            update(session.name) { $0.close() }
        }
        let closed = sessions.filter { !$0.isOpen }
        guard closed.count > closedLimit else { return }
        let surplus = Set(closed.prefix(closed.count - closedLimit).map(\.name))
        sessions.removeAll { surplus.contains($0.name) }
    }
}
