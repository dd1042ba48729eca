internal import Faults
package import HEVCDecoding
/// Parameters by which a layer is coded as HEVC.
package struct HEVCParameters: Sendable, Equatable {
    /// Bits a sample: 8, 10 or 12. libde265 1.0.11 is wrong above 12.
    package let bitDepth: Int
    /// Constant rate factor, 0 to 51, relative to the sample range.
    package let crf: Double
    /// x265's preset, `ultrafast` to `placebo`.
    package let preset: String
    /// x265 options by their command-line names, applied after the preset, in order.
    package let options: [Option]

    /// One x265 option.
    package struct Option: Sendable, Equatable {
        /// Its command-line name.
        package let name: String
        /// Its value as text.
        package let value: String
        /// Makes an option.
        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Options that the coder sets itself: geometry, framing, threads, and those on which x265 3.5 and libde265 1.0.11 disagree.
    static let reservedOptions: Set<String> = [
        "input-res", "fps", "input-csp", "input-depth", "output-depth", "crf", "qp", "bitrate", "lossless", "annexb",
        "repeat-headers",
        "info", "aud", "weightp", "weightb", "pools", "frame-threads", "open-gop", "keyint", "total-frames", "frames", "interlace",
        "log-level", "preset", "tune", "profile", "csv", "analysis-save", "analysis-load", "analysis-reuse-file", "stats", "pass",
    ]

    /// Makes parameters.
    /// - Throws: `HEVCError.Code.invalidParameters` when a value is out of range or an option is one the coder sets itself.
    package init(bitDepth: Int = 12, crf: Double, preset: String, options: [Option] = []) throws(HEVCError) {
        guard [8, 10, 12].contains(bitDepth) else {
            throw HEVCError(.invalidParameters, "bit depth \(bitDepth) is not 8, 10 or 12")
        }
        guard crf.isFinite, (0...51).contains(crf) else { throw HEVCError(.invalidParameters, "CRF \(crf) is not in 0...51") }
        if let taken = options.first(where: { Self.reservedOptions.contains($0.name) }) {
            throw HEVCError(.invalidParameters, "x265 option '\(taken.name)' is set by the coder itself")
        }
        self.bitDepth = bitDepth
        self.crf = crf
        self.preset = preset
        self.options = options
    }
}
