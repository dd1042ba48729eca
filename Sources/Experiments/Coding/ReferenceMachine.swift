internal import HEVCCodec
internal import ProgressiveCoding
internal import ExactCodec
internal import VolumeModel
internal import WireFormat

/// The speed of the machine that simulations go by: two cores, both ends of a transfer on it. Fitted to what `coding: measured`
/// gives there for the generated
/// head and the profiles `diagnostic`, `fast` and `paper`.
struct ReferenceMachine {
    static let coreCount = 2
    let settings: EncodingSettings

    /// Nanoseconds a unit, and of each unit how many.
    private static func time(_ terms: (nanoseconds: Double, count: Int)...) -> Duration {
        .nanoseconds(Int64(terms.reduce(0) { $0 + $1.nanoseconds * Double($1.count) }))
    }

    /// Reading, finding the region by a mask, planning.
    func preparation(voxelCount: Int) -> Duration { Self.time((18.8, voxelCount)) }
    /// Digesting a volume of so many bytes.
    func digest(byteCount: Int) -> Duration { Self.time((1.5, byteCount)) }
    /// Writing a volume of so many bytes compressed, and reading it back.
    func storing(byteCount: Int) -> Duration { Self.time((20.7, byteCount)) }

    /// Coding a chunk and decoding it again.
    /// - Parameter voxelCount: those of the body; the box holds more.
    func encoding(_ chunk: PlannedChunk, voxelCount: Int) -> Duration {
        let all = chunk.box.voxelCount
        switch chunk.layer {
        // A region is body nearly everywhere; of a background box what is empty costs next to nothing.
        case .roiBase: return Self.time((Self.base(settings.roi), all))
        case .backgroundBase: return Self.time((Self.base(settings.background), voxelCount))
        case .mask: return Self.time((20, all))
        case .roiBounded, .roiRefinement, .backgroundRefinement:
            return switch settings.exactCoder {
            case .contextMixing: Self.time((250, all), (1500, voxelCount))
            case .linear: Self.time((30, all), (100, voxelCount))
            case .stored: Self.time((10, all), (60, voxelCount))
            }
        case .extensions, .valueTable: return .milliseconds(2)
        case .manifest, .table, .focusBase: return .zero
        }
    }

    /// Decoding a chunk and putting it in its place.
    func decoding(_ chunk: PlannedChunk, voxelCount: Int) -> Duration {
        let all = chunk.box.voxelCount
        let work =
            switch chunk.layer {
            case .roiBase: Self.time((130, all))
            case .backgroundBase: Self.time((30, all))
            case .mask: Self.time((20, all))
            case .roiBounded, .roiRefinement, .backgroundRefinement:
                switch settings.exactCoder {
                case .contextMixing: Self.time((200, all), (900, voxelCount))
                case .linear: Self.time((20, all), (50, voxelCount))
                case .stored: Self.time((10, all), (10, voxelCount))
                }
            case .extensions, .valueTable, .manifest, .table, .focusBase: Duration.zero
            }
        return .milliseconds(8) + work
    }

    /// x265 by its preset, nanoseconds a voxel of the body at 12 bits. A full search by rate and distortion costs more where the preset
    /// has none; 8 bits cost less.
    private static func base(_ parameters: HEVCParameters) -> Double {
        let presets: [String: Double] = [
            "ultrafast": 350, "superfast": 450, "veryfast": 600, "faster": 650, "fast": 800, "medium": 1050, "slow": 1440,
            "slower": 4000, "veryslow": 7000, "placebo": 15000,
        ]
        let preset = presets[parameters.preset] ?? 1050
        let searchesFully = parameters.options.contains { $0.name == "rd" && (Int($0.value) ?? 0) >= 5 }
        return preset * (searchesFully && preset < 1050 ? 4 : 1) * (parameters.bitDepth == 8 ? 0.4 : 1)
    }
}
