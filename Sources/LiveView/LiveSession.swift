internal import Faults
internal import Receiver
internal import Foundation
internal import Metrics
internal import ProgressiveCoding
internal import VolumeModel
internal import WireFormat

/// The state of a session; ``ViewRouter`` says what each state means.
enum SessionState: String, Sendable, Encodable {
    case receiving, stalled, exact, unverified, lossy, incomplete, failed

    init(_ state: StoredSession.State) {
        self =
            switch state {
            case .exact: .exact
            case .unverified: .unverified
            case .lossy: .lossy
            case .incomplete: .incomplete
            case .failed: .failed
            }
    }
}

/// A session as pages show it: one that is being received, or whose volumes are open.
struct LiveSession: Sendable {
    let name: String
    private(set) var state = SessionState.receiving
    /// Why it ended early, for a person.
    private(set) var message: String?
    /// True while it is being received.
    private(set) var isLive: Bool
    var isAltered = false
    private(set) var volumes: [Int: LiveVolume] = [:]
    var figures: SessionMetrics?
    private(set) var focus: [RegionRequest] = []
    /// When the sender's command began, as well as is known.
    var begun: ContinuousClock.Instant
    /// The same in seconds since 1970.
    var date: Double
    private(set) var ended: ContinuousClock.Instant?
    /// The store's revision when this changed last.
    var revision = 0
    /// Volumes that may have come further than is known.
    var stale: Set<Int> = []
    /// When a page last showed it.
    var lastLook: ContinuousClock.Instant

    /// The most requests for a part that are kept.
    static let focusLimit = 8

    /// One that begins to come.
    init(name: String, begun: ContinuousClock.Instant) {
        self.name = name
        self.begun = begun
        lastLook = begun
        date = Date().timeIntervalSince1970
        isLive = true
    }

    /// One that was opened.
    init(_ opened: OpenedSession, at time: ContinuousClock.Instant, epoch: () -> Int) {
        name = opened.session.name.text
        state = SessionState(opened.session.state)
        message = opened.session.message
        isLive = false
        begun = time
        ended = time
        lastLook = time
        date = opened.session.date
        for (index, volume) in opened.volumes {
            volumes[index] = LiveVolume(index: index, epoch: epoch(), stored: volume, goal: opened.goal)
        }
    }

    /// True when its volumes can be fetched.
    var isOpen: Bool { isLive || !volumes.isEmpty }
    /// Bytes of memory that its volumes take.
    var memoryByteCount: Int { volumes.values.reduce(0) { $0 + $1.facts.memoryByteCount } }

    /// A connection announces a volume.
    /// - Parameter fresh: the volume as one that begins anew.
    mutating func announce(_ fresh: LiveVolume, _ decoder: SessionDecoder) {
        if !isLive { volumes = volumes.filter { $0.value.source.decoder != nil } }
        isLive = true
        state = .receiving
        message = nil
        ended = nil
        stale.insert(fresh.index)
        if volumes[fresh.index]?.goOn(with: decoder) == true { return }
        volumes[fresh.index] = fresh
    }

    mutating func update(_ volume: Int, _ body: (inout LiveVolume) -> Void) {
        guard var copy = volumes.removeValue(forKey: volume) else { return }
        body(&copy)
        volumes[volume] = copy
    }

    mutating func setStalled(_ isStalled: Bool) {
        guard isLive else { return }
        state = isStalled ? .stalled : .receiving
    }

    /// Chunks come: whatever was said of another connection, it is being received.
    mutating func revive() {
        guard !isLive, volumes.values.contains(where: { $0.source.decoder != nil }) else { return }
        isLive = true
        state = .receiving
        message = nil
        ended = nil
    }

    /// The connection is over, and the session with it or not.
    mutating func end(_ result: Result<ReceivingSite.Summary, any Error>, at time: ContinuousClock.Instant) {
        ended = time
        isLive = false
        stale.formUnion(volumes.keys)
        switch result {
        case .success(let summary):
            // What was written, read back and confirmed; the volumes here may not have been asked for the last time yet.
            let isExact = !summary.volumes.isEmpty && summary.volumes.allSatisfy { $0.state == .lossless }
            state = isExact ? .exact : .lossy
            message = nil
        case .failure(let error):
            let isFalse = (error as? CodingError)?.code == .verificationFailed
            state = isFalse ? .failed : .incomplete
            message = Name.printable("\(error)", limit: 300)
        }
    }

    /// Lets go of its voxels.
    mutating func close() {
        volumes = [:]
        stale = []
        focus = []
    }

    /// Records that a region is requested, perhaps again on another connection, or shown.
    mutating func record(_ request: RegionRequest) {
        guard let index = focus.firstIndex(where: { $0.number == request.number }) else {
            focus.append(request)
            if focus.count > Self.focusLimit { focus.removeFirst() }
            return
        }
        if request.state != .asked { focus[index] = request }
    }
}
