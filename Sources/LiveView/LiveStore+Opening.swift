internal import Receiver
internal import Foundation
internal import Synchronization
internal import WireFormat

extension LiveStore {
    /// A line of the list of all sessions.
    struct Entry: Encodable, Equatable {
        let name: String
        let state: SessionState
        /// Seconds since 1970.
        let begun: Double
        let isLive: Bool
        let isOpen: Bool

        init(_ session: LiveSession) {
            name = session.name
            state = session.state
            begun = session.date.rounded()
            isLive = session.isLive
            isOpen = session.isOpen
        }

        init(_ session: StoredSession, _ judgement: Judgement?) {
            name = session.name.text
            state = SessionState(judgement?.state ?? session.state)
            begun = session.date
            isLive = false
            isOpen = false
        }
    }

    /// The result of opening a session for a page.
    enum Opening {
        case opened(LiveSession)
        /// Nothing was to be opened.
        case none
        case noSession, noPage, tooLarge, noRoom
    }

    /// A page follows.
    /// - Returns: its number.
    func enter() -> Int {
        state.withLock { state in
            state.hasVisitor = true
            state.isListingDue = true
            state.pageCount += 1
            // It shows nothing yet; no session is called so.
            state.pages[state.pageCount] = ""
            return state.pageCount
        }
    }

    /// A page follows no more.
    func leave(_ page: Int) { state.withLock { $0.pages[page] = nil } }

    /// Tells whether any page follows, or a session has just ended.
    func takeListingDue() -> Bool {
        state.withLock { state in
            defer { state.isListingDue = false }
            return state.isListingDue || !state.pages.isEmpty
        }
    }

    /// True when a session has just ended, or a page has just come.
    var isListingUrgent: Bool { state.withLock { $0.isListingDue } }

    /// Returns the name of a volume, of any session in the folder.
    func volumeName(session: String, index: Int) -> String? {
        state.withLock { state in
            if let volume = state.sessions.first(where: { $0.name == session })?.volumes[index] { return volume.facts.name }
            guard let names = state.stored[session]?.volumes, names.indices.contains(index) else { return nil }
            return names[index]
        }
    }

    /// The sessions that were found in the folder last.
    var stored: [String: StoredSession] { state.withLock { $0.stored } }

    /// Takes what was found in the folder.
    func take(_ found: [StoredSession]) {
        state.withLock { state in
            let stored = Dictionary(found.map { ($0.name.text, $0) }) { first, _ in first }
            for (name, judgement) in state.judged {
                guard let now = stored[name] else {
                    if !state.sessions.contains(where: { $0.name == name && $0.isLive }) { state.judged[name] = nil }
                    continue
                }
                if judgement.files == nil {
                    state.judged[name]?.files = now
                } else if judgement.files?.isOfSameFiles(as: now) != true {
                    state.judged[name] = nil
                    // What is open is what was read; what is closed is the files.
                    state.sessions.removeAll { $0.name == name && !$0.isOpen }
                }
            }
            guard stored != state.stored else { return }
            state.stored = stored
            state.revision += 1
            state.listRevision = state.revision
        }
    }

    /// Opens a session for a page, which shows no other then: reads its files where it is not open.
    /// - Parameter name: nil where the page shows none.
    func open(_ name: String?, page: Int, from shelf: SessionShelf) async -> Opening {
        let isKnown = state.withLock { state in
            guard state.pages[page] != nil else { return false }
            state.pages[page] = name ?? ""
            return true
        }
        guard isKnown else { return .noPage }
        guard let name else { return .none }
        if let open = opened(name) { return .opened(open) }
        guard let checked = try? Name(name) else { return .noSession }
        // One after another, so that each knows what the ones before it take.
        return await shelf.reading { [self] in
            // Whoever has gone on to another meanwhile waits for nothing.
            guard state.withLock({ $0.pages[page] == name }) else { return .none }
            if let open = opened(name) { return .opened(open) }
            let room = makeRoom()
            do throws(OpeningError) {
                let opened = try StoredSession.open(shelf.root, checked, key: shelf.key, memoryLimit: room)
                return put(opened).map { .opened($0) } ?? .noSession
            } catch {
                state.withLock { state in if state.pages[page] == name { state.pages[page] = "" } }
                switch error {
                case .notFound: return .noSession
                case .tooLarge: return room < openByteLimit ? .noRoom : .tooLarge
                }
            }
        }
    }

    /// A session that is open, now looked at.
    private func opened(_ name: String) -> LiveSession? {
        state.withLock { state in
            guard let place = state.sessions.firstIndex(where: { $0.name == name && $0.isOpen }) else { return nil }
            state.sessions[place].lastLook = .now
            return state.sessions[place]
        }
    }

    /// Closes every session that has ended and that no page shows.
    /// - Returns: bytes of memory that are left.
    private func makeRoom() -> Int {
        state.withLock { state in
            let shown = Set(state.pages.values)
            var left = openByteLimit
            for session in state.sessions where !session.isLive && session.isOpen {
                if shown.contains(session.name) {
                    left -= session.memoryByteCount
                } else {
                    state.update(session.name) { $0.close() }
                }
            }
            return max(0, left)
        }
    }

    /// Shows a session that was read.
    private func put(_ opened: OpenedSession) -> LiveSession? {
        state.withLock { state in
            let name = opened.session.name.text
            // Its sender may have come back meanwhile: then it is shown as it comes.
            if let live = state.sessions.first(where: { $0.name == name && $0.isOpen }) { return live }
            state.sessions.removeAll { $0.name == name }
            let session = LiveSession(opened, at: .now) { state.nextEpoch() }
            state.sessions.append(session)
            state.judged[name] = Judgement(
                state: opened.session.state, message: opened.session.message, files: opened.session)
            state.update(name) { _ in }
            state.listRevision = state.revision
            return state.sessions.last
        }
    }
}

extension LiveStore.State {
    /// Every session there is, the newest first.
    func list() -> [LiveStore.Entry] {
        let here = sessions.filter { $0.isOpen || stored[$0.name] == nil }
        let names = Set(here.map(\.name))
        let entries =
            here.map(LiveStore.Entry.init)
            + stored.values.filter { !names.contains($0.name.text) }.map { LiveStore.Entry($0, judged[$0.name.text]) }
        return entries.sorted { ($0.isLive ? 1 : 0, $0.begun, $0.name) > ($1.isLive ? 1 : 0, $1.begun, $1.name) }
    }
}
