internal import Metrics
internal import ProgressiveCoding
internal import Sites
internal import VolumeModel

/// A session as pages show it.
struct LiveSession: Sendable {
    enum State: String, Sendable, Encodable {
        case receiving, stalled, complete, failed
    }

    let name: String
    var state = State.receiving
    /// Why it ended early, for a person.
    var message: String?
    var isAltered = false
    var volumes: [Int: LiveVolume] = [:]
    var figures: SessionMetrics?
    var focus: [FocusRequest] = []
    /// When the sender's command began, as well as is known.
    var begun: ContinuousClock.Instant
    var ended: ContinuousClock.Instant?
    /// The board's revision when this changed last.
    var revision = 0
    /// Volumes that may have come further than is known.
    var stale: Set<Int> = []
    /// Whether its voxels were let go.
    var isForgotten = false

    /// The most requests for a part that are kept.
    static let focusLimit = 8

    init(name: String, begun: ContinuousClock.Instant) {
        self.name = name
        self.begun = begun
    }

    mutating func announce(_ index: Int, _ decoder: SessionDecoder) {
        state = .receiving
        message = nil
        ended = nil
        isForgotten = false
        stale.insert(index)
        if volumes[index]?.goOn(with: decoder) == true { return }
        volumes[index] = LiveVolume(index: index, epoch: (volumes[index]?.epoch ?? 0) + 1, decoder: decoder)
    }

    mutating func end(_ result: Result<ReceivingSite.Summary, any Error>, at time: ContinuousClock.Instant) {
        ended = time
        stale.formUnion(volumes.keys)
        switch result {
        case .success:
            state = .complete
            message = nil
        case .failure(let error):
            state = .failed
            message = "\(error)"
        }
    }

    /// Keeps what is said of it, but no voxels.
    mutating func forget() {
        isForgotten = true
        volumes = [:]
        stale = []
    }

    /// A part of a volume is asked for, perhaps again on another connection; or is shown, so many seconds after it was asked for.
    mutating func noteFocus(_ id: Int, volume: Int, box: Box, seconds: Double?) {
        guard let place = focus.firstIndex(where: { $0.id == id }) else {
            focus.append(FocusRequest(id: id, volume: volume, box: box, seconds: seconds))
            if focus.count > Self.focusLimit { focus.removeFirst() }
            return
        }
        focus[place].seconds = seconds ?? focus[place].seconds
    }
}
