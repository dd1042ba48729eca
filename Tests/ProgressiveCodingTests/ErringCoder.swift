import ExactCodec

/// Codes one voxel of each chunk wrongly.
struct ErringCoder: ExactCoder {
    let coder: any ExactCoder
    var identifier: UInt8 { coder.identifier }
    var usesBase: Bool { coder.usesBase }

    func encode(_ exact: [UInt16], given context: ExactContext) throws(ExactCodecError) -> [UInt8] {
        var wrong = exact
        if let index = context.known.firstIndex(of: ExactContext.takesPart) {
            wrong[index] = wrong[index] == 0 ? min(1, context.greatestCode) : wrong[index] - 1
        }
        return try coder.encode(wrong, given: context)
    }

    func decode(_ chunk: [UInt8], given context: ExactContext) throws(ExactCodecError) -> [UInt16] {
        try coder.decode(chunk, given: context)
    }
}
