import RefinementCodec

/// Codes one voxel of each chunk wrongly.
struct ErringCoder: RefinementCoder {
    let coder: any RefinementCoder
    var identifier: UInt8 { coder.identifier }
    var usesBase: Bool { coder.usesBase }

    func encode(_ exact: [UInt16], given context: RefinementContext) throws(RefinementError) -> [UInt8] {
        var wrong = exact
        if let index = context.known.firstIndex(of: RefinementContext.takesPart) {
            wrong[index] = wrong[index] == 0 ? min(1, context.greatestCode) : wrong[index] - 1
        }
        return try coder.encode(wrong, given: context)
    }

    func decode(_ chunk: [UInt8], given context: RefinementContext) throws(RefinementError) -> [UInt16] {
        try coder.decode(chunk, given: context)
    }
}
