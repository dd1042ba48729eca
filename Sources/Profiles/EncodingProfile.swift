package import StrictYAML
internal import HEVCCodec
package import ProgressiveCoding
internal import ExactCodec

/// Encoding profiles: `profiles/encoding/NAME.yaml`.
package enum EncodingProfile {
    /// Reads a profile by name or path, as it is for a link that nobody knows.
    /// - Throws: `ProfileError`, with file and line.
    package static func load(_ nameOrPath: String) throws(ProfileError) -> EncodingSettings {
        try policy(nameOrPath).settings(bitsPerSecond: nil)
    }

    /// Reads a profile by name or path.
    /// - Throws: `ProfileError`, with file and line.
    package static func policy(_ nameOrPath: String) throws(ProfileError) -> EncodingPolicy {
        let path = try ProfileFolder.encoding.path(nameOrPath)
        return try policy(ProfileNode.read(path), name: nameOrPath)
    }

    /// Reads a profile from text, as it is for a link that nobody knows.
    /// - Throws: `ProfileError`, with `file` and line.
    package static func parse(_ text: String, file: String) throws(ProfileError) -> EncodingSettings {
        try policy(ProfileNode.parse(text, file: file), name: file).settings(bitsPerSecond: nil)
    }

    private static func policy(_ root: ProfileNode, name: String) throws(ProfileError) -> EncodingPolicy {
        guard root.has("slow_link") || root.has("otherwise") else { return EncodingPolicy(try read(root, name: name)) }
        try root.allow("slow_link", "otherwise", "when_unsure")
        let slow = try root.node("slow_link")
        try slow.allow("up_to", "encoding", "previews")
        let other = try root.node("otherwise")
        try other.allow("encoding", "previews")
        let whenUnsure = try root.has("when_unsure") ? root.choice("when_unsure", EncodingSettings.WhenUnsure.self) : nil
        return EncodingPolicy(
            name: name, upTo: try slow.value("up_to", wants: Quantities.rateForm) { Quantities.rate($0) },
            slow: try settings(slow, whenUnsure), otherwise: try settings(other, whenUnsure))
    }

    /// The profile that another one names. One that leaves it to the link again would have no end, and is refused as one without layers.
    private static func settings(
        _ node: ProfileNode, _ whenUnsure: EncodingSettings.WhenUnsure?
    ) throws(ProfileError) -> EncodingSettings {
        let name = try node.text("encoding")
        let settings = try read(ProfileNode.read(ProfileFolder.encoding.path(name)), name: name)
        let previews = try node.has("previews") ? node.choice("previews", EncodingSettings.Previews.self) : nil
        return try node.wrap { try settings.with(previews: previews, whenUnsure: whenUnsure) }
    }

    private static func read(_ root: ProfileNode, name: String) throws(ProfileError) -> EncodingSettings {
        try root.allow(
            "bit_depth", "chunk_slices", "region_shape", "hole_fill", "background_crop", "samples", "exact", "previews",
            "when_unsure", "roi", "background")
        let bitDepth = try root.has("bit_depth") ? root.value("bit_depth", wants: "8, 10 or 12") { Int($0) } : 12
        let chunkSlices: Int? =
            try root.has("chunk_slices")
            ? root.value("chunk_slices", wants: "a number of slices, or 'whole'") {
                $0 == "whole" ? .some(nil) : Int($0).map { .some($0) }
            } : 32
        let roi = try layer(root.node("roi"), bitDepth, "max_error")
        let maxError =
            try root.node("roi").has("max_error")
            ? root.node("roi").value("max_error", wants: "a whole number of stored units, 0 for exact") { Int($0) } : nil
        let background = try layer(root.node("background"), bitDepth)
        let shape = try root.choice("region_shape", EncodingSettings.RegionShape.self, default: .box)
        let fill = try root.choice("hole_fill", EncodingSettings.HoleFill.self, default: .harmonic)
        let crop = try root.choice("background_crop", EncodingSettings.BackgroundCrop.self, default: .content)
        let spacing = try root.choice("samples", EncodingSettings.SampleSpacing.self, default: .knee)
        let exact = try root.choice("exact", ExactCoders.self, default: .contextMixing)
        let previews = try root.choice("previews", EncodingSettings.Previews.self, default: .always)
        let whenUnsure = try root.choice("when_unsure", EncodingSettings.WhenUnsure.self, default: .whole)
        return try root.wrap {
            try EncodingSettings(
                name: name, roi: roi, background: background, chunkSliceCount: chunkSlices, regionShape: shape, holeFill: fill,
                backgroundCrop: crop, sampleSpacing: spacing, exactCoder: exact, previews: previews,
                whenUnsure: whenUnsure, roiMaxError: maxError)
        }
    }

    private static func layer(_ node: ProfileNode, _ bitDepth: Int, _ more: String...) throws(ProfileError) -> HEVCParameters {
        try node.allow(["crf", "preset", "x265"] + more)
        let crf = try node.value("crf", wants: "a number from 0 to 51") { Double($0) }
        let preset = try node.text("preset")
        let options =
            try node.has("x265") ? node.node("x265").scalars().map { HEVCParameters.Option(name: $0.key, value: $0.value) } : []
        return try node.wrap { try HEVCParameters(bitDepth: bitDepth, crf: crf, preset: preset, options: options) }
    }
}
