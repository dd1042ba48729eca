/// An encoding profile that leaves to the link what the link decides, or that decides all itself.
package struct EncodingPolicy: Sendable, Equatable {
    /// The profile's name.
    package let name: String
    /// For links that carry no more than `upTo` bits a second; nil where it is all the same.
    private let slow: (upTo: Double, settings: EncodingSettings)?
    private let other: EncodingSettings

    /// Settings for whatever link.
    package init(_ settings: EncodingSettings) {
        name = settings.name
        slow = nil
        other = settings
    }

    /// Settings for links that carry no more than `upTo` bits a second, and for the others, also where nobody knows what a link carries.
    package init(name: String, upTo: Double, slow: EncodingSettings, otherwise other: EncodingSettings) {
        self.name = name
        self.slow = (upTo, slow)
        self.other = other
    }

    /// The settings for a link.
    /// - Parameter bitsPerSecond: what it is expected to carry; nil where nobody knows.
    package func settings(bitsPerSecond: Double?) -> EncodingSettings {
        guard let slow, let bitsPerSecond, bitsPerSecond <= slow.upTo else { return other }
        return slow.settings
    }

    package static func == (a: EncodingPolicy, b: EncodingPolicy) -> Bool {
        a.name == b.name && a.other == b.other && a.slow?.upTo == b.slow?.upTo && a.slow?.settings == b.slow?.settings
    }
}

extension EncodingSettings {
    /// The same with another rule for which base layers are planned, or for what goes first where nobody knows.
    /// - Throws: `CodingError.Code.invalidSettings` when the coder of exact voxels cannot do without base layers.
    package func with(previews: Previews? = nil, whenUnsure: WhenUnsure? = nil) throws(CodingError) -> EncodingSettings {
        try EncodingSettings(
            name: name, roi: roi, background: background, chunkSliceCount: chunkSliceCount, regionShape: regionShape,
            holeFill: holeFill, backgroundCrop: backgroundCrop, sampleSpacing: sampleSpacing, exactCoder: exactCoder,
            previews: previews ?? self.previews, whenUnsure: whenUnsure ?? self.whenUnsure, roiMaxError: roiMaxError)
    }
}
