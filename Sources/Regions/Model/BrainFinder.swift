internal import Faults
internal import VolumeModel

/// Finds the brain in a head, so that a model of brains sees nothing else. The rules are in training/README.md, "A brain model first".
struct BrainFinder {
    /// The content of a scan.
    enum Content: Equatable {
        /// Brain, and hardly anything else.
        case stripped
        /// 1 on the grid where there is brain.
        case brain([UInt8])
        /// Something else.
        case none
    }

    private let model: ModelSegmenter
    private let rule: ModelDescription.Brain

    /// Takes the brain's model.
    /// - Throws: `SegmentationError.Code.invalidModel` where it is another than the side-car speaks of, or reads scans in another way.
    init(_ model: ModelSegmenter, _ rule: ModelDescription.Brain, for description: ModelDescription, path: String)
        throws(SegmentationError)
    {
        let other = model.description
        guard other.digest?.lowercased() == rule.digest.lowercased() else {
            throw SegmentationError(
                .invalidModel, "\(rule.file) is not the model that finds the brain for \(path): its SHA-256 differs")
        }
        guard other.brain == nil, other.readsScans(as: description) else {
            throw SegmentationError(
                .invalidModel, "\(rule.file) does not read scans as \(path) does, and cannot find the brain for it")
        }
        self.model = model
        self.rule = rule
    }

    /// Looks at scans.
    /// - Throws: what running the network throws; `VolumeError.Code.noRoom`.
    func look(at prepared: ModelSegmenter.Prepared) throws -> Content {
        let (slices, area) = (prepared.grid.counts[0], prepared.grid.counts[1] * prepared.grid.counts[2])
        var probabilities = [Float](repeating: 0, count: prepared.grid.pixelCount)
        func isBrain(_ index: Int) -> Bool { prepared.isBody[index] != 0 && probabilities[index] > model.description.threshold }
        func isStripped(_ brain: Int, of body: Int) -> Bool { Double(brain) >= rule.keepBodyAbove * Double(body) }

        let first = Array(stride(from: 0, to: slices, by: prepared.grid.firstStep))
        try model.evaluate(first, of: prepared, into: &probabilities)
        var (bodyCount, brainCount) = (0, 0)
        for slice in first {
            for index in slice * area..<(slice + 1) * area where prepared.isBody[index] != 0 {
                bodyCount += 1
                brainCount += isBrain(index) ? 1 : 0
            }
        }
        if isStripped(brainCount, of: bodyCount) { return .stripped }
        try model.evaluate((0..<slices).filter { $0 % prepared.grid.firstStep != 0 }, of: prepared, into: &probabilities)
        let brain = try core(of: prepared.isBody.indices.map { isBrain($0) ? 1 : 0 }, prepared)
        brainCount = brain.reduce(0) { $0 + Int($1) }
        if isStripped(brainCount, of: prepared.isBody.reduce(0) { $0 + Int($1) }) { return .stripped }
        let litres = Double(brainCount) * prepared.grid.millilitres / 1000
        return rule.litres.contains(litres) ? .brain(brain) : .none
    }

    /// The largest part, without what hangs on it by a thread, and without holes.
    private func core(of marks: [UInt8], _ prepared: ModelSegmenter.Prepared) throws(VolumeError) -> [UInt8] {
        let shape = try Shape(
            columns: prepared.grid.counts[2], rows: prepared.grid.counts[1], slices: prepared.grid.counts[0])
        var peeled = marks
        for _ in 0..<rule.peel { peeled = Self.changed(peeled, shape) { here, around in here & around.min } }
        var grown = try Self.largestPart(of: peeled, shape)
        for _ in 0..<rule.peel { grown = Self.changed(grown, shape) { here, around in here | around.max } }
        let filled = try Self.filled(Self.largestPart(of: zip(grown, marks).map { $0 & $1 }, shape), shape)
        return zip(filled, prepared.isBody).map { $0 & $1 }
    }

    /// Gives every pixel what follows from it and from its four neighbours in the slice; beyond the grid is nothing.
    private static func changed(
        _ marks: [UInt8], _ shape: Shape, _ change: (UInt8, (min: UInt8, max: UInt8)) -> UInt8
    ) -> [UInt8] {
        marks.indices.map { index in
            let (column, row) = (index % shape.columns, index / shape.columns % shape.rows)
            let west = column > 0 ? marks[index - 1] : 0
            let east = column + 1 < shape.columns ? marks[index + 1] : 0
            let north = row > 0 ? marks[index - shape.columns] : 0
            let south = row + 1 < shape.rows ? marks[index + shape.columns] : 0
            return change(marks[index], (west & east & north & south, west | east | north | south))
        }
    }

    private static func largestPart(of marks: [UInt8], _ shape: Shape) throws(VolumeError) -> [UInt8] {
        let parts = ConnectedComponents.find(in: try Mask(shape: shape, bits: marks), connectivity: 6)
        guard let largest = parts.components.max(by: { $0.voxelCount < $1.voxelCount }) else { return marks }
        return Array(try parts.bits(of: [largest]))
    }

    /// Fills what no path through faces joins to the grid's edge.
    private static func filled(_ marks: [UInt8], _ shape: Shape) throws(VolumeError) -> [UInt8] {
        let rest = ConnectedComponents.find(in: try Mask(shape: shape, bits: marks.map { 1 - $0 }), connectivity: 6)
        let holes = rest.components.filter { part in
            part.box.x.lowerBound > 0 && part.box.y.lowerBound > 0 && part.box.z.lowerBound > 0
                && part.box.x.upperBound < shape.columns && part.box.y.upperBound < shape.rows
                && part.box.z.upperBound < shape.slices
        }
        return zip(marks, try rest.bits(of: holes)).map { $0 | $1 }
    }
}
