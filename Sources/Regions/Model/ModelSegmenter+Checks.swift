/// Numbers on the way from scans to a finding, for checks against where the model was trained.
extension ModelSegmenter {
    /// Returns the network's input for every slice, in the order of the model's slices.
    package func networkInput(_ scans: [Scan]) throws -> (values: [Float], shape: [Int]) {
        let prepared = try restricted(try prepare(scans))
        let size = try paddedSize(rows: prepared.grid.counts[1], columns: prepared.grid.counts[2])
        let slices = Array(0..<prepared.grid.counts[0])
        return (
            tensor(of: prepared, slices: slices, size: size),
            [slices.count, scans.count * description.slices, size.rows, size.columns]
        )
    }

    /// Returns the network's output for that input.
    package func networkOutput(_ scans: [Scan]) throws -> (values: [Float], shape: [Int]) {
        var (input, shape) = try networkInput(scans)
        let output = try run(&input, shape: shape)
        return (output, [shape[0], description.classes.count, shape[2], shape[3]])
    }

    /// Returns the blocks that are body, and those of them that the network is shown: 1 for each of slices x rows x columns. Everything
    /// that does not hold the fill value is body here, as where the model was trained.
    package func blocks(_ scans: [Scan]) throws -> (body: [UInt8], shown: [UInt8]) {
        let prepared = try prepare(scans) { (try Body(of: $0), nil) }
        return (prepared.isBody, try restricted(prepared).isBody)
    }
}
