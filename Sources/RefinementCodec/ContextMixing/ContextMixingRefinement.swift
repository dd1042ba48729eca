/// Exact codes from a decoded base by a model of the volume in three dimensions: prediction that learns, contexts, logistic mixing and binary
/// range coding, all in whole numbers.
public struct ContextMixingRefinement: RefinementCoder {
    public let identifier: UInt8 = 2

    /// Makes the coder.
    public init() {}

    public func encode(_ exact: [UInt16], given context: RefinementContext) throws(RefinementError) -> [UInt8] {
        guard exact.count == context.voxelCount else {
            throw RefinementError(.invalidInput, "\(exact.count) codes for a chunk of \(context.voxelCount) voxels")
        }
        guard zip(exact, context.known).allSatisfy({ $1 != 0 || $0 <= context.greatestCode }) else {
            throw RefinementError(.invalidInput, "a code above \(context.greatestCode)")
        }
        let reach = Int(context.reach)
        guard exact.indices.allSatisfy({ context.known[$0] != 0 || abs(Int(exact[$0]) - Int(context.base[$0])) <= reach }) else {
            throw RefinementError(.invalidInput, "a code further than \(reach) from its base")
        }
        let coding = ResidualCoding(context)
        defer { coding.deallocate() }
        var coder = BinaryEncoder(capacity: context.voxelCount / 2)
        exact.withUnsafeBufferPointer { coding.run(&coder, exact: $0.baseAddress, output: nil) }
        return CheckedStream.seal(coder.finish(), hash: Self.hash(exact, context))
    }

    public func decode(_ chunk: [UInt8], given context: RefinementContext) throws(RefinementError) -> [UInt16] {
        let coding = ResidualCoding(context)
        defer { coding.deallocate() }
        var exact = [UInt16](repeating: 0, count: context.voxelCount)
        chunk.withUnsafeBufferPointer { bytes in
            var coder = BinaryDecoder(bytes, from: CheckedStream.byteCount)
            exact.withUnsafeMutableBufferPointer { coding.run(&coder, exact: nil, output: $0.baseAddress) }
        }
        try CheckedStream.verify(chunk, hash: Self.hash(exact, context))
        return exact
    }

    private static func hash(_ exact: [UInt16], _ context: RefinementContext) -> UInt32 {
        var hash = CheckedStream.start(sides: [context.columns, context.rows, context.slices, Int(context.greatestCode)])
        for index in exact.indices where context.known[index] == 0 { hash = CheckedStream.step(hash, UInt32(exact[index])) }
        return hash
    }
}
