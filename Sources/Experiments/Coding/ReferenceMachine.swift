internal import HEVCCodec
internal import ProgressiveCoding
internal import RefinementCodec
internal import VolumeModel
internal import WireFormat

/// How fast the machine is that simulations go by: two cores, both ends of a transfer on it. Nanoseconds a voxel, measured by
/// `fovea experiment` with `coding: measured` on the generated head.
struct ReferenceMachine {
    static let coreCount = 2
    let settings: EncodingSettings

    private static let preparationNanoseconds = 24.0
    private static let digestNanoseconds = 5.0
    private static let storingNanoseconds = 28.0

    /// Reading, finding the region by a mask, planning.
    func preparation(voxelCount: Int) -> Duration { Self.time(voxelCount, Self.preparationNanoseconds) }
    /// Digesting a volume of so many bytes.
    func digest(byteCount: Int) -> Duration { Self.time(byteCount, Self.digestNanoseconds) }
    /// Writing a volume of so many bytes compressed, and reading it back.
    func storing(byteCount: Int) -> Duration { Self.time(byteCount, Self.storingNanoseconds) }

    /// Coding a chunk and decoding it again.
    func encoding(_ chunk: PlannedChunk, voxelCount: Int) -> Duration {
        switch chunk.layer {
        case .roiBase: Self.time(voxelCount, Self.base(settings.roi))
        case .backgroundBase: Self.time(voxelCount, Self.base(settings.background))
        case .mask: Self.time(voxelCount, 25)
        case .roiBounded, .roiRefinement, .backgroundRefinement:
            Self.time(voxelCount, settings.exactCoder == .contextMixing ? 2900 : 300)
        case .extensions, .valueTable: .milliseconds(2)
        case .manifest, .table: .zero
        }
    }

    /// Decoding a chunk and putting it in its place.
    func decoding(_ chunk: PlannedChunk, voxelCount: Int) -> Duration {
        let nanoseconds: Double =
            switch chunk.layer {
            case .roiBase, .backgroundBase: 20
            case .mask: 25
            case .roiBounded, .roiRefinement, .backgroundRefinement: settings.exactCoder == .contextMixing ? 1500 : 80
            case .extensions, .valueTable, .manifest, .table: 0
            }
        return .milliseconds(4) + Self.time(voxelCount, nanoseconds)
    }

    /// x265 by its preset; a full rate-distortion search costs what it costs whatever the preset.
    private static func base(_ parameters: HEVCParameters) -> Double {
        let presets: [String: Double] = [
            "ultrafast": 60, "superfast": 90, "veryfast": 130, "faster": 150, "fast": 200, "medium": 260, "slow": 500, "slower": 1500,
            "veryslow": 2500, "placebo": 6000,
        ]
        let preset = presets[parameters.preset] ?? 260
        let searchesFully = parameters.options.contains { $0.name == "rd" && (Int($0.value) ?? 0) >= 5 }
        return searchesFully ? preset * 2.5 : preset
    }

    private static func time(_ count: Int, _ nanoseconds: Double) -> Duration {
        .nanoseconds(Int64(Double(count) * nanoseconds))
    }
}
