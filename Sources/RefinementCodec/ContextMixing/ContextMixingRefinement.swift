/// Exact codes from a decoded base by a model of the volume in three dimensions: prediction that learns, contexts, logistic mixing and binary
/// range coding, all in whole numbers.
public struct ContextMixingRefinement: RefinementCoder {
    public let identifier: UInt8 = 2

    /// Makes the coder.
    public init() {}

    /// Bytes of the check at a chunk's start.
    private static let checkByteCount = 4

    public func encode(_ exact: [UInt16], given context: RefinementContext) throws(RefinementError) -> [UInt8] {
        guard exact.count == context.voxelCount else {
            throw RefinementError(.invalidInput, "\(exact.count) codes for a chunk of \(context.voxelCount) voxels")
        }
        guard zip(exact, context.known).allSatisfy({ $1 != 0 || $0 <= context.greatestCode }) else {
            throw RefinementError(.invalidInput, "a code above \(context.greatestCode)")
        }
        let coding = ResidualCoding(context)
        defer { coding.deallocate() }
        var coder = BinaryEncoder(capacity: context.voxelCount / 2)
        exact.withUnsafeBufferPointer { coding.run(&coder, exact: $0.baseAddress, output: nil) }
        let check = Self.check(exact, context.known)
        return withUnsafeBytes(of: check.bigEndian) { Array($0) } + coder.finish()
    }

    public func decode(_ chunk: [UInt8], given context: RefinementContext) throws(RefinementError) -> [UInt16] {
        guard chunk.count > Self.checkByteCount else { throw RefinementError(.corruptChunk, "a refinement chunk that is cut off") }
        let coding = ResidualCoding(context)
        defer { coding.deallocate() }
        var exact = [UInt16](repeating: 0, count: context.voxelCount)
        chunk.withUnsafeBufferPointer { bytes in
            var coder = BinaryDecoder(bytes, from: Self.checkByteCount)
            exact.withUnsafeMutableBufferPointer { coding.run(&coder, exact: nil, output: $0.baseAddress) }
        }
        let check = chunk.prefix(Self.checkByteCount).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard check == Self.check(exact, context.known) else {
            throw RefinementError(.corruptChunk, "a refinement chunk that does not decode to what was coded")
        }
        return exact
    }

    /// FNV-1a over the codes that were coded, so that a damaged chunk is noticed.
    private static func check(_ exact: [UInt16], _ known: [UInt8]) -> UInt32 {
        var hash: UInt32 = 2_166_136_261
        for index in exact.indices where known[index] == 0 {
            hash = (hash ^ UInt32(exact[index])) &* 16_777_619
        }
        return hash
    }
}
