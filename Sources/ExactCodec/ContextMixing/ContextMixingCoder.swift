/// Exact codes from a decoded base by a model of the volume in three dimensions: prediction that learns, contexts, logistic mixing and binary
/// range coding, all in whole numbers.
public struct ContextMixingCoder: ExactCoder {
    public let identifier: UInt8 = 2
    public let usesBase = true

    /// Makes the coder.
    public init() {}

    public func encode(_ exact: [UInt16], given context: ExactContext) throws(ExactCodecError) -> [UInt8] {
        try context.check(exact)
        let coding = ResidualCoding(context)
        defer { coding.deallocate() }
        var coder = BinaryEncoder(capacity: context.voxelCount / 2)
        exact.withUnsafeBufferPointer { coding.run(&coder, exact: $0.baseAddress, output: nil) }
        return CheckedStream.seal(coder.finish(), hash: CheckedStream.hash(exact, context))
    }

    public func decode(_ chunk: [UInt8], given context: ExactContext) throws(ExactCodecError) -> [UInt16] {
        let coding = ResidualCoding(context)
        defer { coding.deallocate() }
        var exact = [UInt16](repeating: 0, count: context.voxelCount)
        chunk.withUnsafeBufferPointer { bytes in
            var coder = BinaryDecoder(bytes, from: CheckedStream.byteCount)
            exact.withUnsafeMutableBufferPointer { coding.run(&coder, exact: nil, output: $0.baseAddress) }
        }
        try CheckedStream.verify(chunk, hash: CheckedStream.hash(exact, context))
        return exact
    }
}
