internal import VolumeModel
package import WireFormat

/// Which chunk goes before which.
package enum TransmissionOrder: String, Sendable, CaseIterable {
    /// Layer by layer: regions of interest, then background, then what makes both exact.
    case roiFirst = "roi-first"
    /// Slice by slice, all layers of a chunk together: what a tool without priorities does.
    case fifo

    /// A chunk's rank; lower goes first, strictly.
    package func rank(of chunk: PlannedChunk, ordinal: UInt32) -> UInt64 {
        switch self {
        case .roiFirst: UInt64(chunk.layer.rawValue) << 32 | UInt64(ordinal)
        case .fifo:
            switch chunk.layer {
            // What refinement cannot be read without, and what is not about slices.
            case .extensions, .valueTable: UInt64(ordinal)
            default: UInt64(chunk.box.z.lowerBound + 1) << 36 | UInt64(chunk.layer.rawValue) << 32 | UInt64(ordinal)
            }
        }
    }

    /// When a chunk is coded, which is not when it is sent: the link would stand idle while a slow coder works on what goes first.
    ///
    /// Exact voxels that rest on no base come quickly, so those of the regions are coded before the background's base, and the background's slab by slab
    /// beside it: they go on the link until the base is there and goes ahead. A coder that needs the base is many times slower: half of
    /// what makes the regions exact is coded before the background's base, since all of it would keep a person waiting for the background,
    /// and the background's own refinement behind everything.
    /// - Parameters:
    ///   - isForRegion: whether a mask is one that the regions' exact voxels rest on.
    ///   - usesBase: whether the coder of exact voxels does.
    package func codingRank(of chunk: PlannedChunk, ordinal: UInt32, isForRegion: Bool, usesBase: Bool) -> UInt64 {
        guard self == .roiFirst else { return rank(of: chunk, ordinal: ordinal) }
        let slab = UInt64(chunk.box.z.lowerBound + 1) << 24
        switch chunk.layer {
        case .manifest, .roiBase: return UInt64(ordinal)
        case .valueTable: return 1 << 60 | UInt64(ordinal)
        case .mask: return isForRegion || usesBase ? 1 << 60 | UInt64(ordinal) : 3 << 60 | slab | UInt64(ordinal)
        case .roiBounded: return 2 << 60 | UInt64(ordinal)
        case .roiRefinement: return (usesBase && ordinal % 2 != 0 ? 4 : 2) << 60 | UInt64(ordinal)
        case .extensions: return 3 << 60
        case .backgroundBase: return 3 << 60 | slab | UInt64(ordinal)
        case .backgroundRefinement, .table, .focusBase: return (usesBase ? 5 : 3) << 60 | slab | UInt64(ordinal)
        }
    }

    /// When what was sent is decoded again at this end: behind all that is still to be coded.
    static let verificationRank = UInt64.max

    /// The rank of what a receiver asked for: behind the regions of interest, ahead of everything else, the latest request first.
    package func focusRank(_ focus: Focus) -> UInt64 {
        let behind = self == .roiFirst ? UInt64(Layer.backgroundBase.rawValue) << 32 : 1 << 32
        return behind - 2 - UInt64(min(UInt32(Focus.limit), focus.number))
    }

    /// The rank of the background's base layer under a request: ahead of the other background.
    package var focusedBaseRank: UInt64 { (self == .roiFirst ? UInt64(Layer.backgroundBase.rawValue) << 32 : 1 << 32) - 1 }

    /// The rank of what makes a request exact: as soon as the background is shown.
    package var focusedRefinementRank: UInt64 { (self == .roiFirst ? UInt64(Layer.extensions.rawValue) << 32 : 1 << 33) - 1 }

    /// When a request is coded: behind the regions of interest, ahead of everything else.
    package var focusCodingRank: UInt64 { UInt64(WireLimits.chunkCount) }

    /// The rank of manifest, before everything.
    package static let manifestRank: UInt64 = 0
    /// The rank of the chunk table, after everything.
    package static let tableRank = UInt64.max
}
