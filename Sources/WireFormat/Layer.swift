/// The purpose of a chunk.
public enum Layer: UInt8, Sendable, CaseIterable, Comparable {
    /// Geometry, layers and the plan of chunks.
    case manifest = 0
    /// The region of interest at base quality.
    case roiBase = 1
    /// Everything else at base quality.
    case backgroundBase = 2
    /// Header extensions, and bytes after the voxels.
    case extensions = 3
    /// Which voxels hold exactly the fill value.
    case mask = 4
    /// The numbering of exact voxels, where that takes a table.
    case valueTable = 5
    /// The region of interest from base to within a bound of exact.
    case roiBounded = 6
    /// The region of interest from there to exact.
    case roiRefinement = 7
    /// Everything else from base to exact.
    case backgroundRefinement = 8
    /// Every chunk's length, digest and measured error.
    case table = 9
    /// The part that a receiver asked for, at the quality of a region of interest; stands in no plan.
    case focusBase = 10

    /// The name in JSON.
    public var name: String {
        switch self {
        case .manifest: "manifest"
        case .roiBase: "roi_base"
        case .backgroundBase: "background_base"
        case .extensions: "extensions"
        case .mask: "mask"
        case .valueTable: "value_table"
        case .roiBounded: "roi_bounded"
        case .roiRefinement: "roi_refinement"
        case .backgroundRefinement: "background_refinement"
        case .table: "table"
        case .focusBase: "focus_base"
        }
    }

    public static func < (a: Layer, b: Layer) -> Bool { a.rawValue < b.rawValue }
}

/// The goal of a transfer: how far it goes.
public enum Goal: UInt8, Sendable, CaseIterable, Comparable {
    /// The region of interest at base quality.
    case roi = 1
    /// The whole volume at base quality.
    case lossy = 2
    /// Every bit of the source file's uncompressed bytes.
    case lossless = 3

    /// The name on the command line.
    public var name: String {
        switch self {
        case .roi: "roi"
        case .lossy: "lossy"
        case .lossless: "lossless"
        }
    }

    public static func < (a: Goal, b: Goal) -> Bool { a.rawValue < b.rawValue }
}

/// The state of a received volume.
public enum VolumeState: UInt8, Sendable {
    /// Voxels are missing, or no claim is made.
    case partial = 0
    /// Every voxel is there at base quality or better, as the sender reconstructed it.
    case lossy = 1
    /// Bit for bit the source.
    case lossless = 2

    /// The name in JSON.
    public var name: String {
        switch self {
        case .partial: "partial"
        case .lossy: "lossy"
        case .lossless: "lossless"
        }
    }
}
