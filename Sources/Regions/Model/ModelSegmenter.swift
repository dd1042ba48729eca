internal import Faults
internal import Files
internal import Bytes
internal import Foundation
internal import VolumeModel

/// A network in an .onnx file with its side-car: a 2-D or 2.5-D U-Net as training/ makes them, or a user's own.
///
/// U-Net after Ronneberger, Fischer and Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation" (2015).
package final class ModelSegmenter: Segmenter {
    /// Description of how the model is fed and read.
    package let description: ModelDescription
    private let session: OnnxSession
    private let path: String
    /// The model that finds the brain first, where the side-car names one.
    private let brain: BrainFinder?

    package var name: String { description.name }

    /// The most a model may have, in bytes.
    static let modelByteLimit = 1 << 30
    /// The most pixels a slice may have: beyond it a network's inner layers would take gigabytes.
    static let slicePixelLimit = 1 << 20
    /// The most pixels of all slices, of which each takes some 35 bytes of memory, and the most voxels of all scans: a box or a mask serves beyond.
    static let pixelLimit = 1 << 25
    static let voxelLimit = 1 << 27
    /// The most slices a network may insist on at a time.
    static let batchLimit = 256
    /// About so many pixels a run of the network: enough for two cores, little enough for their caches.
    private static let batchPixelCount = 1 << 16

    /// Reads a model and the side-car beside it, which is called as it is, with `.json` for `.onnx`.
    /// - Parameter threads: how many the network may use.
    /// - Throws: `SegmentationError`: `modelMissing`, or `invalidModel` when the two cannot be used or do not belong together.
    package init(path: String, runtime: OnnxRuntime, threads: Int = 2) throws(SegmentationError) {
        let model = try Self.read(path, limit: Self.modelByteLimit, missing: "no such model, or not readable")
        guard !model.isEmpty else { throw SegmentationError(.invalidModel, "\(path) is empty") }
        let sideCar = (path.lowercased().hasSuffix(".onnx") ? String(path.dropLast(5)) : path) + ".json"
        let json = try Self.read(
            sideCar, limit: ModelDescription.byteLimit,
            missing: "a model needs this side-car, which says how its input is made (see training/README.md)")
        let description = try ModelDescription(json: json, path: sideCar)
        self.description = description
        if let digest = description.digest {
            guard Digest(of: model).description == digest.lowercased() else {
                throw SegmentationError(.invalidModel, "\(path) is not the model that \(sideCar) speaks of: its SHA-256 differs")
            }
        }
        session = try OnnxSession(
            model, path: path, input: description.input, output: description.output, threads: threads, runtime: runtime)
        self.path = path
        brain = try description.brain.map { rule throws(SegmentationError) in
            let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().map { $0 + "/" }.joined()
            let model = try ModelSegmenter(path: folder + rule.file, runtime: runtime, threads: threads)
            return try BrainFinder(model, rule, for: description, path: path)
        }
        if let batch = session.inputShape[0], batch > Self.batchLimit {
            throw SegmentationError(.invalidModel, "\(path) takes \(batch) slices at a time; at most \(Self.batchLimit) are given")
        }
        let sides = (session.inputShape[2] ?? 1, session.inputShape[3] ?? 1)
        guard sides.0 <= Self.slicePixelLimit, sides.1 <= Self.slicePixelLimit, sides.0 * sides.1 <= Self.slicePixelLimit else {
            throw SegmentationError(.invalidModel, "\(path) takes slices of \(sides.0)x\(sides.1) pixels, which are too large")
        }
        if let channels = session.inputShape[1], channels != description.channels.count * description.slices {
            throw SegmentationError(
                .invalidModel,
                "\(path) takes \(channels) channels, where its side-car speaks of \(description.channels.count) modalities x \(description.slices) slices"
            )
        }
    }

    private static func read(_ path: String, limit: Int, missing: String) throws(SegmentationError) -> [UInt8] {
        do throws(FileError) {
            return try PlainFile(path).contents(limit: limit)
        } catch {
            switch error.code {
            case .tooLarge: throw SegmentationError(.invalidModel, "\(path) is larger than \(limit) bytes")
            case .notFound: throw SegmentationError(.modelMissing, "\(path): \(missing)")
            default: throw SegmentationError(.modelMissing, "\(path): \(error.message)")
            }
        }
    }

    /// Checks that files of these names serve as the model's channels.
    /// - Throws: `SegmentationError.Code.channelMissing`.
    package func check(names: [String]) throws(SegmentationError) {
        _ = try ChannelAssignment.assign(names, to: description.channels, model: name)
    }

    /// Finds what the model was trained to find.
    /// - Parameter scans: of one patient on one grid, in any order; files' names tell which modality each is.
    /// - Throws: `SegmentationError`: `channelMissing`, `shapesDiffer`, `tooLarge`, or what running the network throws.
    package func segment(_ scans: [Scan]) throws -> Finding {
        let (chosen, remark) = try ChannelAssignment.assign(scans.map(\.name), to: description.channels, model: name)
        let prepared = try restricted(try prepare(chosen.map { scans[$0] }))
        let probabilities = try self.probabilities(of: prepared)
        let post = Postprocessing(description: description, grid: prepared.grid, shape: prepared.shape)
        let grid = try Shape(columns: prepared.shape.columns, rows: prepared.shape.rows, slices: prepared.shape.slices)
        guard let kept = try post.keep(probabilities) else {
            return Finding(mask: try Mask(shape: grid, bits: PagedArray(zeros: grid.voxelCount)), verdict: .none, remark: remark)
        }
        let mask = try post.mask(kept)
        guard mask.boundingBox != nil else {
            return Finding(mask: mask, verdict: .none, certainty: kept.certainty, remark: remark)
        }
        let confident = post.verdict(kept, isBody: prepared.isBody)
        let verdict = prepared.doubt == nil ? confident : .unsure
        let block = prepared.grid.steps.map { Int($0.rounded(.up)) }.max() ?? 1
        return Finding(
            mask: mask, verdict: verdict, certainty: kept.certainty, blockVoxelCount: block > 1 ? block : 0,
            remark: prepared.doubt.map { [remark, $0].compactMap { $0 }.joined(separator: "; ") } ?? remark)
    }

    /// Scans on the model's grid.
    struct Prepared {
        let grid: PixelGrid
        let shape: Shape
        /// One a channel.
        let images: [PixelImage]
        /// 1 where any of them has body.
        let isBody: [UInt8]
        /// Why what counts as body may be something else, naming the scan.
        let doubt: String?
    }

    /// Leaves of scans what the brain's model calls brain, where there is such a model and they have more.
    func restricted(_ prepared: Prepared) throws -> Prepared {
        guard let brain else { return prepared }
        func with(_ images: [PixelImage], _ isBody: [UInt8], doubt: String?) -> Prepared {
            Prepared(grid: prepared.grid, shape: prepared.shape, images: images, isBody: isBody, doubt: doubt)
        }
        switch try brain.look(at: prepared) {
        case .stripped: return with(prepared.images, prepared.isBody, doubt: nil)
        case .none: return with(prepared.images, prepared.isBody, doubt: prepared.doubt ?? "no brain was found")
        case .brain(let isBrain):
            return with(prepared.images.map { $0.restricted(to: isBrain, description) }, isBrain, doubt: nil)
        }
    }

    /// Brings scans to the model's grid.
    /// - Parameter find: finds the body in a volume, and why what counts as body may be something else.
    func prepare(_ scans: [Scan], find: (Volume) throws -> (body: Body, doubt: String?) = Body.find) throws -> Prepared {
        let shape = scans[0].volume.shape
        for scan in scans {
            guard scan.volume.shape.box == shape.box else {
                throw SegmentationError(
                    .shapesDiffer,
                    "\(scan.name) is \(scan.volume.shape) and \(scans[0].name) \(shape): a model needs them on one grid")
            }
        }
        // The first against itself would tell nothing, and an affine that is not a number is its own place.
        for scan in scans.dropFirst() { try scan.requirePlace(of: scans[0]) }
        func tooLarge(_ what: String) -> SegmentationError {
            SegmentationError(.tooLarge, "\(what) too large for the model \(name)")
        }
        guard shape.sliceVoxelCount * shape.slices <= Self.voxelLimit / scans.count else {
            throw tooLarge("volumes of \(shape) are")
        }
        let found = try scans.map { try find($0.volume) }
        let bodies = found.map(\.body)
        let box = bodies.compactMap(\.box).reduce(nil as Box?) { $0?.union($1) ?? $1 }
        let grid = PixelGrid(
            AxisMap(of: scans[0].volume, axis: description.axis), body: box, shape: shape, description: description)
        guard grid.counts[0] <= Self.pixelLimit / max(1, grid.counts[1] * grid.counts[2]) else {
            throw tooLarge("\(grid.counts[0]) slices of \(grid.counts[1])x\(grid.counts[2]) pixels are")
        }
        let size = try paddedSize(rows: grid.counts[1], columns: grid.counts[2])
        guard size.rows * size.columns <= Self.slicePixelLimit else {
            throw tooLarge("slices of \(size.rows)x\(size.columns) pixels are")
        }
        let images = bodies.map { PixelImage($0, on: grid, shape: shape, description: description) }
        var isBody = images[0].isBody
        for image in images.dropFirst() {
            for index in isBody.indices { isBody[index] |= image.isBody[index] }
        }
        let doubt = zip(scans, found).lazy.compactMap { scan, found in found.doubt.map { "\(scan.name) has \($0)" } }.first
        return Prepared(grid: grid, shape: shape, images: images, isBody: isBody, doubt: doubt)
    }

    /// Rows and columns that the network is given: padded, or what it insists on.
    func paddedSize(rows: Int, columns: Int) throws(SegmentationError) -> (rows: Int, columns: Int) {
        func padded(_ count: Int) -> Int { (count + description.multiple - 1) / description.multiple * description.multiple }
        let size = (rows: session.inputShape[2] ?? padded(rows), columns: session.inputShape[3] ?? padded(columns))
        guard size.rows >= rows, size.columns >= columns else {
            throw SegmentationError(
                .tooLarge, "\(path) takes \(size.rows)x\(size.columns) pixels, and a slice has \(rows)x\(columns)")
        }
        return size
    }

    /// The probability of every pixel; 0 where there is no body, and in slices that were passed over.
    ///
    /// Every fourth slice (of blocks of 2 mm) is looked at first, then all next to one that holds anything; where none does, all are. So a lesion
    /// that lies between two slices looked at can be passed over, if there is a larger one elsewhere.
    func probabilities(of prepared: Prepared) throws(SegmentationError) -> [Float] {
        var probabilities = [Float](repeating: 0, count: prepared.grid.pixelCount)
        let count = prepared.grid.counts[0]
        let step = prepared.grid.firstStep
        guard step > 1 else {
            try evaluate(Array(0..<count), of: prepared, into: &probabilities)
            return probabilities
        }
        let first = Array(stride(from: 0, to: count, by: step))
        try evaluate(first, of: prepared, into: &probabilities)
        let area = prepared.grid.counts[1] * prepared.grid.counts[2]
        let level = description.threshold * Self.coarseShare
        let promising = first.filter { slice in
            probabilities[slice * area..<(slice + 1) * area].contains { $0 > level }
        }
        let wanted =
            promising.isEmpty
            ? Set(0..<count) : Set(promising.flatMap { max(0, $0 - step + 1)..<min(count, $0 + step) })
        try evaluate(wanted.subtracting(first).sorted(), of: prepared, into: &probabilities)
        return probabilities
    }

    /// Of the threshold: what makes a slice worth looking around.
    private static let coarseShare: Float = 0.4

    /// The network's input for some slices: slice x channel x row x column, where channel = modality * slices + neighbour. Slices
    /// beyond the ends, and what pads rows, columns and batches, hold the value of the outside.
    func tensor(of prepared: Prepared, slices: [Int], size: (rows: Int, columns: Int)) -> [Float] {
        let counts = prepared.grid.counts
        let reach = description.slices / 2
        let area = size.rows * size.columns
        var tensor = [Float](
            repeating: description.outside, count: slices.count * prepared.images.count * description.slices * area)
        tensor.withUnsafeMutableBufferPointer { tensor in
            var position = 0
            for slice in slices {
                for image in prepared.images {
                    for neighbour in slice - reach...slice + reach {
                        if neighbour >= 0, neighbour < counts[0] {
                            for row in 0..<counts[1] {
                                let source = (neighbour * counts[1] + row) * counts[2]
                                let target = position + row * size.columns
                                for column in 0..<counts[2] { tensor[target + column] = image.values[source + column] }
                            }
                        }
                        position += area
                    }
                }
            }
        }
        return tensor
    }

    func run(_ input: inout [Float], shape: [Int]) throws(SegmentationError) -> [Float] {
        try session.run(&input, shape: shape, classes: description.classes.count)
    }

    /// Runs the network on some slices.
    func evaluate(_ slices: [Int], of prepared: Prepared, into probabilities: inout [Float]) throws(SegmentationError) {
        let size = try paddedSize(rows: prepared.grid.counts[1], columns: prepared.grid.counts[2])
        let area = size.rows * size.columns
        let channels = prepared.images.count * description.slices
        let batchCount = session.inputShape[0] ?? max(1, Self.batchPixelCount / area)
        for first in stride(from: 0, to: slices.count, by: batchCount) {
            var batch = Array(slices[first..<min(first + batchCount, slices.count)])
            // A network that insists on its batch gets slices beyond the end, which are empty.
            if let fixed = session.inputShape[0], batch.count < fixed {
                batch += [Int](repeating: -1 - description.slices, count: fixed - batch.count)
            }
            var input = tensor(of: prepared, slices: batch, size: size)
            let output = try run(&input, shape: [batch.count, channels, size.rows, size.columns])
            let (rows, columns) = (prepared.grid.counts[1], prepared.grid.counts[2])
            if description.activation == .none, let strange = output.first(where: { $0 < -0.001 || $0 > 1.001 }) {
                throw SegmentationError(.invalidOutput, "\(path): its side-car speaks of probabilities, and \(strange) is none")
            }
            for (place, slice) in batch.enumerated() where slice >= 0 {
                for row in 0..<rows {
                    let source = place * description.classes.count * area + row * size.columns
                    let target = (slice * rows + row) * columns
                    for column in 0..<columns where prepared.isBody[target + column] != 0 {
                        probabilities[target + column] = probability(output, at: source + column, area: area)
                    }
                }
            }
        }
    }

    /// Returns what the classes' outputs at one pixel say together: the probability that it is any of them.
    private func probability(_ output: [Float], at index: Int, area: Int) -> Float {
        var greatest = output[index]
        for other in 1..<description.classes.count { greatest = max(greatest, output[index + other * area]) }
        switch description.activation {
        case .none: return greatest
        case .sigmoid: return Float(1 / (1 + exp(-Double(greatest))))
        case .softmax:
            var sum = 0.0
            for other in 0..<description.classes.count { sum += exp(Double(output[index + other * area] - greatest)) }
            return Float(1 - exp(Double(output[index] - greatest)) / sum)
        }
    }
}
