internal import Concurrency
internal import Receiver
internal import Foundation
internal import Metrics
internal import NIfTIFile
internal import ProgressiveCoding
internal import VolumeModel
internal import WireFormat

/// A session as JSON for a page.
struct SessionJSON: Encodable {
    let name: String
    let state: SessionState
    let message: String?
    let isLive: Bool
    let isOpen: Bool
    let isAltered: Bool
    /// Seconds since 1970.
    let begun: Double
    /// Seconds since the sender's command began, until now or until the end.
    let elapsed: Double
    let volumes: [VolumeJSON]
    let figures: FiguresJSON?
    let focus: [FocusJSON]

    init(_ session: LiveSession, now: ContinuousClock.Instant = .now) {
        name = session.name
        state = session.state
        message = session.message
        isLive = session.isLive
        isOpen = session.isOpen
        isAltered = session.isAltered
        begun = session.date
        elapsed = (session.begun.duration(to: session.ended ?? now)).inSeconds
        volumes = session.volumes.values.sorted { $0.index < $1.index }.map { VolumeJSON($0, of: session) }
        figures = session.figures.map(FiguresJSON.init)
        focus = session.focus.map(FocusJSON.init)
    }
}

/// The progress of a volume.
struct VolumeJSON: Encodable {
    struct Part: Encodable {
        let box: [Int]?
        let stage: String
        let maxError: Double?

        init(missing box: Box?) {
            self.box = box?.sides
            stage = RegionStanding.Stage.missing.rawValue
            maxError = nil
        }

        init(_ standing: RegionStanding) {
            box = standing.box?.sides
            stage = standing.stage.rawValue
            maxError = standing.maxAbsoluteError.flatMap { $0.isFinite ? $0 : nil }
        }
    }
    /// Of the voxels of what shows each first: its base, or exact voxels.
    struct Shares: Encodable {
        let roi: Double?
        let background: Double?
    }
    struct CompletenessJSON: Encodable {
        let exactVoxels: Int
        let bodyVoxels: Int?
        let share: Double
        let bytes: Int

        init(_ completeness: Completeness) {
            exactVoxels = completeness.exactVoxelCount
            bodyVoxels = completeness.bodyVoxelCount
            share = completeness.share
            bytes = completeness.byteCount
        }

        enum Key: String, CodingKey {
            case exactVoxels, bodyVoxels, share, bytes
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(exactVoxels, forKey: .exactVoxels)
            // Null where it is not known.
            try container.encode(bodyVoxels, forKey: .bodyVoxels)
            try container.encode(share, forKey: .share)
            try container.encode(bytes, forKey: .bytes)
        }
    }

    let index: Int
    let name: String
    /// The file's name as its sender has it.
    let title: String?
    let epoch: Int
    /// Number of changes of the regions of interest, and of the rest.
    let revisions: [Int]
    let goal: String
    let regionSource: String?
    let regionCertainty: Double?
    let state: SessionState
    let completeness: CompletenessJSON
    /// Seconds from the start of the sender's command.
    let milestones: [String: Double]
    let regions: [Part]
    let background: Part
    let shares: Shares
    let hasReceipt: Bool
    /// True when the receipt says that every bit is the source's.
    let isExact: Bool

    init(_ volume: LiveVolume, of session: LiveSession) {
        index = volume.index
        name = volume.facts.name
        title = volume.facts.title
        epoch = volume.epoch
        revisions = [volume.regions.revision, volume.rest.revision]
        goal = volume.facts.goal
        regionSource = volume.facts.regionSource
        regionCertainty = volume.facts.regionCertainty
        milestones = Dictionary(uniqueKeysWithValues: volume.milestones.map { ($0.key.rawValue, $0.value.isFinite ? $0.value : 0) })
        regions =
            volume.standing.isEmpty ? volume.facts.regions.map(Part.init(missing:)) : volume.standing.dropLast().map { Part($0) }
        background = volume.standing.last.map { Part($0) } ?? Part(missing: nil)
        shares = Shares(roi: volume.regionShare, background: volume.backgroundShare)
        completeness = CompletenessJSON(volume.completeness)
        hasReceipt = volume.hasReceipt
        isExact = volume.isExact
        state = volume.storedState.map(SessionState.init) ?? (volume.isExact ? .exact : volume.hasReceipt ? .lossy : session.state)
    }
}

/// A session's figures.
struct FiguresJSON: Encodable {
    struct LayerBytes: Encodable {
        let name: String
        let bytes: Int
        let chunks: Int
        let expectedChunks: Int
    }

    let goodput: Double?
    let roundTrip: Double?
    let bytes: Int
    let age: Double
    let layers: [LayerBytes]

    init(_ metrics: SessionMetrics) {
        func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }
        goodput = finite(metrics.goodputBitsPerSecond)
        roundTrip = finite(metrics.roundTripSeconds)
        bytes = metrics.byteCount
        age = finite(metrics.ageSeconds) ?? 0
        layers = metrics.layers.map {
            LayerBytes(name: $0.name, bytes: $0.byteCount, chunks: $0.chunkCount, expectedChunks: $0.expectedChunkCount)
        }
    }
}

/// A request for a part of a volume.
struct FocusJSON: Encodable {
    let id: Int
    let volume: Int
    let timepoint: Int
    /// x0, x1, y0, y1, z0, z1, z over the slices of its time point.
    let box: [Int]
    /// Seconds until all of it was shown; nil until then.
    let seconds: Double?

    init(_ request: RegionRequest) {
        id = Int(request.number)
        volume = request.volume
        timepoint = request.timepoint
        box = request.box.sides
        seconds = if case .shown(let seconds, _) = request.state { seconds } else { nil }
    }
}

/// The data that a page needs to show a volume before any voxel of it: nothing of its header but numbers.
struct VolumeMeta: Encodable {
    let session: String
    let index: Int
    let name: String
    let epoch: Int
    /// Columns, rows, slices, time points.
    let shape: [Int]
    let voxelType: String
    /// The stored value where nothing has arrived; nil where that is no number.
    let fill: Double?
    let slope: Double
    let intercept: Double
    let low: Double
    let high: Double
    let content: [Int]?
    let regions: [[Int]]
    /// From voxel indices to millimetres: three rows of four.
    let affine: [[Double]]

    init(_ volume: LiveVolume, session: String) {
        let facts = volume.facts
        self.session = session
        index = volume.index
        name = facts.name
        epoch = volume.epoch
        shape = [facts.shape.columns, facts.shape.rows, facts.shape.slices, facts.shape.timepoints]
        voxelType = facts.header.voxelType.description
        fill = facts.fill
        let scaling = facts.header.scaling
        let isScaled = scaling.slope != 0 && scaling.slope.isFinite && scaling.intercept.isFinite
        slope = isScaled ? scaling.slope : 1
        intercept = isScaled ? scaling.intercept : 0
        low = facts.low
        high = facts.high
        content = facts.content?.sides
        regions = facts.regions.map(\.sides)
        affine = facts.header.affine.rows
    }
}

extension BoxOf {
    /// x0, x1, y0, y1, z0, z1; ends exclusive.
    var sides: [Int] { [x.lowerBound, x.upperBound, y.lowerBound, y.upperBound, z.lowerBound, z.upperBound] }
}

/// JSON as pages read it.
enum PageJSON {
    /// One line, without its end.
    static func line(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(value)).map { Array($0) } ?? Array("{}".utf8)
    }
}
