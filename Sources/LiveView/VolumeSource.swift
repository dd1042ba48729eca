internal import Receiver
internal import NIfTIFile
internal import ProgressiveCoding
internal import VolumeModel
internal import WireFormat

/// The source of the voxels of a volume that pages look at.
enum VolumeSource: Sendable {
    /// From a session that is being received, or was just now: the decoder, and the volume's place in its manifest.
    case decoder(SessionDecoder, Int)
    /// From files.
    case stored(StoredVolume)

    var decoder: SessionDecoder? { if case .decoder(let decoder, _) = self { decoder } else { nil } }

    /// The voxels of a box as they stand; nil where it reaches out of the volume.
    func part(_ box: StackedBox) async -> VolumePart? {
        switch self {
        case .decoder(let decoder, let index): await decoder.part(volume: index, box: box)
        case .stored(let volume): volume.part(box)
        }
    }
}

/// The facts that are known of a volume before any voxel of it.
struct VolumeFacts: Sendable {
    let name: String
    let header: NIfTIHeader
    /// The stored value where nothing has arrived; nil where that is no number.
    let fill: Double?
    /// Stored values between which all lie.
    let low: Double
    let high: Double
    /// Beyond it nothing ever changes; over one time point.
    let content: Box?
    let regions: [Box]
    /// `roi`, `lossy` or `lossless`; empty where that is not known.
    let goal: String
    /// The file's name as its sender has it, on one line; nil where that is not known.
    let title: String?
    /// Who chose the regions; nil where that is not known.
    let regionSource: String?
    /// Certainty of a model about them, 0 to 1; nil where none says.
    let regionCertainty: Double?
    /// Bytes of memory the volume takes.
    let memoryByteCount: Int

    var shape: Shape { header.shape }

    init(_ decoder: SessionDecoder, _ index: Int) {
        let layout = decoder.layouts[index]
        name = layout.manifest.name.text
        header = layout.header
        fill = Self.fill(layout)
        low = layout.manifest.low
        high = layout.manifest.high
        content = layout.manifest.content
        regions = layout.manifest.regions
        goal = decoder.manifest.goal.name
        title = Name.printable(layout.manifest.title, limit: VolumeManifest.titleByteCount)
        regionSource = layout.manifest.regionSource.name
        regionCertainty = layout.manifest.regionCertainty.map { Double($0) / 100 }
        memoryByteCount = layout.memoryByteCount
    }

    init(_ volume: StoredVolume, goal: String) {
        name = volume.name
        header = volume.header
        fill = volume.fill
        low = volume.range.lowerBound
        high = volume.range.upperBound
        content = volume.content
        regions = volume.standing.compactMap(\.box)
        self.goal = goal
        title = nil
        regionSource = nil
        regionCertainty = nil
        memoryByteCount = volume.memoryByteCount
    }

    private static func fill(_ layout: VolumeLayout) -> Double? {
        let type = layout.header.voxelType
        let bytes = withUnsafeBytes(of: layout.manifest.fill.littleEndian) { Array($0.prefix(type.byteCount)) }
        guard let shape = try? Shape(columns: 1, rows: 1, slices: 1),
            let value = try? Volume(shape: shape, voxelType: type, voxels: bytes).doubles().first
        else { return nil }
        return value.isFinite ? value : nil
    }
}
