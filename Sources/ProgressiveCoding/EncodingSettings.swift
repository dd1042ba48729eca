internal import Faults
package import HEVCCodec
package import ExactCodec
internal import WireFormat

/// An encoding profile: the rules by which a volume becomes layers.
package struct EncodingSettings: Sendable, Equatable {
    /// The extent of a region of interest as it is coded.
    package enum RegionShape: String, Sendable, CaseIterable {
        /// As it was found.
        case box
        /// Its rows and columns made equal, as in the published method.
        case square
    }
    /// Content of the background layer where the regions of interest are cut out.
    package enum HoleFill: String, Sendable, CaseIterable {
        /// A smooth surface from rim to rim, which costs the codec next to nothing.
        case harmonic
        /// The sample of the fill value, as in the published method, where that is zero.
        case zero
    }
    /// Part of a slice that the background layer holds.
    package enum BackgroundCrop: String, Sendable, CaseIterable {
        /// The box beyond which every voxel holds the fill value.
        case content
        /// Whole slices.
        case full
    }

    /// Spacing of the samples over the stored values.
    package enum SampleSpacing: String, Sendable, CaseIterable {
        /// Even, but for a long tail of great values, which gets a sixteenth of the samples.
        case knee
        /// Even from the least value to the greatest.
        case linear
    }

    /// Which base layers are planned for a volume that goes on to exact; without that, all are.
    package enum Previews: String, Sendable, CaseIterable {
        /// All of them.
        case always
        /// Those that show something sooner on the link that is expected.
        case whereTheyPay = "where-they-pay"
        /// None: exact voxels alone.
        case never
    }

    /// Choice of what goes first where a model found nothing or is unsure, or nothing was looked for.
    package enum WhenUnsure: String, Sendable, CaseIterable {
        /// The whole volume, as the region of interest.
        case whole
        /// The same, from its middle slices outward.
        case centreOut = "centre-out"
        /// Nothing: all of it is background.
        case none
    }

    /// The profile's name.
    package let name: String
    /// Parameters by which the regions of interest are coded.
    package let roi: HEVCParameters
    /// Parameters by which the rest is coded.
    package let background: HEVCParameters
    /// Slices a chunk holds, as nearly as even lengths allow; nil for one chunk a layer.
    package let chunkSliceCount: Int?
    /// The extent of a region of interest as it is coded.
    package let regionShape: RegionShape
    /// Content of the background where a region is cut out.
    package let holeFill: HoleFill
    /// Part of a slice that the background layer holds.
    package let backgroundCrop: BackgroundCrop
    /// Spacing of the samples over the stored values.
    package let sampleSpacing: SampleSpacing
    /// The coder that makes voxels exact.
    package let exactCoder: ExactCoders
    /// Which base layers are planned.
    package let previews: Previews
    /// Choice of what goes first where nobody knows what should.
    package let whenUnsure: WhenUnsure
    /// Greatest absolute error that a voxel of the regions of interest may have, in stored units, whatever the goal; nil for no promise. A
    /// transfer that goes on to exact passes through it.
    package let roiMaxError: Int?

    /// Makes settings.
    /// - Throws: `CodingError.Code.invalidSettings`.
    package init(
        name: String, roi: HEVCParameters, background: HEVCParameters, chunkSliceCount: Int? = 32, regionShape: RegionShape = .box,
        holeFill: HoleFill = .harmonic, backgroundCrop: BackgroundCrop = .content, sampleSpacing: SampleSpacing = .knee,
        exactCoder: ExactCoders = .contextMixing, previews: Previews = .always,
        whenUnsure: WhenUnsure = .whole, roiMaxError: Int? = nil
    ) throws(CodingError) {
        guard roi.bitDepth == background.bitDepth else {
            throw CodingError(
                .invalidSettings, "ROI and background must have one bit depth, not \(roi.bitDepth) and \(background.bitDepth)")
        }
        if let chunkSliceCount, !(1...1024).contains(chunkSliceCount) {
            throw CodingError(.invalidSettings, "chunks of \(chunkSliceCount) slices: use 1 to 1024, or 'whole'")
        }
        guard previews == .always || !exactCoder.coder.usesBase else {
            throw CodingError(
                .invalidSettings, "\(exactCoder.rawValue) makes voxels exact by their base, which has to be there always")
        }
        if let roiMaxError, !(0...VolumeManifest.maxErrorLimit).contains(roiMaxError) {
            throw CodingError(.invalidSettings, "a maximum error of \(roiMaxError): use 0 to \(VolumeManifest.maxErrorLimit)")
        }
        self.name = name
        self.roi = roi
        self.background = background
        self.chunkSliceCount = chunkSliceCount
        self.regionShape = regionShape
        self.holeFill = holeFill
        self.backgroundCrop = backgroundCrop
        self.sampleSpacing = sampleSpacing
        self.exactCoder = exactCoder
        self.previews = previews
        self.whenUnsure = whenUnsure
        self.roiMaxError = roiMaxError
    }
}
