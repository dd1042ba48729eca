package import EncodingInput
package import Sender
internal import ProgressiveCoding
internal import ExactCodec
internal import Terminal
internal import VolumeModel
internal import WireFormat

/// The choice of coding for the expected link, and its reason, for a person and for a program.
package struct CodingChoice {
    private let result: Preparation.Result
    private let expectation: LinkExpectation?

    package init(_ result: Preparation.Result, _ expectation: LinkExpectation?) {
        self.result = result
        self.expectation = expectation
    }

    private func plans(_ layer: Layer) -> Bool { result.encoder.manifest.plan.contains { $0.chunk.layer == layer } }

    /// True where previews are left out because the link makes them needless: a profile may want none, and some slices are too large for one.
    private var isForSpeed: Bool {
        result.settings.previews == .whereTheyPay && PreviewRule.holds(result.shape)
    }

    /// For a person.
    package var sentence: String {
        let previews =
            switch (plans(.roiBase), plans(.backgroundBase)) {
            case (true, true): "previews of the region of interest and the rest first"
            case (true, false): "a preview of the region of interest first"
            case (false, true): "a preview of the background"
            case (false, false): isForSpeed ? "no previews, since exact voxels are there as soon" : "no previews"
            }
        let link =
            switch (expectation, expectation?.source) {
            case (let expectation?, .given?): "for \(Text.rate(expectation.bitsPerSecond))"
            case (let expectation?, .session?): "for \(Text.rate(expectation.bitsPerSecond)), as the session was begun"
            case (let expectation?, _): "for \(Text.rate(expectation.bitsPerSecond)), as this link carried the last time"
            default: "for a link that nobody knows yet"
            }
        return "Coding by '\(result.settings.name)' \(link): \(previews)."
    }

    /// For a program.
    package var fields: [String: JSONValue] {
        [
            "profile": .text(result.settings.name), "coder": .text(result.settings.exactCoder.rawValue),
            "roi_preview": .flag(plans(.roiBase)), "background_preview": .flag(plans(.backgroundBase)),
            "expected_bps": .number(expectation?.bitsPerSecond), "expected_by": .text(expectation?.source.rawValue),
        ]
    }
}
