internal import Faults
internal import Foundation

/// The side-car of a model: how its input is made and what its output means. The rules are in training/README.md, "Side-car".
package struct ModelDescription: Sendable, Equatable {
    /// Which way slices are cut.
    package enum Axis: String, Sendable, Codable {
        case axial, coronal, sagittal
    }
    /// From the network's numbers to probabilities.
    package enum Activation: String, Sendable, Codable {
        /// Logits of each class by itself; the greatest counts.
        case sigmoid
        /// Logits over all classes, the first of which is background.
        case softmax
        /// Probabilities already.
        case none
    }
    /// Rule by which voxels become pixels.
    package enum Sampling: Sendable, Equatable {
        /// Means over blocks of about so many millimetres along every axis.
        case blocks(millimetres: Double)
        /// Every slice resized to rows x columns, bilinearly.
        case resized(rows: Int, columns: Int)
    }

    /// Name that the model gives itself.
    package let name: String
    /// SHA-256 of the model in hexadecimal; nil when the side-car does not say.
    package let digest: String?
    package let axis: Axis
    /// Name of the input tensor.
    package let input: String
    /// Modalities, 1 to 4, in the order of the input's channels.
    package let channels: [String]
    /// Neighbouring slices of each modality, odd.
    package let slices: Int
    package let sampling: Sampling
    /// Rows and columns are padded to multiples of this.
    package let multiple: Int
    /// Name of the output tensor.
    package let output: String
    package let activation: Activation
    /// Classes that the output's channels stand for.
    package let classes: [String]
    /// True when the volume is cut to the box of its body first.
    package let crops: Bool
    /// Percentiles of the body's values that the rest is clipped to.
    package let clipPercentiles: ClosedRange<Double>
    /// True when the mean is subtracted and the result divided by the deviation.
    package let standardises: Bool
    /// The value of what lies outside the body.
    package let outside: Float
    /// Probabilities above it are of interest.
    package let threshold: Float
    /// 6, 18 or 26.
    package let connectivity: Int
    /// Parts smaller than this share of the largest are dropped.
    package let keepFraction: Double
    /// Parts smaller than this are dropped, in millilitres.
    package let minimumMillilitres: Double
    /// Below this mean probability the segmenter is unsure.
    package let unsureBelow: Double
    /// When more than this share of the body is found it is unsure too.
    package let unsureAboveBodyFraction: Double
    /// And where more than this share of what is found has a counterpart on the other side; 1 allows any.
    package let unsureAboveSymmetry: Double
    /// A model that finds the brain first; nil where scans have to come without skull.
    package let brain: Brain?

    /// The model that finds the brain, and what is made of it.
    package struct Brain: Sendable, Equatable {
        /// The file's name, in the same folder.
        package let file: String
        /// SHA-256 of that model in hexadecimal.
        package let digest: String
        /// The share of the body from which on, if it is brain, the scan has no skull.
        package let keepBodyAbove: Double
        /// Layers of blocks taken off before the largest part is chosen.
        package let peel: Int
        /// The volume that a brain has.
        package let litres: ClosedRange<Double>
    }

    /// The most a side-car may have, in bytes.
    static let byteLimit = 1 << 20

    /// Reads a side-car.
    /// - Throws: `SegmentationError.Code.invalidModel` naming the field that is missing or out of range.
    package init(json: [UInt8], path: String) throws(SegmentationError) {
        let record: SideCar
        do {
            record = try JSONDecoder().decode(SideCar.self, from: Data(json))
        } catch let error as DecodingError {
            throw SegmentationError(.invalidModel, "\(path): \(Self.text(error))")
        } catch {
            throw SegmentationError(.invalidModel, "\(path) is no JSON")
        }
        try Self.check(record, path)
        sampling = try Self.sampling(record.input, path)
        let clip = record.normalisation.clip_percentiles
        name = record.name
        digest = record.sha256
        axis = record.axis
        input = record.input.tensor
        channels = record.input.channels.map { $0.lowercased() }
        slices = record.input.slices
        multiple = record.input.multiple_of
        output = record.output.tensor
        activation = record.output.activation
        classes = record.output.classes
        crops = record.content.crop
        clipPercentiles = clip[0]...clip[1]
        standardises = record.normalisation.zscore
        outside = record.normalisation.outside
        threshold = record.threshold
        connectivity = record.post.connectivity
        keepFraction = record.post.keep_fraction
        minimumMillilitres = record.post.minimum_millilitres
        unsureBelow = record.post.unsure_below
        unsureAboveBodyFraction = record.post.unsure_above_brain_fraction
        unsureAboveSymmetry = record.post.unsure_above_symmetry ?? 1
        brain = record.brain.map {
            Brain(
                file: $0.file, digest: $0.sha256, keepBodyAbove: $0.keep_body_above, peel: $0.peel,
                litres: $0.litres[0]...$0.litres[1])
        }
    }

    /// Tells whether another model reads scans in the very same way, so that they need be prepared only once.
    func readsScans(as other: ModelDescription) -> Bool {
        axis == other.axis && channels == other.channels && slices == other.slices && sampling == other.sampling
            && multiple == other.multiple && crops == other.crops && clipPercentiles == other.clipPercentiles
            && standardises == other.standardises && outside == other.outside
    }

    /// - Throws: `SegmentationError.Code.invalidModel`, naming the field.
    private static func require(_ condition: Bool, _ path: String, _ field: String, _ rule: String) throws(SegmentationError) {
        guard condition else { throw SegmentationError(.invalidModel, "\(path): \(field) must be \(rule)") }
    }

    private static func check(_ record: SideCar, _ path: String) throws(SegmentationError) {
        func require(_ condition: Bool, _ field: String, _ rule: String) throws(SegmentationError) {
            try Self.require(condition, path, field, rule)
        }
        func share(_ value: Double, _ field: String) throws(SegmentationError) {
            try require((0...1).contains(value), field, "0 to 1")
        }
        try require(record.format == 1, "format", "1, the one that this program reads")
        try require((1...4).contains(record.input.channels.count), "input.channels", "1 to 4 modalities")
        try require(Set(record.input.channels).count == record.input.channels.count, "input.channels", "modalities that differ")
        try require((1...15).contains(record.input.slices) && record.input.slices % 2 == 1, "input.slices", "odd, 1 to 15")
        try require((1...64).contains(record.input.multiple_of), "input.multiple_of", "1 to 64")
        try require((1...16).contains(record.output.classes.count), "output.classes", "1 to 16 names")
        try require(
            record.output.activation != .softmax || record.output.classes.count > 1, "output.classes", "more than one for softmax")
        let clip = record.normalisation.clip_percentiles
        try require(
            clip.count == 2 && clip[0] >= 0 && clip[0] < clip[1] && clip[1] <= 100, "normalisation.clip_percentiles",
            "0 <= a < b <= 100")
        try require(record.content.fill == "border_mode", "content.fill", "'border_mode'")
        try require(record.normalisation.outside.isFinite, "normalisation.outside", "finite")
        try require(record.threshold > 0 && record.threshold < 1, "threshold", "between 0 and 1")
        try require([6, 18, 26].contains(record.post.connectivity), "post.connectivity", "6, 18 or 26")
        try share(record.post.keep_fraction, "post.keep_fraction")
        try require((0...10_000).contains(record.post.minimum_millilitres), "post.minimum_millilitres", "0 to 10000")
        try share(record.post.unsure_below, "post.unsure_below")
        try share(record.post.unsure_above_brain_fraction, "post.unsure_above_brain_fraction")
        try share(record.post.unsure_above_symmetry ?? 1, "post.unsure_above_symmetry")
        guard let brain = record.brain else { return }
        try require(
            !brain.file.isEmpty && !brain.file.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "/") }), "brain.file", "a name")
        try share(brain.keep_body_above, "brain.keep_body_above")
        try require((0...16).contains(brain.peel), "brain.peel", "0 to 16")
        try require(
            brain.litres.count == 2 && brain.litres[0] >= 0 && brain.litres[0] <= brain.litres[1], "brain.litres", "0 <= a <= b")
        try require(record.input.resize == nil, "brain", "with blocks: a resized slice has none")
    }

    private static func sampling(_ input: SideCar.Input, _ path: String) throws(SegmentationError) -> Sampling {
        switch (input.pixel_millimetres, input.resize) {
        case (let millimetres?, nil):
            try require((0.1...100).contains(millimetres), path, "input.pixel_millimetres", "0.1 to 100")
            try require(input.pool ?? "mean" == "mean", path, "input.pool", "'mean'")
            return .blocks(millimetres: millimetres)
        case (nil, let size?):
            try require(
                size.count == 2 && size.allSatisfy { (8...1024).contains($0) }, path, "input.resize", "rows and columns, 8 to 1024")
            return .resized(rows: size[0], columns: size[1])
        default:
            throw SegmentationError(.invalidModel, "\(path): input must have either pixel_millimetres or resize")
        }
    }

    private static func text(_ error: DecodingError) -> String {
        func place(_ context: DecodingError.Context, _ key: (any CodingKey)? = nil) -> String {
            (context.codingPath + (key.map { [$0] } ?? [])).map(\.stringValue).joined(separator: ".")
        }
        return switch error {
        case .keyNotFound(let key, let context): "\(place(context, key)) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context): "\(place(context)) is of the wrong type"
        case .dataCorrupted(let context) where !context.codingPath.isEmpty: "\(place(context)) has a value that is not known"
        default: "no JSON"
        }
    }
}

/// The side-car as it stands in the file.
private struct SideCar: Decodable {
    struct Input: Decodable {
        let tensor: String
        let channels: [String]
        let slices: Int
        let pixel_millimetres: Double?
        let pool: String?
        let resize: [Int]?
        let multiple_of: Int
    }
    struct Output: Decodable {
        let tensor: String
        let activation: ModelDescription.Activation
        let classes: [String]
    }
    struct Content: Decodable {
        let fill: String
        let crop: Bool
    }
    struct Normalisation: Decodable {
        let clip_percentiles: [Double]
        let zscore: Bool
        let outside: Float
    }
    struct Post: Decodable {
        let connectivity: Int
        let keep_fraction: Double
        let minimum_millilitres: Double
        let unsure_below: Double
        let unsure_above_brain_fraction: Double
        let unsure_above_symmetry: Double?
    }
    struct Brain: Decodable {
        let file: String
        let sha256: String
        let keep_body_above: Double
        let peel: Int
        let litres: [Double]
    }
    let format: Int
    let name: String
    let sha256: String?
    let axis: ModelDescription.Axis
    let input: Input
    let output: Output
    let content: Content
    let normalisation: Normalisation
    let threshold: Float
    let post: Post
    let brain: Brain?
}
