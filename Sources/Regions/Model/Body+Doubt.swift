internal import VolumeModel

extension Body {
    /// The body in a volume, and why what counts as body may be something else; nil where nothing speaks for it.
    ///
    /// A prepared brain stands before one value throughout. Where it does not seem to, the background is looked for as what is nearly one
    /// value, and taken as found where a body before it gives no cause for doubt.
    /// - Throws: `VolumeError.Code.noRoom`.
    static func find(_ volume: Volume) throws(VolumeError) -> (body: Body, doubt: String?) {
        let plain = try Body(of: volume)
        guard let doubt = plain.doubt(in: volume.shape) else { return (plain, nil) }
        guard let body = try beforeBackgrounds(of: volume), body.doubt(in: volume.shape) == nil else { return (plain, doubt) }
        return (body, nil)
    }

    /// Why what counts as body may be mostly something else; nil where it looks like a body before an empty background.
    ///
    /// A model that was trained on a brain before one value throughout takes noise, the ringing of a resampler or a head in air for
    /// brain, and is confident of what it finds there. Four signs, each far from what such brains show (TCGA-LGG and BraTS: at most 3
    /// faces touched, 56 % of the grid, 4 % hardly different from the fill, 9 % of one value):
    /// - body on more than an eighth of at least four of the grid's six faces;
    /// - body in more than 65 % of the grid: an ellipsoid in its box takes 52 %;
    /// - more than 15 % of the body within half a hundredth of its range of the fill;
    /// - more than 12 % of the body of one value: a second background.
    func doubt(in shape: Shape) -> String? {
        let touched = Self.faces(of: shape).count { face in
            Double(face.count { !values[$0].isNaN }) > Double(face.count) / 8
        }
        if touched >= 4 { return "no plain background: what is not fill reaches \(touched) of the volume's 6 faces" }
        let bodyCount = values.count { !$0.isNaN }
        let share = Double(bodyCount) / Double(max(1, values.count))
        if share > 0.65 { return "no plain background: what is not fill takes up \(Int((share * 100).rounded())) % of the volume" }
        let (faint, constant) = shares(bodyCount: bodyCount)
        if constant > 0.12 {
            return "no plain background: \(Int((constant * 100).rounded())) % of what is not fill has one value, too"
        }
        if faint > 0.15 {
            return "no plain background: \(Int((faint * 100).rounded())) % of what is not fill hardly differs from it"
        }
        return nil
    }

    /// The share of the body within half a hundredth of its 1st to 99th percentile's distance from the fill, and that of its most
    /// frequent value.
    private func shares(bodyCount: Int) -> (faint: Double, constant: Double) {
        // Some ten thousand voxels tell a share well enough; every n-th of them, so that the answer is the same each time.
        let step = max(1, bodyCount / 50_000)
        var sample: [Float] = []
        var position = 0
        for value in values where !value.isNaN {
            if position % step == 0 { sample.append(value) }
            position += 1
        }
        guard sample.count > 1 else { return (0, 0) }
        sample.sort()
        var (run, longest) = (1, 1)
        for index in 1..<sample.count {
            run = sample[index] == sample[index - 1] ? run + 1 : 1
            longest = max(longest, run)
        }
        let distances = sample.map { abs($0 - fill) }.sorted()
        let span = distances[Int(Double(distances.count - 1) * 0.99)]
        let count = Double(sample.count)
        return (Double(distances.count { $0 < 0.005 * span }) / count, Double(longest) / count)
    }

    /// The voxels of the six faces.
    private static func faces(of shape: Shape) -> [[Int]] {
        let (columns, rows, slices) = (shape.columns, shape.rows, shape.slices)
        func index(_ column: Int, _ row: Int, _ slice: Int) -> Int { (slice * rows + row) * columns + column }
        let z = [0, slices - 1].map { slice in (0..<columns * rows).map { slice * columns * rows + $0 } }
        let y = [0, rows - 1].map { row in (0..<slices).flatMap { slice in (0..<columns).map { index($0, row, slice) } } }
        let x = [0, columns - 1].map { column in (0..<slices).flatMap { slice in (0..<rows).map { index(column, $0, slice) } } }
        return x + y + z
    }
}
